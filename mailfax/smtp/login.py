"""AUTH (RFC 4954): the mechanisms SCRAM-SHA-256 (in `scram`), PLAIN (RFC 4616) and LOGIN, and how often may be guessed.

The dialogue calls `log_in`, which asks the gateway's Door for what it cannot know.
"""

import binascii
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Network, ip_address
from typing import Protocol

from mailfax.model.secret import ScramKeys
from mailfax.smtp.scram import NAME as SCRAM
from mailfax.smtp.scram import ScramFault, as_challenge, hold_scram

Ask = Callable[[str], Awaitable[bytes]]  # says a line, returns what the client answers
MECHANISMS = (SCRAM, "PLAIN", "LOGIN")
_MAX_FAILURES = 10
_FORGET_US = 10 * 60 * 1_000_000
_MAX_REMEMBERED = 10_000
# The same to everybody, so that it tells nobody who is a user.
_NOT_BY_SCRAM = (
    "535 5.7.8 The user name or the password is wrong; a password from before SCRAM has to be used once with PLAIN"
)


class LoginFault(ValueError):
    """The exchange cannot go on; the text is the whole SMTP reply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What a client says it is and its proof, which shows in no log."""

    name: str
    password: str = field(repr=False)


class Passwords(Protocol):
    """Who knows the passwords: a part of the Door."""

    async def log_in(self, credentials: Credentials) -> str:
        """Return the name of the user whose password this is, or nothing."""
        ...

    async def scram_keys(self, name: str) -> ScramKeys | None:
        """Return the keys of a user's password for SCRAM, where there are any."""
        ...

    async def scram_user(self, name: str) -> str:
        """Return the name of the user who has just proven his password by SCRAM, or nothing where there is none any more."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """How an exchange ended. `user` is empty where nothing was proven, and `reply` is then the answer."""

    mechanism: str
    claimed: str
    user: str
    reply: str = "535 5.7.8 The user name or the password is wrong"


async def log_in(argument: str, ask: Ask, passwords: Passwords) -> Login:
    """Hold the exchange after AUTH to its end. Raises LoginFault where it cannot go on."""
    words = argument.split()
    if not words or len(words) > 2:
        raise LoginFault("501 5.5.4 Syntax: AUTH mechanism [initial-response]")
    first = words[1].encode("ascii", "replace") if len(words) == 2 else None
    mechanism = words[0].upper()
    match mechanism:
        case "PLAIN":
            credentials = _plain(_decoded(first if first is not None else await ask("334 ")))
        case "LOGIN":
            name = _decoded(first if first is not None else await ask(_challenge("Username:")))
            credentials = Credentials(name=_text(name), password=_text(_decoded(await ask(_challenge("Password:")))))
        case "SCRAM-SHA-256":
            return await _scram(_decoded(first if first is not None else await ask("334 ")), ask, passwords)
        case _:
            raise LoginFault(f"504 5.5.4 The mechanisms are {', '.join(MECHANISMS)}")
    return Login(mechanism=mechanism, claimed=credentials.name, user=await passwords.log_in(credentials))


async def _scram(first: bytes, ask: Ask, passwords: Passwords) -> Login:
    claimed = ""

    async def keys_of(name: str) -> ScramKeys | None:
        nonlocal claimed
        claimed = name
        return await passwords.scram_keys(name)

    async def challenged(message: bytes) -> bytes:
        return _decoded(await ask(as_challenge(message)))

    try:
        name = await hold_scram(first, challenged, keys_of)
    except ScramFault as fault:
        if fault.malformed:
            raise LoginFault("501 5.5.2 That is no message of SCRAM-SHA-256 without channel binding") from fault
        return Login(mechanism=SCRAM, claimed=claimed, user="", reply=_NOT_BY_SCRAM)
    return Login(mechanism=SCRAM, claimed=claimed, user=await passwords.scram_user(name))


def _plain(message: bytes) -> Credentials:
    parts = message.split(b"\0")
    if len(parts) != 3:
        raise LoginFault("501 5.5.2 PLAIN is two NULs with the user's name between them and the password behind them")
    on_behalf, name, password = map(_text, parts)
    if on_behalf not in {"", name}:
        raise LoginFault("535 5.7.8 Nobody logs in here on behalf of another")
    return Credentials(name=name, password=password)


def _decoded(line: bytes) -> bytes:
    """Read base64; `=` alone is the empty response, `*` alone ends the exchange (RFC 4954 section 4)."""
    if line == b"*":
        raise LoginFault("501 5.7.0 The login was given up")
    try:
        return b"" if line == b"=" else b64decode(line, validate=True)
    except binascii.Error as error:
        raise LoginFault("501 5.5.2 That is no base64") from error


def _text(octets: bytes) -> str:
    """Read UTF-8 in the form in which passwords are compared (RFC 8265 section 4.2)."""
    try:
        return unicodedata.normalize("NFC", octets.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise LoginFault("501 5.5.2 Names and passwords are UTF-8") from error


def _challenge(word: str) -> str:
    return f"334 {b64encode(word.encode('ascii')).decode('ascii')}"


class Guesses:
    """Counts failed logins by client: whoever failed ten times in ten minutes is not heard until ten minutes later.

    An IPv6 client is its /64. Names are not counted, or a stranger could lock a user out.
    """

    def __init__(self) -> None:
        self._failures: dict[str, list[int]] = {}

    def too_many(self, ip: str, now_us: int) -> bool:
        """Say whether this client has guessed enough."""
        return len(self._recent(_who(ip), now_us)) >= _MAX_FAILURES

    def failed(self, ip: str, now_us: int) -> None:
        """Count a failure."""
        if len(self._failures) >= _MAX_REMEMBERED:
            self._failures = {who: recent for who in list(self._failures) if (recent := self._recent(who, now_us))}
        self._failures[_who(ip)] = [*self._recent(_who(ip), now_us), now_us][-_MAX_FAILURES:]

    def _recent(self, who: str, now_us: int) -> list[int]:
        return [at_us for at_us in self._failures.get(who, ()) if now_us - at_us < _FORGET_US]


def _who(ip: str) -> str:
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    return ip if address.version == 4 else str(IPv6Network((address, 64), strict=False))
