"""What is well-formed in a configuration file and still cannot work, with line and advice. Asked by `config.parse`.

Whatever makes a settings factory of `daemon.build` raise is to be found here first, where its line is known.
"""

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from phonenumbers import SUPPORTED_REGIONS

from mailfax.config.check import Problem, line_of
from mailfax.config.endpoint import SMTP_PORT, parse_endpoint
from mailfax.config.schema import Config, Domain, Line, Mail, Smtp
from mailfax.modem.opening import AUTO
from mailfax.modem.profile import ProfileError, is_command, load_profiles
from mailfax.routing.rules import Rule, read_hours
from mailfax.routing.settings import E164Plan, PrivatePlan
from mailfax.smtp.envelope import is_mailbox
from mailfax.smtp.maildir import is_maildir_name

At = Callable[..., int]  # from a path of keys to its line
TONES = {"busy", "no-answer"}
_SUBADDRESS = re.compile(r"[0-9#*]{1,20}")
_DID_PATTERN = re.compile(r"\+?[0-9x]+\*?|\*")
_HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*"
)
_LINE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")  # it becomes a folder and the name of a process
_NUMBER = re.compile(r"\+?[0-9]{1,20}")
_DIAL_PREFIX = re.compile(r"[0-9*#,!WwTtPp@]*")  # what T.31 lets stand after ATD, but for the semicolon
_ASCII = re.compile(r"[ -~]*")


def sense_problems(config: Config, text: str) -> Iterator[Problem]:
    """Find everything that cannot work."""

    def at(*path: str) -> int:
        return line_of(text, path)

    for look in (
        _smtp,
        _domains,
        _permissions,
        _receive,
        _callers,
        _mail,
        _identity,
        _lines,
        _devices,
        _groups,
        _routes,
        _destinations,
    ):
        yield from look(config, at)


def profile_problems(config: Config, text: str) -> Iterator[Problem]:
    """Find modem profiles that cannot be read, and lines whose profile there is not. Paths of `config` are absolute by now."""
    try:
        known = load_profiles(config.modems.profiles)
    except (ProfileError, OSError, UnicodeDecodeError) as error:
        advice = "Mend that file; docs/modems.md says what stands in it."
        yield Problem(line=line_of(text, ("modems", "profiles")), text=f"modems.profiles: {error}", advice=advice)
        return
    for name, line in config.lines.items():
        if line.profile not in {AUTO, *known}:
            yield Problem(
                line=line_of(text, ("lines", name, "profile")),
                text=f"lines.{name}.profile: there is no profile {line.profile!r}.",
                advice=f"Write auto, or one of: {', '.join(known)}.",
            )


def _smtp(config: Config, at: At) -> Iterator[Problem]:
    smtp = config.smtp
    if not _HOSTNAME.fullmatch(smtp.hostname):
        yield Problem(
            line=at("smtp", "hostname"),
            text=f"smtp.hostname: {smtp.hostname!r} is no host name.",
            advice='Write for example "fax.example.org".',
        )
    yield from _addresses(smtp, at)
    if (smtp.certificate is None) != (smtp.key is None):
        there, lacking = ("certificate", "key") if smtp.key is None else ("key", "certificate")
        yield Problem(
            line=at("smtp", there),
            text=f"smtp.{there}: it is of no use without smtp.{lacking}.",
            advice='Write both, for example  certificate = "fullchain.pem"  and  key = "privkey.pem" .',
        )
    for name in ("submission", "submissions"):
        if getattr(smtp, name) and smtp.certificate is None:
            yield Problem(
                line=at("smtp", name),
                text=f"smtp.{name}: people log in there, and a password is not heard without TLS.",
                advice='Add  certificate = "fullchain.pem"  and  key = "privkey.pem" .',
            )
    for network in smtp.allow_networks:
        try:
            ip_network(network)
        except ValueError as error:
            yield Problem(
                line=at("smtp", "allow_networks"),
                text=f"smtp.allow_networks: {error}.",
                advice='Write for example "192.168.1.0/24".',
            )


def _addresses(smtp: Smtp, at: At) -> Iterator[Problem]:
    seen: set[str] = set()
    for name in ("listen", "submission", "submissions"):
        for address in getattr(smtp, name):
            where = at("smtp", name)
            try:
                parse_endpoint(address)
            except ValueError as error:
                advice = 'Write for example "127.0.0.1:8025", or "[::1]:8025".'
                yield Problem(line=where, text=f"smtp.{name}: {error}.", advice=advice)
            if address in seen:
                yield Problem(line=where, text=f"smtp.{name}: {address!r} stands there twice.", advice="Leave one out.")
            seen.add(address)


def _domains(config: Config, at: At) -> Iterator[Problem]:
    if not config.domains:
        advice = 'Add a fax domain, for example  [domains."fax.lan"] .'
        yield Problem(line=at("domains"), text="[domains] has no domain, so nobody could send a fax.", advice=advice)
    seen: dict[str, str] = {}
    for name, domain in config.domains.items():
        where = at("domains", name)
        if not _HOSTNAME.fullmatch(name):
            advice = 'Write it as it stands after the @, without a dot at its end, for example "fax.lan".'
            yield Problem(line=where, text=f"domains: {name!r} is no mail domain.", advice=advice)
        if (first := seen.setdefault(name.lower(), name)) != name:
            advice = "Large and small letters are the same in a domain; leave one out."
            yield Problem(line=where, text=f"domains: {name} is the same domain as {first}.", advice=advice)
        if any(length < 1 for length in domain.lengths):
            yield Problem(
                line=at("domains", name, "lengths"),
                text=f"domains.{name}.lengths: a number has at least one digit.",
                advice="Write for example  lengths = [7] .",
            )
        yield from _plan(name, domain, at)


def _plan(name: str, domain: Domain, at: At) -> Iterator[Problem]:
    if domain.plan == "e164" and domain.country not in SUPPORTED_REGIONS:
        said = f"there is no country {domain.country!r}" if domain.country else "a plan e164 needs its country"
        yield Problem(
            line=at("domains", name, "country"),
            text=f"domains.{name}.country: {said}.",
            advice='Write its two letters, for example  country = "US" .',
        )
    tables: tuple[tuple[str, Callable[[], object]], ...] = (
        ("area_code", lambda: E164Plan(country="US", area_code=domain.area_code)),
        ("dial", lambda: E164Plan(country="US", dial=tuple(domain.dial.items()))),
        ("ranges", lambda: PrivatePlan(lengths=(1,), ranges=tuple(_range(written) for written in domain.ranges))),
    )
    for key, make in tables:
        try:
            make()
        except ValueError as error:
            yield Problem(line=at("domains", name, key), text=f"domains.{name}.{key}: {error}", advice="")


def _range(written: str) -> tuple[str, str]:
    low, _, high = written.partition("-")
    return low, high


def _permissions(config: Config, at: At) -> Iterator[Problem]:
    for name, permission in config.permissions.items():
        for key, make in (
            ("who", lambda rule: Rule(name="", who=rule.who, to=("any",))),
            ("to", lambda rule: Rule(name="", who=("*",), to=rule.to, allow=not rule.deny)),
            ("hours", lambda rule: read_hours(rule.hours) if rule.hours else None),
        ):
            try:
                make(permission)
            except ValueError as error:
                yield Problem(line=at("permissions", name, key), text=f"permissions.{name}.{key}: {error}", advice="")


def _receive(config: Config, at: At) -> Iterator[Problem]:
    catch_all = config.receive.catch_all
    if not _has_a_way(catch_all, config.mail):
        where = at("receive", "catch_all")
        yield Problem(line=where, text=f"receive.catch_all: {_no_mailbox(catch_all)}", advice=_way_advice(config.mail))
    number = (_DID_PATTERN, "number pattern", "Use digits, x for any digit, and * at the end for any rest.")
    subaddress = (_SUBADDRESS, "subaddress", "Use digits, # and *, at most 20.")
    yield from _rules(config, "did", config.receive.did, number, at)
    yield from _rules(config, "subaddress", config.receive.subaddress, subaddress, at)


def _rules(
    config: Config, table: str, rules: dict[str, tuple[str, ...]], key: tuple[re.Pattern[str], str, str], at: At
) -> Iterator[Problem]:
    """Check a table of keys and their mailboxes; `key` is its pattern, what it is, and how it is written."""
    pattern, noun, advice = key
    for wanted, mailboxes in rules.items():
        where = at("receive", table, wanted)
        if not pattern.fullmatch(wanted):
            yield Problem(line=where, text=f"receive.{table}: {wanted!r} is no {noun}.", advice=advice)
        if not mailboxes:
            example = f'Name one, for example  {wanted} = ["office@example.org"] , or leave the rule out.'
            yield Problem(line=where, text=f"receive.{table}: {wanted!r} has no mailbox.", advice=example)
        for mailbox in mailboxes:
            if not _has_a_way(mailbox, config.mail):
                text = f"receive.{table}: {wanted!r}: {_no_mailbox(mailbox)}"
                yield Problem(line=where, text=text, advice=_way_advice(config.mail))


def _destinations(config: Config, at: At) -> Iterator[Problem]:
    for number, destination in config.destinations.items():
        where = at("destinations", number)
        if not _NUMBER.fullmatch(number):
            advice = "Write it as it is dialled, digits only, with a + in front if it is dialled so."
            yield Problem(line=where, text=f"destinations: {number!r} is no number.", advice=advice)
        if not _ASCII.fullmatch(destination.sender_id):
            text = f"destinations.{number}.sender_id: {destination.sender_id!r} has letters that a fax machine has not."
            yield Problem(line=at("destinations", number, "sender_id"), text=text, advice="Use ASCII only.")


def _has_a_way(mailbox: str, mail: Mail) -> bool:
    """Say whether mail to this mailbox can be handed over, by the rule of `smtp.outgoing`."""
    if mail.maildir is None or (mail.smarthost is not None and "@" in mailbox):
        return is_mailbox(mailbox)
    return is_maildir_name(mailbox)


def _no_mailbox(mailbox: str) -> str:
    return f"{mailbox!r} is no mailbox that mail could go to."


def _way_advice(mail: Mail) -> str:
    if mail.maildir is None:
        return 'Write a mail address, for example "office@example.org".'
    return (
        'Write a mail address, for example "office@example.org", or the plain name of a Maildir, for example "office".'
    )


def _mail(config: Config, at: At) -> Iterator[Problem]:
    mail = config.mail
    if mail.maildir is None and mail.smarthost is None:
        yield Problem(
            line=at("mail"),
            text="[mail] says neither maildir nor smarthost, so no mail could leave.",
            advice='Add  smarthost = "mail.example.org"  or  maildir = "mailboxes".',
        )
    if not is_mailbox(mail.sender):
        yield Problem(
            line=at("mail", "sender"),
            text=f"mail.sender: {mail.sender!r} is no mail address.",
            advice='Write for example "fax@example.org".',
        )
    if mail.smarthost is not None:
        yield from _smarthost(mail.smarthost, at)
    if mail.user and mail.password_file is None:
        yield Problem(
            line=at("mail", "user"),
            text="mail.user: a user name at the smarthost needs a password.",
            advice='Add  password_file = "/etc/mailfax/password" , a file that holds the password and nothing else.',
        )
    if mail.user and mail.tls == "none":
        yield Problem(
            line=at("mail", "tls"),
            text="mail.tls: a password is not sent without TLS.",
            advice='Write  tls = "starttls"  or  tls = "implicit" , or leave mail.user out.',
        )


def _smarthost(smarthost: str, at: At) -> Iterator[Problem]:
    try:
        endpoint = parse_endpoint(smarthost, default_port=SMTP_PORT)
        wrong = "" if endpoint.host and endpoint.port else f"{smarthost!r} names no server"
    except ValueError as error:
        wrong = str(error)
    if wrong:
        advice = 'Write for example "mail.example.org", "mail.example.org:587" or "[2001:db8::1]:25".'
        yield Problem(line=at("mail", "smarthost"), text=f"mail.smarthost: {wrong}.", advice=advice)


def _identity(config: Config, at: At) -> Iterator[Problem]:
    identity = config.identity
    if identity.time_zone:
        try:
            ZoneInfo(identity.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            advice = 'Write a name such as "Europe/Berlin" or "UTC", or leave it out for the time of this machine.'
            text = f"identity.time_zone: this machine knows no time zone {identity.time_zone!r}."
            yield Problem(line=at("identity", "time_zone"), text=text, advice=advice)
    if not _ASCII.fullmatch(identity.station_id):
        yield Problem(
            line=at("identity", "station_id"),
            text=f"identity.station_id: T.30 cannot carry {identity.station_id!r}.",
            advice='Write digits, spaces and a +, for example "+49 30 123456".',
        )


def _lines(config: Config, at: At) -> Iterator[Problem]:
    if not config.lines:
        advice = 'Add one, for example  [lines.usb]  with  kind = "class1"  and  device = "/dev/ttyUSB0" .'
        yield Problem(line=at("lines"), text="[lines] has no line.", advice=advice)
    for name, line in config.lines.items():
        if not _LINE_NAME.fullmatch(name) or name in TONES:
            advice = "Use letters, digits, - and _, at most 32, and neither busy nor no-answer."
            yield Problem(line=at("lines", name), text=f"lines: {name!r} cannot name a line.", advice=advice)
        yield from _line(name, line, at)


def _line(name: str, line: Line, at: At) -> Iterator[Problem]:
    where = at("lines", name)
    if line.kind != "virtual" and not line.device:
        text = f"lines.{name}: a {line.kind} line needs a device."
        yield Problem(line=where, text=text, advice='Add  device = "/dev/ttyUSB0".')
    if line.kind == "virtual" and not line.number:
        text = f"lines.{name}: a virtual line needs a number."
        yield Problem(line=where, text=text, advice='Add  number = "5550001".')
    if line.number and not _NUMBER.fullmatch(line.number):
        yield Problem(
            line=at("lines", name, "number"),
            text=f"lines.{name}.number: {line.number!r} is no telephone number.",
            advice="Write digits only, perhaps with a + before them.",
        )
    if not _DIAL_PREFIX.fullmatch(line.dial_prefix):
        yield Problem(
            line=at("lines", name, "dial_prefix"),
            text=f"lines.{name}.dial_prefix: no modem dials {line.dial_prefix!r}.",
            advice="Write digits, a comma for a pause, W to wait for a dial tone.",
        )
    for key, commands in (("init", line.init), ("caller_id", (line.caller_id,) if line.caller_id else ())):
        for command in commands:
            if not is_command(command):
                text = f"lines.{name}.{key}: {command!r} is no AT command."
                yield Problem(line=at("lines", name, key), text=text, advice='Write for example  "ATX3" .')
    for rung, number in line.ring_numbers.items():
        if not _NUMBER.fullmatch(number):
            text = f"lines.{name}.ring_numbers: {number!r} is no telephone number."
            yield Problem(line=at("lines", name, "ring_numbers", rung), text=text, advice="Write digits only.")


def _devices(config: Config, at: At) -> Iterator[Problem]:
    lines: dict[str, str] = {}
    for name, line in config.lines.items():
        if line.device and (first := lines.setdefault(line.device, name)) != name:
            text = f"lines.{name}.device: line {first} has {line.device} already."
            advice = "Every line needs a modem of its own."
            yield Problem(line=at("lines", name, "device"), text=text, advice=advice)


def _callers(config: Config, at: At) -> Iterator[Problem]:
    for key, patterns in (
        ("allow_callers", config.receive.allow_callers),
        ("reject_callers", config.receive.reject_callers),
    ):
        for pattern in patterns:
            if not _DID_PATTERN.fullmatch(pattern):
                yield Problem(
                    line=at("receive", key),
                    text=f"receive.{key}: {pattern!r} is no number pattern.",
                    advice="Use digits, x for any digit, and * at the end for any rest.",
                )
    if config.receive.only_allowed and not config.receive.allow_callers:
        advice = "Name them in  allow_callers , or leave  only_allowed  out."
        yield Problem(
            line=at("receive", "only_allowed"), text="receive.only_allowed: nobody is allowed.", advice=advice
        )


def _groups(config: Config, at: At) -> Iterator[Problem]:
    known = sorted({line.group for line in config.lines.values()})
    for name, domain in config.domains.items():
        for wanted in domain.groups:
            if not any(line.send for line in config.lines.values() if line.group == wanted):
                yield Problem(
                    line=at("domains", name, "groups"),
                    text=f"domains.{name}.groups: no line of group {wanted!r} sends.",
                    advice=f"Groups are: {', '.join(known)}.",
                )
    for name, group in config.groups.items():
        lines = [line for line in config.lines.values() if line.group == name]
        receiving = sum(line.receive for line in lines)
        if not lines:
            yield Problem(
                line=at("groups", name),
                text=f"groups: no line is in group {name!r}.",
                advice=f"Groups are: {', '.join(known)}.",
            )
        elif group.keep_free and group.keep_free >= receiving:
            yield Problem(
                line=at("groups", name, "keep_free"),
                text=f"groups.{name}.keep_free: with {receiving} lines that receive, none of them could ever send.",
                advice="Write a smaller number, or give  send = false  to the lines that are to receive only.",
            )


def _routes(config: Config, at: At) -> Iterator[Problem]:
    virtual = [name for name, line in config.lines.items() if line.kind == "virtual"]
    for pattern, targets in config.exchange.routes.items():
        where, key = at("exchange", "routes", pattern), f"exchange.routes: {pattern!r}"
        if not targets or (len(targets) > 1 and TONES.intersection(targets)):
            advice = "Name one or more lines, or busy or no-answer alone."
            yield Problem(line=where, text=f"{key} leads nowhere that could ring.", advice=advice)
        for target in targets:
            if target not in {*virtual, *TONES}:
                advice = f"Virtual lines are: {', '.join(virtual) or 'none'}."
                yield Problem(line=where, text=f"{key}: there is no virtual line {target}.", advice=advice)
