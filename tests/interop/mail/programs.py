"""Debian's Postfix and Dovecot, each with a private configuration in a folder of its own, on loopback ports of their own.

Needed: the packages postfix, dovecot-imapd and dovecot-lmtpd, and root (Postfix changes its user; so does Dovecot's LMTP).
Nothing of the machine's own mail system is read or changed, and nothing is left running.
"""

import imaplib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

PASSWORD = "secret"
START_LIMIT_S = 30.0
ARRIVAL_LIMIT_S = 90.0  # from a post to the report in the mailbox, on a machine that does other things too
LOOK_EVERY_S = 0.05

_POSTFIX_SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
tlsmgr    unix - - n 1000? 1 tlsmgr
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
lmtp      unix - - n - - lmtp
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""

_POSTFIX_SETTINGS = """\
compatibility_level = 3.6
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
myhostname = mail.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
alias_database =
virtual_mailbox_domains = example.org
virtual_transport = lmtp:[127.0.0.1]:{lmtp_port}
"""

_DOVECOT_SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}
log_path = {folder}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%u allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {auth_port}
  }}
}}
"""


def free_port() -> int:
    """Return a loopback port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def program(name: str) -> str:
    """Find a program of a Debian package."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert path is not None, f"install {name} (`make test` does it as root)"
    return path


def run(*command: str, stdin: str = "") -> str:
    """Run a command that must succeed, and return what it said."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def wait_for_port(port: int) -> None:
    """Return when a server listens; fail when none does in time."""
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, f"nobody listens on port {port}"
        time.sleep(LOOK_EVERY_S)


@dataclass(frozen=True, kw_only=True)
class Postfix:
    """One Postfix. Mail for example.org goes to `lmtp_port`; everything else as the lines of `extra` say."""

    folder: Path
    port: int
    lmtp_port: int

    @property
    def config(self) -> Path:
        """Return its configuration folder."""
        return self.folder / "etc"

    def set_up(self, extra: str, services: str = "") -> None:
        """Write the configuration: ours, then `extra` word for word, as somebody adds lines to a main.cf; `services` to master.cf."""
        assert os.geteuid() == 0, "Postfix has to be started by root"
        for name in ("etc", "queue", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        settings = _POSTFIX_SETTINGS.format(folder=self.folder, lmtp_port=self.lmtp_port)
        (self.config / "main.cf").write_text(settings + extra)
        (self.config / "master.cf").write_text(_POSTFIX_SERVICES.format(port=self.port) + services)

    def start(self) -> None:
        """Start it, and return when it takes mail."""
        run(program("postfix"), "-c", str(self.config), "start")
        wait_for_port(self.port)

    def stop(self) -> None:
        """Stop it, and return when it is gone."""
        run(program("postfix"), "-c", str(self.config), "stop")

    def sendmail(self) -> str:
        """Return the command with which local programs hand mail to this Postfix."""
        return f"{program('sendmail')} -C {self.config} -oem -oi"


@contextmanager
def running(postfix: Postfix) -> Iterator[Postfix]:
    """Run a Postfix that is set up."""
    postfix.start()
    try:
        yield postfix
    finally:
        postfix.stop()


@dataclass(frozen=True, kw_only=True)
class Dovecot:
    """One Dovecot: every user exists, all with the same password. `extra` is added to its configuration word for word."""

    folder: Path
    imap_port: int
    lmtp_port: int
    auth_port: int  # where a Postfix asks whether a login is right
    extra: str = ""

    @property
    def lmtp_socket(self) -> Path:
        """Return the socket at which it takes mail by LMTP, besides the port."""
        return self.folder / "run" / "lmtp"

    @contextmanager
    def running(self) -> Iterator["Dovecot"]:
        """Run it."""
        assert os.geteuid() == 0, "Dovecot delivers as the user mail, so it has to be started by root"
        (self.folder / "mail").mkdir(parents=True, exist_ok=True)
        shutil.chown(self.folder / "mail", "mail", "mail")
        settings = self.folder / "dovecot.conf"
        settings.write_text(
            _DOVECOT_SETTINGS.format(
                folder=self.folder,
                password=PASSWORD,
                imap_port=self.imap_port,
                lmtp_port=self.lmtp_port,
                auth_port=self.auth_port,
            )
            + self.extra
        )
        server = subprocess.Popen([program("dovecot"), "-F", "-c", str(settings)])
        try:
            wait_for_port(self.lmtp_port)
            wait_for_port(self.imap_port)
            wait_for_port(self.auth_port)
            yield self
        finally:
            server.terminate()
            server.wait()

    def mails(self, user: str) -> list[EmailMessage]:
        """Read a user's whole INBOX over IMAP, oldest first."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=20) as client:
            client.login(user, PASSWORD)
            client.select(readonly=True)
            _, (numbers,) = client.search(None, "ALL")
            if not numbers:
                return []
            _, found = client.fetch(numbers.decode().replace(" ", ","), "(BODY.PEEK[])")
        messages = [message_from_bytes(entry[1], policy=default) for entry in found if isinstance(entry, tuple)]
        return [message for message in messages if isinstance(message, EmailMessage)]

    def wait_for(self, user: str, count: int) -> list[EmailMessage]:
        """Return the INBOX when it has `count` mails or more; fail when it does not get them in time."""
        deadline = time.monotonic() + ARRIVAL_LIMIT_S
        while len(found := self.mails(user)) < count:
            assert time.monotonic() < deadline, f"{user} has {len(found)} mails and not {count}"
            time.sleep(LOOK_EVERY_S)
        return found
