"""What travels between the exchange and its lines over the Unix socket: frozen dataclasses of ours, and nothing else.

Called by `exchange` and `client`. A message is four octets of length and MessagePack: a dataclass is a map from its class
name to its fields, an enum member a map from its class name to its member name. Only the classes named in `_CLASSES` can
be built from what arrives, so a stranger's octets make a MessageError at worst.
"""

from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import get_args

import msgspec

from mailfax.modem.line import DialResult, IncomingCall
from mailfax.modem.virtual.damage import Damage, Harm, Injury, Where
from mailfax.modem.virtual.signals import Side, SignalKind
from mailfax.t30.commands import LineCommand, LineResult
from mailfax.t30.frames import Fcf
from mailfax.t30.modulation import Modulation

LENGTH_OCTETS = 4
MAX_OCTETS = 64 << 20  # no page comes near it; a stranger's length does

# -- from a line to the exchange --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """This connection is the line `name`. Answered by Registered."""

    name: str
    number: str
    accepts_calls: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Dial:
    """Go off-hook and dial; `caller` is the caller id, empty for the line's own number. Answered by Dialled."""

    number: str
    caller: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Take the ringing call. Answered by Answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Perform:
    """Do this on the line. Answered by Performed."""

    command: LineCommand


@dataclass(frozen=True, kw_only=True, slots=True)
class HangUp:
    """Go on-hook, whatever is going on. Answered by HungUp."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListCalls:
    """Tell about the calls that have ended (this connection is no line). Answered by Calls."""


# -- from the exchange to a line --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """The line is in service, or `refusal` says why it is not."""

    refusal: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ringing:
    """One ring of an incoming call; comes unasked, and again every six seconds."""

    call: IncomingCall


@dataclass(frozen=True, kw_only=True, slots=True)
class RingingStopped:
    """The caller gave up; comes unasked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialled:
    """How dialling ended."""

    result: DialResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """The call is up, or its caller was already gone."""

    connected: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Performed:
    """What the line heard or did."""

    result: LineResult


@dataclass(frozen=True, kw_only=True, slots=True)
class HungUp:
    """The line is on-hook."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallRecord:
    """A call that has ended: who, how long on the line (from the answer), and what the damage hit."""

    calling_line: str
    called_line: str
    called: str
    caller: str
    seconds: float
    injuries: tuple[Injury, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Calls:
    """The latest calls that have ended, oldest first."""

    records: tuple[CallRecord, ...]


Request = Register | Dial | Answer | Perform | HangUp | ListCalls
Reply = Registered | Dialled | Answered | Performed | HungUp | Calls
Push = Ringing | RingingStopped
Message = Request | Reply | Push

_UNIONS = (Message, LineCommand, LineResult, Where, Harm)
_SINGLE = (IncomingCall, CallRecord, Injury, Damage, DialResult, Fcf, Modulation, Side, SignalKind)
_CLASSES: dict[str, type] = {
    kind.__name__: kind for kind in (*_SINGLE, *(kind for union in _UNIONS for kind in get_args(union)))
}

Plain = None | bool | int | float | str | bytes | list["Plain"] | dict[str, "Plain"]


class MessageError(ValueError):
    """What arrived is no message of ours."""


def encode(message: Message) -> bytes:
    """Write a message with its length in front."""
    octets = msgspec.msgpack.encode(_to_plain(message))
    return len(octets).to_bytes(LENGTH_OCTETS, "big") + octets


def body_length(head: bytes) -> int:
    """Read the length in front of a message. Raises MessageError."""
    length = int.from_bytes(head, "big")
    if length > MAX_OCTETS:
        raise MessageError(f"a message of {length} octets is none of ours")
    return length


def decode(body: bytes) -> Message:
    """Read a message without its length. Raises MessageError."""
    try:
        message = _from_plain(msgspec.msgpack.decode(body))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise MessageError(f"not a message of the exchange: {error!r}") from None
    if not isinstance(message, Message):
        raise MessageError(f"not a message of the exchange: {type(message).__name__}")
    return message


def _to_plain(value: object) -> Plain:
    if isinstance(value, Enum):
        return {type(value).__name__: value.name}
    if is_dataclass(value):
        return {type(value).__name__: [_to_plain(getattr(value, field.name)) for field in fields(value)]}
    if isinstance(value, tuple):
        return [_to_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    raise TypeError(f"{type(value).__name__} does not travel")


def _from_plain(plain: Plain) -> object:
    if isinstance(plain, list):
        return tuple(_from_plain(item) for item in plain)
    if not isinstance(plain, dict):
        return plain
    ((name, content),) = plain.items()
    kind = _CLASSES[name]
    if issubclass(kind, Enum):
        return kind[str(content)]
    if not is_dataclass(kind) or not isinstance(content, list):
        raise TypeError(f"{name} without its fields")
    names = [field.name for field in fields(kind)]
    return kind(**dict(zip(names, map(_from_plain, content), strict=True)))
