"""The line's own record of one call: plain files, synced, never a database transaction (design.md, promises 1 and 2).

    calls/<line>/<call id>/header.json      what the call is, durable before dialling or answering
                           journal.jsonl    one line per event, page kept, and at last the result
                           0001-1.t6        a received page: its number, and how often it was kept

Written by the keeper of a line process; read by `adopt` after a crash. Removed when the rows are committed. The writer holds a
lock on the journal for as long as it lives, so that nobody settles a call that is still going on.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, assert_never

import msgspec

from mailfax.model.call import (
    CallEvent,
    CallResult,
    DocumentResult,
    EndOfPageSent,
    PageReceived,
    durable,
    event_from_dict,
    event_to_dict,
)
from mailfax.model.ids import Kind
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.model.pageset import NO_PAGES, PageSet
from mailfax.spool.disk import disk_errors, is_locked, make_folder, sync_folder, write_new_file
from mailfax.spool.faultpoint import fault_point

_HEADER = "header.json"
_JOURNAL = "journal.jsonl"
_NEW = ".new"
_DONE = ".done-"  # what is being removed
_PAGE_FILE = re.compile(r"(?P<page>[0-9]{4,9})-(?P<kept>[0-9]{1,9})\.t6")


class Direction(StrEnum):
    """Who called."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class CallFolderDamaged(Exception):
    """A call folder that cannot be read, though its header was durable; a person has to look at it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallJob:
    """A job that a call is made for: `pages` of the whole document, and those `done` before."""

    job_id: str
    pages: int
    done: PageSet = NO_PAGES


@dataclass(frozen=True, kw_only=True, slots=True)
class CallHeader:
    """What is known before the call. Outbound: `number`, and the jobs in the order in which they go out.

    `mailbox` is who gets what the call fetches (polling), of one that sends nothing.
    """

    call_id: str
    line: str
    direction: Direction
    started_us: int
    number: str = ""
    called: str = ""
    caller: str = ""
    caller_name: str = ""
    jobs: tuple[CallJob, ...] = ()
    mailbox: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageFacts:
    """What the decoder found out about a received page."""

    rows: int
    width_px: int
    resolution: Resolution
    bad_rows: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptPage:
    """A received page on disk. `index` is 0-based; `confirmed` when the journal says that its confirmation was due.

    `earlier` is the copy whose place this one took: a worse try, or the first blocks of the page (ECM).
    """

    index: int
    path: Path
    digest: str
    size: int
    facts: PageFacts
    confirmed: bool
    earlier: "KeptPage | None" = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedEvent:
    """An event and the line's clock when it happened."""

    at_s: float
    event: CallEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class CallRecord:
    """All that a call folder says. `result` is None when the line died before it could say how the call ended."""

    header: CallHeader
    events: tuple[TimedEvent, ...]
    pages: tuple[KeptPage, ...]
    result: CallResult | None


class _PageLine(msgspec.Struct, tag="page", tag_field="line"):
    index: int
    file: str
    digest: str
    size: int
    facts: PageFacts


class _EventLine(msgspec.Struct, tag="event", tag_field="line"):
    at_s: float
    event: dict[str, Any]


class _DocumentResult(msgspec.Struct):
    """A DocumentResult as it is written."""

    outcome: str
    confirmed: PageSet
    passed_over: PageSet
    unconfirmed_page: int | None
    seconds: float
    detail: str


class _Result(msgspec.Struct):
    """A CallResult as it is written; every field is wanted back, since a default would be a claim."""

    outcome: str
    confirmed: PageSet
    passed_over: PageSet
    unconfirmed_page: int | None
    station_id: str
    modulation: str
    bit_rate: int
    seconds: float
    detail: str
    documents: tuple[_DocumentResult, ...]


class _ResultLine(msgspec.Struct, tag="result", tag_field="line"):
    result: _Result


_Line = _PageLine | _EventLine | _ResultLine
_Said = TimedEvent | KeptPage | CallResult
_UNKNOWN_FACTS = PageFacts(rows=0, width_px=0, resolution=Resolution.STANDARD)

_encode = msgspec.json.encode
_decode_line = msgspec.json.Decoder(_Line).decode


def call_path(root: Path, line: str, call_id: str) -> Path:
    """Return the folder of a call under `root` (SpoolSettings.calls)."""
    return root / line / call_id


class CallFolder:
    """The folder of the call that is going on. One process and one thread write it."""

    def __init__(self, path: Path, journal: int) -> None:
        self.path = path
        self._journal = journal
        self._kept = 0

    @classmethod
    def create(cls, root: Path, header: CallHeader) -> "CallFolder":
        """Make the folder of a call that is about to begin; durable when it returns. Raises SpoolFull.

        A line makes one call at a time, so whatever is left under the name of a new folder is from a crash.
        """
        path = call_path(root, header.line, header.call_id)
        new = path.parent / _NEW
        with disk_errors():
            make_folder(path.parent)
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            write_new_file(new / _HEADER, _encode(header))
            journal = os.open(new / _JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
            fcntl.flock(journal, fcntl.LOCK_EX)
            sync_folder(new)
            new.rename(path)
            sync_folder(path.parent)
        fault_point("call-created")
        return cls(path, journal)

    def journal(self, event: CallEvent, at_s: float) -> None:
        """Write down an event; on disk when it returns if a promise rests on it. Raises SpoolFull."""
        self._append(_EventLine(at_s=at_s, event=event_to_dict(event)), sync=durable(event))
        if isinstance(event, EndOfPageSent):
            fault_point("call-end-of-page-noted")
        elif durable(event):
            fault_point("call-confirmation-noted")

    def keep_page(self, index: int, t6: bytes, facts: PageFacts) -> None:
        """Keep a received page (`index` from 0); file and folder are synced when it returns. Raises SpoolFull.

        A page that comes again takes the place of the earlier one; that one stays on disk until the call is removed.
        """
        self._kept += 1
        name = f"{index + 1:04d}-{self._kept}.t6"
        with disk_errors():
            write_new_file(self.path / name, t6)
            sync_folder(self.path)
        fault_point("page-written")
        digest = hashlib.sha256(t6).hexdigest()
        self._append(_PageLine(index=index, file=name, digest=digest, size=len(t6), facts=facts), sync=True)
        fault_point("page-kept")

    def finish(self, result: CallResult) -> None:
        """Write down what the call came to; on disk when it returns. Raises SpoolFull."""
        self._append(_ResultLine(result=_written(result)), sync=True)
        fault_point("call-finished")

    def close(self) -> None:
        """Let go of the folder; what is not removed is an orphan from now on."""
        os.close(self._journal)

    def _append(self, line: _Line, *, sync: bool) -> None:
        octets = memoryview(_encode(line) + b"\n")
        with disk_errors():
            size = os.fstat(self._journal).st_size
            try:
                while octets:
                    octets = octets[os.write(self._journal, octets) :]
                if sync:
                    os.fdatasync(self._journal)
            except OSError:
                # What did not get onto the disk whole must not stand before what does later.
                os.ftruncate(self._journal, size)
                raise


def read(path: Path) -> CallRecord:
    """Read a call folder, whatever a crash left of its journal's end. Raises CallFolderDamaged."""
    try:
        header = _parsed_header(path)
        *lines, tail = (path / _JOURNAL).read_bytes().split(b"\n")
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise CallFolderDamaged(f"{path} cannot be read as a call: {error}") from error
    said = [_parsed(path, line) for line in lines]
    if tail:
        # A cut line that happens to be whole JSON lacked only its newline.
        with contextlib.suppress(CallFolderDamaged):
            said.append(_parsed(path, tail))
    return _record(header, said)


def salvage(path: Path) -> CallRecord:
    """Read what can be read of a damaged call folder: its whole lines, and pages of which no line tells any more.

    Such pages have no digest, so nobody can take them for whole; they say that there was a page. Without a header the call is
    an incoming one if it has pages.
    """
    said: list[_Said] = []
    with contextlib.suppress(OSError):
        for line in (path / _JOURNAL).read_bytes().split(b"\n"):
            with contextlib.suppress(CallFolderDamaged):
                said.append(_parsed(path, line))
    said += _untold_pages(path, said)
    try:
        header = _parsed_header(path)
    except (OSError, ValueError, msgspec.DecodeError):
        incoming = any(isinstance(line, KeptPage) for line in said)
        header = CallHeader(
            call_id=path.name,
            line=path.parent.name,
            direction=Direction.INBOUND if incoming else Direction.OUTBOUND,
            started_us=path.stat().st_mtime_ns // 1000,
        )
    return _record(header, said)


def _untold_pages(path: Path, said: list[_Said]) -> list[KeptPage]:
    """Return a page for each file that no line tells of, unless a later copy of that page is told."""
    last = {line.index: _kept_as(line.path) for line in said if isinstance(line, KeptPage)}
    notes = [line.event for line in said if isinstance(line, TimedEvent)]
    confirmed = {note.page for note in notes if isinstance(note, PageReceived) and note.confirmed}
    files = sorted((_kept_as(file), file) for file in path.glob("*.t6"))
    return [
        KeptPage(index=page - 1, path=file, digest="", size=0, facts=_UNKNOWN_FACTS, confirmed=page in confirmed)
        for (kept, page), file in files
        if page and (kept, page) > last.get(page - 1, (0, 0))
    ]


def _kept_as(file: Path) -> tuple[int, int]:
    """Read a page's file name: when it was kept, counted from 1, and as which page; zeros where it is no such name."""
    name = _PAGE_FILE.fullmatch(file.name)
    return (int(name["kept"]), int(name["page"])) if name else (0, 0)


def _parsed_header(path: Path) -> CallHeader:
    written = msgspec.json.decode((path / _HEADER).read_bytes(), type=dict[str, Any])
    unknown = written.keys() - {field.name for field in fields(CallHeader)}
    if unknown:  # a misspelt `pages` would otherwise be a call without any
        raise ValueError(f"its header has unknown fields {sorted(unknown)}")
    header = msgspec.convert(written, CallHeader)
    if header.call_id != path.name:
        raise ValueError(f"its header is that of {header.call_id}")
    return header


def _parsed(path: Path, line: bytes) -> _Said:
    """Read one line of a journal, down to every word and type in it. Raises CallFolderDamaged."""
    try:
        match _decode_line(line):
            case _EventLine(at_s=at_s, event=written):
                event = event_from_dict(written)
                return TimedEvent(at_s=at_s, event=msgspec.convert(asdict(event), type(event)))
            case _PageLine(index=index, file=file, digest=digest, size=size, facts=facts):
                return KeptPage(index=index, path=path / file, digest=digest, size=size, facts=facts, confirmed=False)
            case _ResultLine(result=result):
                return _read_result(result)
            case unknown:
                assert_never(unknown)
    # An unknown word is a KeyError, and JSON of another shape than expected a TypeError.
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise CallFolderDamaged(f"{path} has a line that cannot be read: {error!r}") from error


def _written(result: CallResult) -> _Result:
    documents = tuple(_DocumentResult(**{**asdict(one), "outcome": one.outcome.code}) for one in result.documents)
    return _Result(**{**asdict(result), "outcome": result.outcome.code, "documents": documents})


def _read_result(written: _Result) -> CallResult:
    documents = tuple(
        DocumentResult(**{**msgspec.structs.asdict(one), "outcome": Outcome.of(one.outcome)})
        for one in written.documents
    )
    fields_of = {**msgspec.structs.asdict(written), "outcome": Outcome.of(written.outcome), "documents": documents}
    return CallResult(**fields_of)


def _record(header: CallHeader, said: Iterable[_Said]) -> CallRecord:
    """Put together what the lines of a journal said, in their order."""
    events: list[TimedEvent] = []
    pages: dict[int, KeptPage] = {}
    result = None
    for line in said:
        match line:
            case TimedEvent(event=event):
                events.append(line)
                if isinstance(event, PageReceived) and event.confirmed and event.page - 1 in pages:
                    pages[event.page - 1] = replace(pages[event.page - 1], confirmed=True)
            case KeptPage(index=index):
                pages[index] = replace(line, earlier=pages.get(index))
            case CallResult():
                result = line
            case _:
                assert_never(line)
    ordered = tuple(page for _, page in sorted(pages.items()))
    return CallRecord(header=header, events=tuple(events), pages=ordered, result=result)


def orphans(root: Path, line: str | None = None) -> list[Path]:
    """Return the call folders (of one line, or of all) that no living process writes, oldest first."""
    pattern = f"{line or '*'}/{Kind.CALL}*"
    return sorted((path for path in root.glob(pattern) if not is_locked(path / _JOURNAL)), key=lambda path: path.name)


def forget_damaged(root: Path, before_s: float) -> int:
    """Remove the folders that stayed for a person to look at, and remains, last changed before a time (seconds since 1970).

    Returns how many. What was in them was delivered, or reported as lost, when it was found.
    """
    forgotten = 0
    for path in (*orphans(root), *root.glob(f"*/{_DONE}*")):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before_s:
                remove(path)
                forgotten += 1
    return forgotten


def remove(path: Path) -> None:
    """Remove a call folder once its rows are committed. A crash half-way leaves it without a name that means a call."""
    # rmtree in place could leave a header without its journal: that would read as a call in which nothing happened.
    with contextlib.suppress(FileNotFoundError):
        doomed = path if path.name.startswith(_DONE) else path.with_name(f"{_DONE}{path.name}")
        path.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
