"""What this machine lacks for its configuration: the second half of `mailfax check`, after the file itself is found good."""

import os
import re
import shutil
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from ipaddress import ip_network

from fontTools.ttLib import TTFont, TTLibError

from mailfax.config import Config
from mailfax.daemon.build import (
    LINE_SETTINGS,
    SETTINGS,
    cover_policy,
    mailboxes,
    outgoing_settings,
    render_settings,
    smtp_settings,
    spool_settings,
)
from mailfax.render.confine import Layer
from mailfax.render.cover import CoverFacts, CoverFault, draw_cover
from mailfax.render.fontset import FONT_PACKAGES, SCRIPTS, can_draw, installed_fonts
from mailfax.render.office import PACKAGES, confinement, office_program
from mailfax.render.sandbox import Confinement
from mailfax.render.settings import RenderSettings
from mailfax.smtp.certificate import Certificate
from mailfax.smtp.ways import TlsMode
from mailfax.spool.database import database_fault
from mailfax.spool.disk import free_bytes

_UNSTEADY = re.compile(r"/dev/tty(USB|ACM)\d+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is missing. A fatal one keeps the server from doing its work."""

    fatal: bool
    text: str
    advice: str

    def __str__(self) -> str:
        """Return the finding as one line."""
        return f"{'error' if self.fatal else 'note'}: {self.text} {self.advice}"


def machine_findings(config: Config) -> Iterator[Finding]:
    """Make all settings as the server does; then look at devices, folders, fonts and free space. Change nothing."""
    unfit = list(_settings_findings(config))
    yield from unfit
    if unfit:
        return
    yield from _policy_findings(config)
    yield from _folder_findings(config)
    yield from _device_findings(config)
    yield from _renumbered(config)
    yield from _certificate_findings(config)
    yield from _smarthost_findings(config)
    yield from _mailbox_findings(config)
    yield from _database_findings(config)
    yield from _cover_findings(config)
    yield from _office_findings()
    yield from _font_findings(render_settings(config))


def _database_findings(config: Config) -> Iterator[Finding]:
    """Ask the shared database, if there is one, as the server would. Its tables are not made."""
    if (shared := spool_settings(config).shared) is not None and (fault := database_fault(shared)):
        text = f"spool.database: {fault}"
        yield Finding(fatal=True, text=text, advice="Correct it, or spool.password_file; the server may also be down.")


def confinement_finding(held: Confinement) -> Finding | None:
    """Return what to know of a machine whose kernel holds the renderer by less than it could."""
    lacking = [layer.value for layer in Layer if layer not in held.layers]
    if not lacking and not held.trespasses:
        return None
    text = f"rendering is not held back by {' and '.join(lacking) or 'this kernel'}"
    could = f"; a decoder that was taken over could {', '.join(held.trespasses)}" if held.trespasses else ""
    return Finding(
        fatal=False, text=f"{text}{could}.", advice="Use Linux 5.13 or later, and apt-get install libseccomp2"
    )


def _smarthost_findings(config: Config) -> Iterator[Finding]:
    """Look at the files that the way to the smarthost needs; whether it lets us in, `mailfax mail test` says."""
    smarthost = outgoing_settings(config).smarthost
    if smarthost is None:
        return
    password, given = smarthost.password_file, config.mail.password_credential
    if password is not None and not os.access(password, os.R_OK):
        if given is None:
            text, advice = f"mail.password_file: {password} cannot be read.", "Create it, readable by this user only."
        else:
            text = f"mail.password_credential: {password} cannot be read here."
            advice = f"Add  LoadCredential={given}:/etc/mailfax/{given}  to the service; outside of it only root sees the file."
        yield Finding(fatal=given is None, text=text, advice=advice)
    if smarthost.ca_file is not None:
        try:
            ssl.create_default_context(cafile=str(smarthost.ca_file))
        except OSError as error:
            text = f"mail.ca_file: {smarthost.ca_file} cannot be used: {error}."
            yield Finding(fatal=True, text=text, advice="Name a file of certificates in PEM form.")
    if smarthost.tls is not TlsMode.NONE and not smarthost.verify:
        text = "mail.verify: mail, and the password, are given to whoever answers in the place of the smarthost."
        yield Finding(
            fatal=False, text=text, advice="Name the certificate as  ca_file , and leave  verify = false  out."
        )


def _certificate_findings(config: Config) -> Iterator[Finding]:
    tls = smtp_settings(config).tls
    if tls is None:
        return
    try:
        Certificate(tls.chain, tls.key)
    except OSError as error:
        text = f"smtp.certificate: {tls.chain} with the key {tls.key} cannot be used: {error}."
        yield Finding(fatal=True, text=text, advice="Name PEM files that belong together and that this user can read.")


def _mailbox_findings(config: Config) -> Iterator[Finding]:
    """Look for what fetching mails needs."""
    if config.imap and find_spec("aioimaplib") is None:
        text = "imap: aioimaplib is not installed, without which no mail can be fetched."
        yield Finding(fatal=True, text=text, advice="pip install 'mailfax[imap]'")
    for name, (account, _) in mailboxes(config).items():
        for path in (account.password_file, account.token_file):
            if path is not None and not os.access(path, os.R_OK):
                text = f"imap.{name}: {path} cannot be read."
                yield Finding(fatal=True, text=text, advice="Create it, readable by this user only.")
        if account.token_command and shutil.which(account.token_command[0]) is None:
            text = f"imap.{name}.token_command: there is no program {account.token_command[0]}."
            yield Finding(fatal=True, text=text, advice="Write its whole path.")


def _cover_findings(config: Config) -> Iterator[Finding]:
    """Draw every cover once."""
    covers, settings = cover_policy(config).covers, render_settings(config)
    for name in sorted(covers.templates):
        facts = CoverFacts(
            template=name,
            to="5551234",
            from_name="mailfax",
            date="2000-01-01 12:00",
            trace_id="M0",
            subject="Test",
            contact="x@y.example",
        )
        try:
            draw_cover(facts, covers, settings, body_pages=1)
        except CoverFault as fault:
            yield Finding(
                fatal=False,
                text=str(fault),
                advice=f"Correct {name}.html in cover.folder; templates that others extend need it too.",
            )


def _font_findings(settings: RenderSettings) -> Iterator[Finding]:
    """Look for a font for each script; text in one without a font is refused, or shows boxes."""
    for path in settings.fonts:
        try:
            TTFont(path, lazy=True, fontNumber=0).close()
        except (OSError, TTLibError):
            text = f"render.fonts: {path} is no font that can be read, so every mail with text would be refused."
            yield Finding(fatal=True, text=text, advice="Name a TrueType or OpenType file, or leave it out.")
            return
    if not installed_fonts():
        text = "no font is installed; text outside of Latin letters cannot be faxed."
        yield Finding(fatal=False, text=text, advice=f"apt-get install {' '.join(FONT_PACKAGES)}")
        return
    lacking: dict[str, list[str]] = {}
    for script, letter, package in SCRIPTS:
        if not can_draw(letter, settings):
            lacking.setdefault(package, []).append(script)
    for package, scripts in lacking.items():
        text = f"no font has {', '.join(scripts)} letters; text in them cannot be faxed."
        yield Finding(fatal=False, text=text, advice=f"apt-get install {package}")


def _office_findings() -> Iterator[Finding]:
    """Office documents are refused, by name, where LibreOffice or its sandbox is missing."""
    if office_program() is None:
        text = "LibreOffice is not installed; mails with office documents will be refused."
        yield Finding(fatal=False, text=text, advice=f"apt-get install {PACKAGES}")
    elif not confinement():
        text = "LibreOffice cannot be kept in a sandbox here; mails with office documents will be refused."
        yield Finding(fatal=False, text=text, advice="apt-get install bubblewrap, and allow user namespaces.")
    elif confinement() != "bwrap":
        text = "LibreOffice runs without network, but can read what this user can."
        yield Finding(fatal=False, text=text, advice="apt-get install bubblewrap")


def _settings_findings(config: Config) -> Iterator[Finding]:
    """Find what `config.sense` has overlooked and would stop the server or a line at its start."""
    calls: list[Callable[[], object]] = [partial(make, config) for make in SETTINGS]
    calls += [partial(make, config, name) for make in LINE_SETTINGS for name in config.lines]
    for call in calls:
        try:
            call()
        except ValueError as error:
            yield Finding(
                fatal=True, text=f"{error}", advice="Mend the file, and report that check did not name its line."
            )


def _policy_findings(config: Config) -> Iterator[Finding]:
    """Find what works and is perhaps not meant."""
    for network in config.smtp.allow_networks:
        if ip_network(network).prefixlen == 0:
            text = f"smtp.allow_networks: {network} is everybody, so everybody who reaches smtp.listen may send faxes."
            yield Finding(fatal=False, text=text, advice="Name your own networks only.")
    if not any(line.send for line in config.lines.values()):
        text = "lines: none of them sends, so faxes would wait for ever."
        yield Finding(fatal=False, text=text, advice="Give one line  send = true .")
    elif all(line.kind.startswith("class2") for line in config.lines.values() if line.send):
        text = "lines: all that send are of class 2, so faxes for a subaddress, and those to be fetched, would wait in vain."
        yield Finding(fatal=False, text=text, advice='Give one line  kind = "class1" , if its modem has that too.')


def _renumbered(config: Config) -> Iterator[Finding]:
    """Find modems that may change places: with two of them, a call would be taken for the number of the other line."""
    unsteady = [name for name, line in config.lines.items() if _UNSTEADY.fullmatch(line.device)]
    if len(unsteady) > 1:
        text = f"lines.{unsteady[0]}: {', '.join(config.lines[name].device for name in unsteady)} are numbered as they are found"
        advice = (
            "Name them by /dev/serial/by-id/ or by-path/, or the lines change places when they are plugged in anew."
        )
        yield Finding(fatal=False, text=f"{text}.", advice=advice)


def _device_findings(config: Config) -> Iterator[Finding]:
    """Look at modems. A missing one is a note: its line rests and comes back, and all else works meanwhile."""
    lines: dict[str, str] = {}
    for name, line in config.lines.items():
        if line.kind == "virtual" or not line.device.startswith("/"):
            continue
        if not os.access(line.device, os.R_OK | os.W_OK):
            text = f"lines.{name}: {line.device} is not there or may not be opened; the line rests until it is."
            yield Finding(fatal=False, text=text, advice="Plug the modem in, and add this user to the group dialout.")
        device = os.path.realpath(line.device)
        if (first := lines.setdefault(device, name)) != name:
            text = f"lines.{name}: {line.device} is {device}, which line {first} has already."
            yield Finding(fatal=True, text=text, advice="Every line needs a modem of its own.")


def _folder_findings(config: Config) -> Iterator[Finding]:
    settings = spool_settings(config)
    nearest = next(folder for folder in (settings.directory, *settings.directory.parents) if folder.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        text = f"data_dir: {settings.directory} cannot be written."
        yield Finding(fatal=True, text=text, advice="Create it, owned by the user that runs mailfax.")
    elif free_bytes(nearest) < settings.reserve_bytes:
        text = f"data_dir: less than {config.spool.reserve_mb} MB are free, so neither mail nor calls will be taken."
        yield Finding(fatal=True, text=text, advice="Free disk space, or lower spool.reserve_mb.")
