"""Renders a message in a child process with limits, so that a bomb in it fails this message and nothing else.

The child speaks messages of msgspec over a pipe, never pickles: what comes from it is data even if a decoder was taken
over. It holds its own limits (seconds of processor and of wall, memory, file size, open files, no core), confines itself
(`confine`: no files, no network, no processes) before it looks at the mail, and the parent kills it when it is late. Called by the render workers of `gateway` and by the commands that render; the daemon gives the forkserver context.
"""

import os
import resource
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import msgspec

from mailfax.model.document import Fate, PartAccount
from mailfax.model.outcome import Outcome
from mailfax.render.confine import Layer, confine, trespasses
from mailfax.render.cover import CoverOrder
from mailfax.render.office import Convert, OfficeDocument, OfficeFailure, no_office
from mailfax.render.result import Rendered, RenderFailure
from mailfax.render.settings import RenderSettings
from mailfax.render.story import NO_COVERS, NamedFile, OnAccount, Progress, render_files, render_message
from mailfax.render.warm import warm

Content = bytes | tuple[NamedFile, ...]

# A mail at the door, and a call, come before a mail that is accepted already.
_NICE = 10
_OPEN_FILES = 64
_FILE_BYTES = 1 << 20
_GRACE_S = 2.0  # between the child's own alarm and the parent's kill
_LARGEST_REPORT = 1 << 29
_MOST_CONVERSIONS = 20


class _Drawing(msgspec.Struct, tag=True, frozen=True):
    """The child draws this page now."""

    page: int
    total: int | None


class _Standing(msgspec.Struct, tag=True, frozen=True):
    """The account as it would stand if the child ended now."""

    account: tuple[PartAccount, ...]


class _Done(msgspec.Struct, tag=True, frozen=True):
    """All pages are there."""

    rendered: Rendered


class _Failed(msgspec.Struct, tag=True, frozen=True):
    """The message cannot be faxed."""

    outcome: str
    detail: str
    account: tuple[PartAccount, ...]


class _Convert(msgspec.Struct, tag=True, frozen=True):
    """The child asks for an office document as PDF, and waits for _Converted."""

    octets: bytes
    suffix: str
    password: str


class _Converted(msgspec.Struct, frozen=True):
    """The answer to the child: a PDF, or why there is none."""

    pdf: bytes
    complaint: str


_Report = _Drawing | _Standing | _Convert | _Done | _Failed
_ENCODER = msgspec.msgpack.Encoder()
_ANSWERS: msgspec.msgpack.Decoder[_Converted] = msgspec.msgpack.Decoder(_Converted)
_DECODER: msgspec.msgpack.Decoder[_Report] = msgspec.msgpack.Decoder(_Report)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Task:
    content: Content
    settings: RenderSettings
    covers: CoverOrder


def render_in_child(
    content: Content,
    settings: RenderSettings,
    progress: Progress,
    context: BaseContext,
    convert: Convert = no_office,
    covers: CoverOrder = NO_COVERS,
) -> Rendered:
    """Render a mail, or files, and the covers before it, in a child of `context`; `convert` makes PDF of its office documents, in this process.

    Blocks; raises RenderFailure. No process is left behind, whatever happens.
    """
    receiver, sender = context.Pipe()
    child: BaseProcess = context.Process(  # type: ignore[attr-defined]
        target=_child, args=(_Task(content=content, settings=settings, covers=covers), sender), daemon=True
    )
    child.start()
    sender.close()
    # The child ends itself in time; this is for one that was taken over or hangs where no signal reaches it.
    late = threading.Timer(settings.wall_s + _GRACE_S, child.kill)
    late.start()
    try:
        return _listen(child, receiver, settings, progress, convert)
    finally:
        late.cancel()
        late.join()
        receiver.close()
        child.kill()
        child.join()
        child.close()


class Confinement(msgspec.Struct, frozen=True, kw_only=True):
    """What holds a child of this machine: the layers its kernel gave, and what was tried and yet not refused."""

    layers: frozenset[Layer]
    trespasses: tuple[str, ...]


def confinement(context: BaseContext) -> Confinement:
    """Find out by trying, in a child of `context`."""
    receiver, sender = context.Pipe(duplex=False)
    child: BaseProcess = context.Process(target=_try, args=(sender,), daemon=True)  # type: ignore[attr-defined]
    child.start()
    sender.close()
    try:
        return msgspec.msgpack.decode(receiver.recv_bytes(), type=Confinement)
    finally:
        receiver.close()
        child.join()
        child.close()


def _try(sender: Connection) -> None:
    layers = confine()
    sender.send_bytes(_ENCODER.encode(Confinement(layers=layers, trespasses=trespasses())))


def _listen(
    child: BaseProcess, receiver: Connection, settings: RenderSettings, progress: Progress, convert: Convert
) -> Rendered:
    account: tuple[PartAccount, ...] = ()
    conversions = 0
    while True:
        try:
            report = _DECODER.decode(receiver.recv_bytes(_LARGEST_REPORT))
        except (EOFError, OSError, msgspec.MsgspecError):
            child.join(_GRACE_S)
            raise _ended(child.exitcode, settings, account) from None
        match report:
            case _Drawing():
                progress(report.page, report.total)
            case _Standing():
                account = report.account
            case _Convert():
                conversions += 1
                answer = _converted(report, convert, conversions)
                with suppress(OSError):  # the child may have come to its end meanwhile, which the next look tells
                    receiver.send_bytes(_ENCODER.encode(answer))
            case _Done():
                return report.rendered
            case _Failed():
                raise RenderFailure(Outcome.of(report.outcome), report.detail, report.account)


def _converted(wanted: _Convert, convert: Convert, number: int) -> _Converted:
    """Convert for the child. What it asks for is data: how often it may ask is held here."""
    if number > _MOST_CONVERSIONS:
        return _Converted(pdf=b"", complaint=f"comes after {_MOST_CONVERSIONS} other office documents in one mail")
    document = OfficeDocument(octets=wanted.octets, suffix=wanted.suffix, password=wanted.password)
    try:
        return _Converted(pdf=convert(document), complaint="")
    except OfficeFailure as failure:
        return _Converted(pdf=b"", complaint=str(failure))


def _ended(exitcode: int | None, settings: RenderSettings, account: tuple[PartAccount, ...]) -> RenderFailure:
    """Say why the child ended before it was done."""
    match exitcode:
        case int() if exitcode == -signal.SIGALRM:
            reason = f"It took more than {settings.wall_s:g} s"
        case int() if exitcode == -signal.SIGXCPU:
            reason = f"It took more than {settings.cpu_s} s of processor time"
        case int() if exitcode == -signal.SIGKILL:
            reason = "It was killed, being late or because the machine ran out of memory,"
        case int() if exitcode < 0:
            reason = f"A decoder crashed ({signal.Signals(-exitcode).name})"
        case _:
            reason = f"The renderer ended by itself (exit status {exitcode})"
    return RenderFailure(Outcome.RENDER_LIMIT, f"{reason} at {_guilty(account)}.", account)


def _guilty(account: tuple[PartAccount, ...]) -> str:
    failed = [row.name for row in account if row.fate is Fate.FAILED]
    return ", ".join(failed) or "the message"


def _child(task: _Task, sender: Connection) -> None:
    """Run in the child: limit and confine itself, render, report."""
    os.nice(_NICE)
    warm()  # done long ago where the forkserver was; afterwards no cache can be written
    _limit(task.settings)
    confine(task.settings.fonts)
    standing: list[tuple[PartAccount, ...]] = [()]

    def tell(report: _Report) -> None:
        sender.send_bytes(_ENCODER.encode(report))

    def on_account(account: tuple[PartAccount, ...]) -> None:
        standing[0] = account
        tell(_Standing(account=account))

    def convert(document: OfficeDocument) -> bytes:
        tell(_Convert(octets=document.octets, suffix=document.suffix, password=document.password))
        answer = _ANSWERS.decode(sender.recv_bytes(_LARGEST_REPORT))
        if answer.complaint:
            raise OfficeFailure(answer.complaint)
        return answer.pdf

    try:
        rendered = _render(task, lambda page, total: tell(_Drawing(page=page, total=total)), on_account, convert)
    except RenderFailure as failure:
        tell(_Failed(outcome=failure.outcome.code, detail=failure.detail, account=failure.account))
    except MemoryError:
        detail = f"It needed more than {task.settings.memory_bytes >> 20} MiB of memory at {_guilty(standing[0])}."
        tell(_Failed(outcome=Outcome.RENDER_LIMIT.code, detail=detail, account=standing[0]))
    else:
        tell(_Done(rendered=rendered))


def _render(task: _Task, progress: Progress, on_account: OnAccount, convert: Convert) -> Rendered:
    if isinstance(task.content, bytes):
        return render_message(task.content, task.settings, progress, on_account, convert, task.covers)
    return render_files(task.content, task.settings, progress, on_account, convert, task.covers)


def _limit(settings: RenderSettings) -> None:
    """Set the limits of this process. Memory counts from what the warm process already has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    memory = pages * os.sysconf("SC_PAGE_SIZE") + settings.memory_bytes
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    resource.setrlimit(resource.RLIMIT_CPU, (settings.cpu_s, settings.cpu_s + 1))  # SIGXCPU first, which names it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the parent decides what becomes of us
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, settings.wall_s)
