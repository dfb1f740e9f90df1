"""The arguments of MAIL and RCPT, read strictly: RFC 5321 section 4.1.2 for the path, RFC 3461 for DSN, RFC 1870 for SIZE.

Pure functions; the listener calls them. What does not fit raises EnvelopeFault, whose text is the whole SMTP reply.
"""

import re
import unicodedata
from dataclasses import dataclass

from mailfax.model.submission import Notify
from mailfax.smtp.xtext import decode_xtext

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[A-Za-z0-9:.]+\])"
_COMMAND = re.compile(rf"(?P<keyword>FROM|TO): *<(?P<path>(?:{_QUOTED}|[^<>\"])*)>(?P<parameters>.*)", re.IGNORECASE)
_MAILBOX = re.compile(rf"(?:{_ATOM}(?:\.{_ATOM})*|{_QUOTED})@{_DOMAIN}")
# The same with letters beyond ASCII (RFC 6531 section 3.3), which are checked one by one besides.
_FURTHER = "\\u00a1-\U0010ffff"
_WIDE_ATOM, _WIDE_QUOTED = _ATOM.replace("[", f"[{_FURTHER}", 1), _QUOTED.replace("[ !#", f"[{_FURTHER} !#", 1)
_WIDE_LABEL = _LABEL.replace("[", f"[{_FURTHER}")
_WIDE_DOMAIN = rf"{_WIDE_LABEL}(?:\.{_WIDE_LABEL})*\.?"
_WIDE_MAILBOX = re.compile(rf"(?:{_WIDE_ATOM}(?:\.{_WIDE_ATOM})*|{_WIDE_QUOTED})@(?:{_WIDE_DOMAIN}|{_DOMAIN})")
_PARAMETER = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[!-<>-~]+))?")
_CHUNK = re.compile(r"(?P<size>[0-9]{1,20})(?P<last> +LAST)?", re.IGNORECASE)
_SIZE = re.compile(r"[0-9]{1,20}")
_ADDRESS_TYPE = re.compile(_ATOM)
_WIDE = "SMTPUTF8"  # the one parameter without a value (RFC 6531 section 3.4)
_MAX_ENVID = 100  # RFC 3461 section 5.4
_MAX_ORCPT = 500  # RFC 3461 section 5.4
_NOTIFY = {"SUCCESS": Notify.SUCCESS, "FAILURE": Notify.FAILURE, "DELAY": Notify.DELAY}


class EnvelopeFault(ValueError):
    """The command cannot be taken; the text is the SMTP reply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MailCommand:
    """MAIL FROM as it was given; `sender` is empty for the null path, `envid` is still xtext. `wide`: SMTPUTF8 was said."""

    sender: str
    size: int
    return_full: bool
    envid: str
    wide: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class RcptCommand:
    """RCPT TO as it was given; `orcpt` is still `type;xtext`."""

    mailbox: str
    notify: Notify
    orcpt: str


def is_mailbox(text: str) -> bool:
    """Say whether this is one mail address and nothing else (RFC 5321 section 4.1.2, Mailbox)."""
    return _MAILBOX.fullmatch(text) is not None


def is_wide_mailbox(text: str) -> bool:
    """Say whether this is one mail address, perhaps with letters beyond ASCII (RFC 6531 section 3.3)."""
    return _WIDE_MAILBOX.fullmatch(text) is not None and text.isprintable()


def parse_mail(argument: str, *, extended: bool) -> MailCommand:
    """Read what follows MAIL. `extended` says whether the client said EHLO, without which there are no parameters."""
    path, parameters = _split("FROM", argument, extended=extended)
    wide = parameters.pop(_WIDE, None) is not None
    path = _narrowed(path, wide=wide)
    if path and not (is_wide_mailbox(path) if wide else is_mailbox(path)):
        what = "is malformed" if "@" in path else "needs a domain, or nobody could be told the result"
        raise EnvelopeFault(f"553 5.1.7 The sender address {what}")
    body = parameters.pop("BODY", "7BIT").upper()
    size = parameters.pop("SIZE", "0")
    ret = parameters.pop("RET", "HDRS").upper()
    envid = parameters.pop("ENVID", "")
    parameters.pop("AUTH", None)  # RFC 4954 section 5: taken, and trusted from nobody
    _require("BODY", body in {"7BIT", "8BITMIME"}, "is 7BIT or 8BITMIME")
    _require("SIZE", _SIZE.fullmatch(size) is not None, "is a number of octets")
    _require("RET", ret in {"FULL", "HDRS"}, "is FULL or HDRS")
    _require("ENVID", len(envid) <= _MAX_ENVID and _is_xtext(envid), "is xtext of at most 100 characters")
    _none_left(parameters)
    return MailCommand(sender=path, size=int(size), return_full=ret == "FULL", envid=envid, wide=wide)


def parse_rcpt(argument: str, *, extended: bool, wide: bool = False) -> RcptCommand:
    """Read what follows RCPT; `wide` says whether SMTPUTF8 was said at MAIL. Source routes are refused, not followed (RFC 5321 section 3.6.1 and appendix F.2)."""
    path, parameters = _split("TO", argument, extended=extended)
    if path.startswith("@"):
        raise EnvelopeFault("553 5.1.3 Source routes are not taken; write the address alone")
    path = _narrowed(path, wide=wide)
    if not (is_wide_mailbox(path) if wide else is_mailbox(path)):
        raise EnvelopeFault("553 5.1.3 The recipient address is malformed; write it like <5551234@fax.lan>")
    notify = _read_notify(parameters.pop("NOTIFY", None))
    orcpt = parameters.pop("ORCPT", "")
    address_type, _, address = orcpt.partition(";")
    orcpt_fits = len(orcpt) <= _MAX_ORCPT and _ADDRESS_TYPE.fullmatch(address_type) and address and _is_xtext(address)
    _require(
        "ORCPT", not orcpt or bool(orcpt_fits), "is an address type, a semicolon and xtext, at most 500 characters"
    )
    _none_left(parameters)
    return RcptCommand(mailbox=path, notify=notify, orcpt=orcpt)


def _narrowed(path: str, *, wide: bool) -> str:
    """Return an address in the form in which it is compared (RFC 6532 section 3.1). Raises EnvelopeFault for a wide one without SMTPUTF8."""
    if not path.isascii() and not wide:
        raise EnvelopeFault("553 5.6.7 An address with letters beyond ASCII needs SMTPUTF8 at MAIL")
    return unicodedata.normalize("NFC", path)


def parse_bdat(argument: str) -> tuple[int, bool]:
    """Read what follows BDAT: the number of octets, and whether they are the last (RFC 3030 section 2)."""
    chunk = _CHUNK.fullmatch(argument)
    if chunk is None:
        raise EnvelopeFault("501 5.5.4 Syntax: BDAT octets [LAST]")
    return int(chunk["size"]), chunk["last"] is not None


def _split(keyword: str, argument: str, *, extended: bool) -> tuple[str, dict[str, str]]:
    """Take the argument apart into path and parameters, the names in upper case."""
    command = _COMMAND.fullmatch(argument)
    if command is None or command["keyword"].upper() != keyword:
        verb = "MAIL" if keyword == "FROM" else "RCPT"
        raise EnvelopeFault(f"501 5.5.4 Syntax: {verb} {keyword}:<address>")
    words = command["parameters"].split(" ")
    if words[0]:
        raise EnvelopeFault("501 5.5.4 A space is missing after the address")
    parameters: dict[str, str] = {}
    for word in filter(None, words):
        parameter = _PARAMETER.fullmatch(word)
        if parameter is None or not extended:
            raise EnvelopeFault("501 5.5.4 Parameters are written NAME=value, and only after EHLO")
        name, value = parameter["name"].upper(), parameter["value"]
        if (value is None) != (name == _WIDE):
            with_or_without = "without" if value is None else "with"
            raise EnvelopeFault(f"555 5.5.4 The parameter {name} is not known here {with_or_without} a value")
        if name in parameters:
            raise EnvelopeFault(f"501 5.5.4 The parameter {name} is given twice")
        parameters[name] = value or ""
    return command["path"], parameters


def _read_notify(value: str | None) -> Notify:
    """Read NOTIFY: NEVER alone, or a list of the others (RFC 3461 section 4.1)."""
    if value is None:
        return Notify.UNSET
    if value.upper() == "NEVER":
        return Notify.NEVER
    notify = Notify.UNSET
    for word in value.upper().split(","):
        _require("NOTIFY", word in _NOTIFY, "is NEVER, or a list of SUCCESS, FAILURE and DELAY")
        notify |= _NOTIFY[word]
    return notify


def _is_xtext(text: str) -> bool:
    try:
        decode_xtext(text)
    except ValueError:
        return False
    return True


def _require(name: str, fits: bool, rule: str) -> None:
    if not fits:
        raise EnvelopeFault(f"501 5.5.4 The value of {name} {rule}")


def _none_left(parameters: dict[str, str]) -> None:
    if parameters:
        raise EnvelopeFault(f"555 5.5.4 The parameter {next(iter(parameters))} is not known here")
