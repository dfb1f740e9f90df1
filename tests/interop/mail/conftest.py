"""Fixtures: a gateway alone with Maildirs, and a whole site with Postfix in front and behind, and Dovecot."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.mail.gateway import Gateway
from tests.interop.mail.programs import Dovecot, Postfix, free_port, running

# The README's lines, word for word but for the port.
IN_FRONT = """\
transport_maps = inline:{{ {{ fax.lan = smtp:[127.0.0.1]:{port} }} }}
virtual_alias_maps = inline:{{ {{ postmaster@fax.lan = faxmaster@example.org }} }}
"""
# A mailbox that this Postfix refuses for good.
NO_MAILBOX = "smtpd_recipient_restrictions = check_recipient_access inline:{ gone@example.org=REJECT }\n"


@dataclass(frozen=True, kw_only=True)
class Alone:
    """A gateway that delivers into Maildirs."""

    gateway: Gateway
    port: int


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site's mail: Postfix takes everybody's mail, gives the fax domain's to mailfax, and what mailfax sends to Dovecot."""

    gateway: Gateway
    postfix: Postfix
    dovecot: Dovecot


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """Make a folder with a short name that every user may pass: Unix sockets have at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="mx") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="session")
def alone(short_folder: Path) -> Iterator[Alone]:
    folder = short_folder / "alone"
    folder.mkdir()
    gateway = Gateway(folder=folder)
    gateway.set_up('maildir = "mailboxes"\n')
    with gateway.running() as watcher:
        yield Alone(gateway=gateway, port=int(watcher.smtp_address.rpartition(":")[2]))


@pytest.fixture(scope="session")
def dovecot(short_folder: Path) -> Iterator[Dovecot]:
    folder = short_folder / "dovecot"
    folder.mkdir()
    with Dovecot(
        folder=folder, imap_port=free_port(), lmtp_port=free_port(), auth_port=free_port()
    ).running() as server:
        yield server


def set_up_site(folder: Path, dovecot: Dovecot) -> Site:
    """Write the configurations of a Postfix and a gateway that give each other mail; neither runs yet."""
    fax_port = free_port()
    postfix = Postfix(folder=folder / "postfix", port=free_port(), lmtp_port=dovecot.lmtp_port)
    gateway = Gateway(folder=folder / "gateway")
    for part in (postfix.folder, gateway.folder):
        part.mkdir(parents=True)
    folder.chmod(0o755)
    postfix.set_up(NO_MAILBOX + IN_FRONT.format(port=fax_port))
    gateway.set_up(f'smarthost = "127.0.0.1:{postfix.port}"\ntls = "none"\n', port=fax_port)
    return Site(gateway=gateway, postfix=postfix, dovecot=dovecot)


@pytest.fixture(scope="session")
def site(short_folder: Path, dovecot: Dovecot) -> Iterator[Site]:
    """Run everything."""
    made = set_up_site(short_folder / "site", dovecot)
    with running(made.postfix), made.gateway.running():
        yield made


@pytest.fixture
def cut_off(short_folder: Path, dovecot: Dovecot) -> Site:
    """Set up a site of which only Dovecot runs."""
    return set_up_site(Path(tempfile.mkdtemp(prefix="cut", dir=short_folder)), dovecot)
