"""Keeps the transcript of every call: one text file a call beside the spool's other folders. Used by `outbound` and `inbound`.

No promise rests on it: it is not synced, and a disk that fails ends the transcript and never the call. The newest KEPT are kept.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from mailfax.model.call import CallResult
from mailfax.modem.line import Line
from mailfax.modem.pump import Keeper, run_call
from mailfax.modem.transcript import TranscribedKeeper, TranscribedLine
from mailfax.t30.answerer import answer
from mailfax.t30.answering import AnswererStation
from mailfax.t30.caller import call
from mailfax.t30.calling import CallerJob
from mailfax.t30.transcript import CALL, Row, station_row

KEPT = 2000
SUFFIX = ".call"
_log = structlog.get_logger()


def transcripts_folder(calls_root: Path) -> Path:
    """Return where the transcripts are, given where the calls that go on are."""
    return calls_root.parent / "transcripts"


def transcript_path(calls_root: Path, call_id: str) -> Path:
    """Return the file of one call's transcript."""
    return transcripts_folder(calls_root) / f"{call_id}{SUFFIX}"


def converse(station: CallerJob | AnswererStation, about: str, line: Line, keeper: Keeper, path: Path) -> CallResult:
    """Run a connected call to its end and write it down; `about` says who called whom."""
    engine = call(station) if isinstance(station, CallerJob) else answer(station)
    with _writing(path) as write:
        write(f"{station_row(station)}\n")
        write(f"{Row(0.0, CALL, 'dial' if isinstance(station, CallerJob) or station.poll else 'answer', '', about)}\n")
        transcribed = TranscribedLine(line, write)
        result = run_call(engine, transcribed, TranscribedKeeper(keeper, transcribed, write))
        ended = " ".join(filter(None, (result.outcome.code, result.detail)))
        write(f"{Row(result.seconds, CALL, 'result', '', ended)}\n")
        return result


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[Callable[[str], None]]:
    """Give what writes a line; after the first failure it writes nothing."""
    with contextlib.ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _forget_oldest(path.parent)
            file = stack.enter_context(path.open("w", encoding="utf-8", buffering=1))
        except OSError as error:
            _log.warning("no transcript of this call", path=str(path), error=str(error))
            yield lambda _text: None
            return
        failed = False

        def write(text: str) -> None:
            nonlocal failed
            try:
                if not failed:
                    file.write(text)
            except OSError as error:
                failed = True
                _log.warning("the transcript of this call ends early", path=str(path), error=str(error))

        yield write
        with contextlib.suppress(OSError):
            file.flush()


def forget_transcripts(calls_root: Path, before_s: float) -> int:
    """Remove the transcripts that were written before a time (seconds since 1970); return how many."""
    forgotten = 0
    for path in transcripts_folder(calls_root).glob(f"*{SUFFIX}"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before_s:
                path.unlink()
                forgotten += 1
    return forgotten


def _forget_oldest(folder: Path) -> None:
    """Remove what is beyond KEPT; call ids are in the order of time."""
    for path in sorted(folder.glob(f"*{SUFFIX}"))[: -(KEPT - 1)]:
        path.unlink(missing_ok=True)
