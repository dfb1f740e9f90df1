"""A modem that fails in any phase of a call, in any way, for half a minute: the line comes back alone, and the fax arrives or is uncertain.

Over libspandsp's modem in lock-step, so minutes of the line take part of a second, and no load changes a result.
"""

from pathlib import Path

import pytest
from lab.documents import read_pages, write_letter
from lab.linebench import LineBench, Sabotage, Spool, Trouble, spool_of

from mailfax.model.job import JobState
from mailfax.model.line import LineState
from mailfax.model.outcome import Outcome
from mailfax.modem.class1 import Class1Settings
from mailfax.t4codec import warm

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

NUMBER = "5551234"
LIMIT_S = 1800.0
PHASES = {
    "idle": ("AT\r", 1),
    "dialling": ("ATD", 1),
    "identifying": (r"AT\+FRH=3", 1),
    "sending its wishes": (r"AT\+FTH=3", 1),
    "training": (r"AT\+FTM=145", 1),
    "hearing the answer to the training": (r"AT\+FRH=3", 2),
    "a page": (r"AT\+FTM=146", 1),
    "end of the page": (r"AT\+FTH=3", 2),
    "hearing the confirmation": (r"AT\+FRH=3", 4),
    "hanging up": ("ATH", 1),
}
SHORT = {"a page"}  # of this every trouble is part of make test; the rest is in make interop
HURT = {
    "training",
    "a page",
}  # of these the call is seen to have failed; elsewhere a trouble may be over before it matters


class OneFax(LineBench):
    """A line that has one fax to send, and is done when that has an end and the line is up again."""

    job_id = ""
    well_for = 0

    def idle(self) -> None:
        over = self.desk.store.job(self.job_id).state.final  # type: ignore[union-attr]
        trouble_over = self.sabotage is None or (self.sabotage.begun_s is None and over)
        self.well_for = self.well_for + 1 if over and trouble_over else 0
        if self.well_for > 5 or self.exchange.inner.now_s > LIMIT_S:
            self.stop.set()


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    warm()
    return write_letter(tmp_path_factory.mktemp("letters") / "letter.tif", 1, "standard")


def send(spool: Spool, phase: str, trouble: Trouble) -> OneFax:
    after, nth = PHASES[phase]
    bench = OneFax(name="usb", spool=spool, sabotage=Sabotage(trouble=trouble, after=after, nth=nth))
    bench.exchange.route("*", f"receive:{spool.folder}/got.tif")
    bench.job_id = spool.queue(NUMBER)
    bench.run()
    return bench


@pytest.mark.parametrize("fax_class", ["1", "1.0"])
def test_without_trouble_a_fax_goes_out_at_once_in_either_class(letter: Path, tmp_path: Path, fax_class: str) -> None:
    with spool_of(tmp_path, letter) as spool:
        settings = Class1Settings(
            device="lockstep", fax_class=fax_class, adaptive="AT+FAR=1", adaptive_answer="AT+FAA=1"
        )
        bench = OneFax(name="usb", spool=spool, settings=settings)
        bench.exchange.route("*", f"receive:{tmp_path}/got.tif")
        bench.job_id = spool.queue(NUMBER)
        bench.run()
        (attempt,) = spool.store.attempts(bench.job_id)
    assert attempt.result is not None
    assert attempt.result.outcome is Outcome.DELIVERED
    assert len(read_pages(tmp_path / "got.tif")) == 1


CASES = [
    pytest.param(phase, trouble, marks=() if phase in SHORT else pytest.mark.interop)
    for phase in PHASES
    for trouble in Trouble
]


@pytest.mark.parametrize(("phase", "trouble"), CASES)
def test_the_line_comes_back_alone_and_the_fax_has_an_end(
    letter: Path, tmp_path: Path, phase: str, trouble: Trouble
) -> None:
    with spool_of(tmp_path, letter) as spool:
        bench = send(spool, phase, trouble)
        store, job = spool.store, spool.store.job(bench.job_id)
        assert job is not None
        attempts = store.attempts(job.id)
        (line,) = store.lines()
        states = [row.became for row in store.history("line:usb")]

        assert bench.exchange.inner.now_s < LIMIT_S, (states, attempts)
        assert all(attempt.result is not None for attempt in attempts)
        assert LineState.QUARANTINED not in states
        assert states[-2:] == [LineState.UP, LineState.STOPPED]
        assert line.state is LineState.STOPPED
        assert job.state in {JobState.DELIVERED, JobState.UNCERTAIN}
        if job.state is JobState.DELIVERED:
            (got,) = read_pages(tmp_path / "got.tif")
            assert (got[-len(spool.pages[0]) :] == spool.pages[0]).all()
        if phase in HURT:
            first = attempts[0].result
            assert first is not None
            assert first.outcome is not Outcome.DELIVERED
            assert len(attempts) > 1 or job.state is JobState.UNCERTAIN
        assert not list((tmp_path / "spool" / "calls").glob("*/C*"))
