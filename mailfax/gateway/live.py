"""What people watch: every step of a mail or a fax, as it happens, with one plain sentence for each.

The line processes and the server's own workers emit `Live` values; `daemon` passes them to whoever is connected to the
control socket (`mailfax demo`, later `mailfax tail`). Nothing here is a promise: those are in the spool.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, assert_never

from mailfax.model.call import (
    CallEvent,
    DocumentArriving,
    DocumentBegun,
    EndOfPageSent,
    FramesRequested,
    PageConfirmed,
    PageReceived,
    PageRefused,
    PageStarted,
    PollServed,
    RemoteIdentified,
    Trained,
    TrainingFailed,
)
from mailfax.model.pageset import COVER


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A mail is on disk and its sender has the 250."""

    sender: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendering:
    """Page `page` is being made; `pages` when the total is known already."""

    page: int
    pages: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """The mail has become this many pages."""

    pages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderingFailed:
    """The mail cannot be faxed."""

    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialling:
    """A line is calling the number."""

    number: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ringing:
    """A call comes in for this number."""

    called: str
    caller: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CallEnded:
    """The line is on hook again."""

    outcome: str
    sentence: str
    pages: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class FaxRouted:
    """A received fax has its mailboxes."""

    mailboxes: tuple[str, ...]
    because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MailHanded:
    """The mail server (or the Maildir) has taken a message; `what` is fax or notice."""

    what: str
    recipient: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MailWaits:
    """A message could not be handed over yet, or never will be."""

    what: str
    recipient: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LineChanged:
    """A line is up, down, waiting, faulty, quarantined, or stopped."""

    state: str
    reason: str


Stage = (
    Accepted
    | Rendering
    | Rendered
    | RenderingFailed
    | Dialling
    | Ringing
    | CallEnded
    | FaxRouted
    | MailHanded
    | MailWaits
    | LineChanged
)
LiveEvent = CallEvent | Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """One step: of what (an id of a mail, job, fax or delivery), on which line if any, and of how many pages if known."""

    subject: str
    event: LiveEvent
    line: str = ""
    pages: int | None = None


Emit = Callable[[Live], None]


def to_plain(live: Live) -> dict[str, Any]:
    """Write a step as plain data for JSON, with its sentence under `text`."""
    return {
        "subject": live.subject,
        "line": live.line,
        "event": type(live.event).__name__,
        "data": asdict(live.event),
        "text": sentence(live.event, live.pages),
    }


def sentence(event: LiveEvent, pages: int | None = None) -> str:
    """Say a step in plain words; `pages` is the total of the document, if known."""
    match event:
        case Accepted():
            return f"accepted from {event.sender or 'nobody'} for {', '.join(event.numbers)}"
        case Rendering():
            return f"rendering page {event.page}" + (f" of {event.pages}" if event.pages else "")
        case Rendered():
            return f"rendered, {event.pages} page{'s' * (event.pages != 1)}"
        case RenderingFailed():
            return f"cannot be faxed: {event.sentence}"
        case Dialling():
            return f"dialling {event.number}"
        case Ringing():
            return f"ringing for {event.called or 'this line'}" + (
                f", called by {event.caller}" if event.caller else ""
            )
        case CallEnded():
            return f"{event.outcome} after {event.seconds:.1f} s: {event.sentence}"
        case FaxRouted():
            where = f"goes to {', '.join(event.mailboxes)}" if event.mailboxes else "goes nowhere"
            return f"{where} ({event.because})"
        case MailHanded():
            return f"{event.what} delivered to {event.recipient}"
        case MailWaits():
            return f"{event.what} for {event.recipient} not delivered: {event.detail}"
        case LineChanged():
            return f"line is {event.state}" + (f": {event.reason}" if event.reason else "")
        case _:
            return call_sentence(event, pages)


def call_sentence(event: CallEvent, pages: int | None = None) -> str:
    """Say a step of a call in plain words; `pages` is the total of the document, if known."""
    total = "" if pages is None else f" of {pages}"
    match event:
        case RemoteIdentified():
            return f"remote is {event.station_id or 'unnamed'}: {event.abilities}"
        case Trained():
            return f"trained {event.modulation} {event.bit_rate}"
        case TrainingFailed():
            return f"training failed at {event.modulation} {event.bit_rate}"
        case DocumentBegun() | DocumentArriving() | PollServed():
            return _document_sentence(event, total)
        case PageStarted():
            return f"{_page(event.page, total)} on the line"
        case EndOfPageSent():
            return f"{_page(event.page, total)} sent, asking for its confirmation ({event.command})"
        case PageConfirmed():
            return f"{_page(event.page, total)} confirmed ({event.answer})"
        case PageRefused():
            return f"{_page(event.page, total)} refused ({event.answer})"
        case FramesRequested():
            return f"{event.frames} frames of {_page(event.page, total)} wanted again"
        case PageReceived():
            damage = f", {event.bad_rows} damaged" if event.bad_rows else ""
            return f"page {event.page} stored{' and confirmed' if event.confirmed else ''}: {event.rows} rows{damage}"
        case _:
            assert_never(event)


def _document_sentence(event: DocumentBegun | DocumentArriving | PollServed, total: str) -> str:
    match event:
        case DocumentBegun():
            return f"next fax of the call, from page {event.page}{total} on"
        case DocumentArriving():
            who = f" for {event.subaddress}" if event.subaddress else ""
            return f"{'another fax' if event.document else 'a fax'}{who} arrives, from page {event.page} on"
        case PollServed():
            return f"asked for {event.label} by {event.station_id or 'an unnamed machine'}"
        case _:
            assert_never(event)


def _page(page: int, total: str) -> str:
    return f"page {page}{total}" if page != COVER else "the cover"
