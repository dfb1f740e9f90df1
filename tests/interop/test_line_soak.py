"""Two lines at once on one spool, many calls each both ways over libspandsp's modems, every fifth of them cut at a random moment.

No line gets stuck, no page that somebody was told of is lost, every call has an outcome. `make test` runs a few calls, `make interop` fifty
each way on each line. In lock-step: each line has an exchange and a clock of its own, and a thread; they share the spool, as lines do.
"""

import random
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from lab.documents import Pixels, read_pages, write_letter
from lab.exchange import Finished
from lab.linebench import LineBench, Spool, spool_of

from mailfax.demo.compare import libtiff_pels
from mailfax.model.job import JobState
from mailfax.model.line import LineState
from mailfax.spool.retry import RETRY
from mailfax.t4codec import warm
from mailfax.t4codec.tiff import T6Page

pytestmark = [pytest.mark.live, pytest.mark.timeout(1800)]

PAGES = 2
CUT_SHARE = 0.2
LONGEST_CALL_S = 75.0
GIVE_UP_S = 400_000.0


@dataclass(kw_only=True)
class SoakLine(LineBench):
    """A line that is rung `calls` times, and has a share of all its calls cut."""

    seed: int
    calls: int
    letter: Path
    others: "list[SoakLine]" = field(default_factory=list)
    rung: int = 0
    cuts: int = 0
    arrived: dict[str, list[Pixels]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.random = random.Random(self.seed)
        self.exchange.route("*", f"receive:{self.spool.folder}/{self.name}.tif")
        self.failed: BaseException | None = None

    def idle(self) -> None:
        inner = self.exchange.inner
        if not inner.calls and self.rung < self.calls and self.random.random() < 0.5:
            self.ring(self.letter, f"{self.name}-{self.rung}")
            self.rung += 1
        if self.random.random() < CUT_SHARE:
            inner._after(self.random.uniform(1.0, LONGEST_CALL_S), self.cut)
        if inner.now_s > GIVE_UP_S or (self.rung == self.calls and self._all_sent() and not inner.calls):
            self.stop.set()

    def cut(self) -> None:
        if self.exchange.inner.calls:
            self.cuts += 1
            self.exchange.inner.cut()

    def collect(self) -> None:
        """Put away what the far machine of a call received, before the next one writes over it."""
        before = len(self.ended)
        super().collect()
        got = self.spool.folder / f"{self.name}.tif"
        for call in self.ended[before:]:
            if call.number and call.machine is not None and call.machine.pages and got.exists():
                self.arrived.setdefault(call.number, []).extend(read_pages(got))
                got.unlink()

    def _all_sent(self) -> bool:
        return all(job.state.final for job in self.spool.store.jobs(limit=10_000))

    def go(self) -> None:
        try:
            self.run()
            self.collect()
        except BaseException as error:  # the test's thread says it
            self.failed = error
            raise


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    warm()
    return write_letter(tmp_path_factory.mktemp("letters") / "letter.tif", PAGES, "standard")


@pytest.mark.parametrize("calls", [3, pytest.param(50, marks=pytest.mark.interop)])
def test_two_lines_under_load_with_random_cuts(letter: Path, tmp_path: Path, calls: int) -> None:
    with spool_of(tmp_path, letter) as spool:
        jobs = {f"555{number:04}": spool.queue(f"555{number:04}") for number in range(2 * calls)}
        lines = [
            SoakLine(name=name, spool=spool, seed=calls + at, calls=calls, letter=letter)
            for at, name in enumerate(("west", "east"))
        ]
        threads = [threading.Thread(target=line.go, name=line.name) for line in lines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [line.failed for line in lines] == [None, None]
        assert all(line.exchange.inner.now_s < GIVE_UP_S for line in lines)
        assert sum(line.cuts for line in lines) >= calls * 4 * CUT_SHARE / 4, "hardly anything was cut"
        assert {(line.name, line.state, line.faults) for line in spool.store.lines()} == {
            ("west", LineState.STOPPED, 0),
            ("east", LineState.STOPPED, 0),
        }
        assert not list((tmp_path / "spool" / "calls").glob("*/C*"))
        told = dict.fromkeys(JobState, 0)
        for number, job_id in jobs.items():
            told[outbound(spool, number, job_id, lines)] += 1
        for line in lines:
            inbound(spool, line)
        print({state.value: count for state, count in told.items() if count}, [line.cuts for line in lines])


def outbound(spool: Spool, number: str, job_id: str, lines: list[SoakLine]) -> JobState:
    """Every job has an end and every call a result; what is delivered has every page, somewhere, as it was sent."""
    job = spool.store.job(job_id)
    assert job is not None
    attempts = spool.store.attempts(job_id)
    assert all(attempt.result is not None for attempt in attempts)
    assert job.state in {JobState.DELIVERED, JobState.UNCERTAIN, JobState.FAILED}
    if job.state is JobState.FAILED:
        assert len(attempts) >= min(row.max_tries for row in RETRY.values())
    got = [page for line in lines for page in line.arrived.get(number, [])]
    if job.state is JobState.DELIVERED:
        for at, sent in enumerate(spool.pages, 1):
            assert any(np.array_equal(page[-len(sent) :], sent) for page in got), f"page {at} of {number} is lost"
    return job.state


def inbound(spool: Spool, line: SoakLine) -> None:
    """Every call that was answered has a row; every page that its sender was told of is there, as it was sent."""
    faxes = {fax.caller: fax for fax in spool.store.faxes(limit=10_000) if fax.line == line.name}
    answered = [call for call in line.ended if call.rings and call.machine is not None]
    assert len(faxes) >= len(answered)
    whole = [fax for fax in faxes.values() if len(fax.pages) == PAGES]
    assert len(whole) >= sum(confirmed(call) == PAGES for call in answered)
    for fax in faxes.values():
        for page, sent in zip([page for page in fax.pages if page.confirmed], spool.pages, strict=False):
            blob = page.blob
            pels = libtiff_pels(
                T6Page(
                    octets=spool.blobs.get(blob.digest),
                    width_px=blob.width_px,
                    rows=blob.rows,
                    resolution=blob.resolution,
                )
            )
            assert np.array_equal(pels[: len(sent)], sent), f"{fax.id}: a page that was confirmed differs"
    pages = sum(len(fax.pages) for fax in faxes.values())
    assert pages >= sum(confirmed(call) for call in answered), "a page that was confirmed is lost"


def confirmed(call: Finished) -> int:
    """Return how many pages the sending machine heard the confirmation of."""
    assert call.machine is not None
    return call.machine.frames.count("<MCF")
