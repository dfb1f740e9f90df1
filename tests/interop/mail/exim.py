"""Debian's Exim with a private configuration, beside the machine's own mail server, whose package it could not be installed with.

The package is fetched and unpacked into a folder. Exim wants its own user to be there: it runs in a mount namespace (bubblewrap) with a
passwd file that has him. Nothing of the machine is changed, and nothing is left running. Needs root, bubblewrap, libgnutls-dane0 and libidn12.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.interop.mail.programs import program, run, wait_for_port

_SETTINGS = """\
primary_hostname = mx.example.org
exim_path = {exim}
exim_user = mail
exim_group = mail
never_users =
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
pid_file_path = {folder}/pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
keep_environment =
tls_advertise_hosts =
trusted_users = mail
acl_smtp_rcpt = take
begin acl
take:
  accept
begin routers
{routers}
home:
  driver = manualroute
  domains = example.org
  transport = home
  route_list = * 127.0.0.1
  self = send
begin transports
{transports}
home:
  driver = smtp
  protocol = lmtp
  port = {lmtp_port}
  hosts_try_fastopen =
  allow_localhost
begin retry
* * F,2h,2s
"""


@dataclass(frozen=True, kw_only=True)
class Exim:
    """One Exim. Mail for example.org goes by LMTP to `lmtp_port`; everything else as its routers and transports say."""

    folder: Path
    port: int
    lmtp_port: int

    def set_up(self, routers: str, transports: str) -> None:
        """Unpack the program and write the configuration."""
        for part in ("spool", "package"):
            (self.folder / part).mkdir(parents=True)
        shutil.chown(self.folder, "mail", "mail")
        shutil.chown(self.folder / "spool", "mail", "mail")
        subprocess.run(
            [program("apt-get"), "-q", "download", "exim4-daemon-light"],
            cwd=self.folder / "package",
            check=True,
            capture_output=True,
            timeout=120,
        )
        (package,) = (self.folder / "package").glob("*.deb")
        run(program("dpkg"), "-x", str(package), str(self.folder / "package"))
        for name in ("passwd", "group"):
            known = Path("/etc", name).read_text()
            line = "Debian-exim:x:8:8::/nonexistent:/usr/sbin/nologin\n" if name == "passwd" else "Debian-exim:x:8:\n"
            (self.folder / name).write_text(known if "Debian-exim:" in known else known + line)
        (self.folder / "exim.conf").write_text(
            _SETTINGS.format(
                exim=self._program,
                folder=self.folder,
                port=self.port,
                lmtp_port=self.lmtp_port,
                routers=routers,
                transports=transports,
            )
        )

    @property
    def _program(self) -> Path:
        return self.folder / "package" / "usr" / "sbin" / "exim4"

    def command(self, *words: str) -> list[str]:
        """Return the command that runs Exim with these words: with an /etc in which its user and its configuration are."""
        inside = [program("bwrap"), "--die-with-parent", "--unshare-pid", "--dev-bind", "/", "/", "--tmpfs", "/etc"]
        for entry in Path("/etc").iterdir():
            if entry.is_symlink():
                inside += ["--symlink", str(entry.readlink()), str(entry)]
            elif entry.name not in {"passwd", "group", "exim4"}:
                inside += ["--ro-bind", str(entry), str(entry)]
        for name in ("passwd", "group"):
            inside += ["--ro-bind", str(self.folder / name), f"/etc/{name}"]
        inside += ["--dir", "/etc/exim4", "--ro-bind", str(self.folder / "exim.conf"), "/etc/exim4/exim4.conf"]
        return [*inside, str(self._program), *words]

    @contextmanager
    def running(self) -> Iterator["Exim"]:
        """Run it; its queue is looked at every two seconds."""
        assert os.geteuid() == 0, "Exim has to be started by root"
        server = subprocess.Popen(self.command("-bdf", "-q2s"))
        try:
            wait_for_port(self.port)
            yield self
        finally:
            server.terminate()
            server.wait()
