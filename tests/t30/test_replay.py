"""Transcripts: a call is written down signal by signal and run again; a change of ours shows at the first signal that differs."""

from dataclasses import replace
from pathlib import Path

import pytest
from test_damage import Book, delivered, on_page

from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding
from mailfax.modem.line import Line
from mailfax.modem.pump import Keeper, run_call
from mailfax.modem.transcript import TranscribedKeeper, TranscribedLine
from mailfax.modem.virtual.damage import CutLine, Damage, LimitRate, LoseCarrier, NthFrame
from mailfax.modem.virtual.pair import JoinedEnds, join
from mailfax.modem.virtual.signals import Side
from mailfax.t30.addressing import Addressing
from mailfax.t30.answerer import AnswererStation, Offered, PollRequest, answer
from mailfax.t30.caller import AfterRtn, CallerJob, call
from mailfax.t30.commands import Engine
from mailfax.t30.frames import Fcf
from mailfax.t30.negotiate import FULL_OFFER, Offer
from mailfax.t30.replay import NotReplayable, parse, replay
from mailfax.t30.transcript import Row, read_station, station_row

PLAIN = CallerJob(pages=2, station_id="+1 555")
ECM = CallerJob(pages=2, station_id="+1 555", offer=FULL_OFFER)
DAMAGES = {
    "none": (),
    "gap": (on_page(1, LoseCarrier(after_s=2.0, duration_s=0.3)),),
    "9600": (on_page(None, LimitRate(max_bit_rate=9600)),),
    "MCF lost": (Damage(side=Side.CALLED, where=NthFrame(fcf=Fcf.MCF), harm=LoseCarrier()),),
    "CFR lost": (Damage(side=Side.CALLED, where=NthFrame(fcf=Fcf.CFR), harm=LoseCarrier()),),
    "cut": (on_page(2, CutLine(after_s=3.0)),),
}


CALLED = AnswererStation(station_id="5551234", offer=FULL_OFFER)
POLL = AnswererStation(station_id="5559000", offer=FULL_OFFER, poll=PollRequest())
OFFERING = replace(CALLED, offered=(Offered(label="P1", pages=2), Offered(label="P2", pages=1, selector="77")))


def recorded(
    job: CallerJob | AnswererStation, damage: tuple[Damage, ...], station: AnswererStation = CALLED
) -> tuple[JoinedEnds, list[str], list[str]]:
    """Make a call and write it down at both ends."""
    from concurrent.futures import ThreadPoolExecutor

    calling_line, called_line = join(damage=damage)
    written: tuple[list[str], list[str]] = ([], [])

    def converse(engine: Engine, line: Line, keeper: Keeper, rows: list[str], head: Row) -> object:
        rows.append(f"{head}\n")
        transcribed = TranscribedLine(line, rows.append)
        return run_call(engine, transcribed, TranscribedKeeper(keeper, transcribed, rows.append))

    def take() -> object:
        called_line.wait_for_call(60)
        called_line.answer()
        return converse(answer(station), called_line, Book(), written[1], station_row(station))

    with ThreadPoolExecutor(max_workers=1) as pool:
        other = pool.submit(take)
        calling_line.dial("5551234")
        result = converse(
            answer(job) if isinstance(job, AnswererStation) else call(job),
            calling_line,
            Book(),
            written[0],
            station_row(job),
        )
        ends = JoinedEnds(
            calling=result,  # type: ignore[arg-type]
            called=other.result(),  # type: ignore[arg-type]
            seconds=calling_line.seconds,
            injuries=calling_line.injuries,
        )
    return ends, *written


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("job", [PLAIN, ECM], ids=["plain", "ECM"])
def test_a_call_is_replayed_at_either_end(job: CallerJob, name: str) -> None:
    ends, calling, called = recorded(job, DAMAGES[name])
    assert bool(ends.injuries) == (name != "none")
    for rows, result in ((calling, ends.calling), (called, ends.called)):
        again = replay(parse(rows))
        assert again.difference == ""
        assert again.result is not None
        assert replace(again.result, seconds=0) == replace(result, seconds=0)


@pytest.mark.parametrize("selector", ["", "77", "9"])
def test_a_poll_is_replayed_at_either_end(selector: str) -> None:
    poll = replace(POLL, poll=PollRequest(selector=selector))
    ends, calling, called = recorded(poll, (), OFFERING)
    given = Outcome.POLL_REFUSED if selector == "9" else Outcome.DELIVERED
    assert (ends.called.outcome, ends.calling.outcome) == (
        given,
        Outcome.RECEIVED if given is Outcome.DELIVERED else given,
    )
    for rows, result in ((calling, ends.calling), (called, ends.called)):
        again = replay(parse(rows))
        assert again.difference == ""
        assert again.result is not None
        assert replace(again.result, seconds=0) == replace(result, seconds=0)


def test_two_documents_are_replayed_each_with_its_result() -> None:
    job = replace(ECM, following=(replace(PLAIN, addressing=Addressing(subaddress="1387")),))
    ends, calling, called = recorded(job, ())
    assert [one.outcome for one in ends.calling.documents] == [Outcome.DELIVERED] * 2
    for rows in (calling, called):
        assert replay(parse(rows)).difference == ""


def test_no_page_content_is_written_down() -> None:
    ends, calling, called = recorded(ECM, DAMAGES["none"])
    assert delivered(ends)
    assert max(len(row) for row in (*calling[1:], *called[1:])) < 200
    assert len(calling) < 30


def test_another_behaviour_shows_at_the_first_signal_that_differs() -> None:
    _, calling, _ = recorded(ECM, DAMAGES["none"])
    changed = [row.replace("c1", "41", 1) if "\tDCS\t" in row else row for row in calling]
    again = replay(parse(changed))
    assert again.result is None
    assert "DCS" in again.difference


def test_a_transcript_that_was_cut_short() -> None:
    _, calling, _ = recorded(PLAIN, DAMAGES["none"])
    again = replay(parse(calling[: len(calling) // 2]))
    assert again.difference.startswith("the transcript is over, but the engine goes on")
    longer = replay(parse([*calling, calling[-1]]))
    assert longer.difference.startswith("the engine ended, but the call went on")
    assert longer.result is not None
    assert longer.result.outcome is Outcome.DELIVERED


@pytest.mark.parametrize("lines", [["nonsense\n"], ["0.0\t#\tdial\t\tx\n"], ["0.0\t#\tcaller\t\t{}\n"], []])
def test_what_is_no_transcript(lines: list[str]) -> None:
    with pytest.raises(NotReplayable):
        replay(parse(lines))


@pytest.mark.parametrize(
    "station",
    [
        PLAIN,
        CallerJob(
            pages=9,
            done=frozenset({1, 2, 3, 7}),
            following=(PLAIN, PLAIN),
            after_rtn=AfterRtn.RETRANSMIT_THEN_GO_ON,
            offer=FULL_OFFER,
        ),
        AnswererStation(station_id="5", offer=Offer(codings=(Coding.MR,), ecm=True)),
        POLL,
        OFFERING,
    ],
)
def test_what_a_station_was_to_do_is_read_again(station: CallerJob | AnswererStation) -> None:
    assert read_station(Row.parse(str(station_row(station)))) == station


def test_a_slow_disk_is_written_down_since_it_changes_what_is_said() -> None:
    _, _, called = recorded(PLAIN, DAMAGES["none"])
    again = replay(parse(row.replace("in a run", "in a run, took 2.5 s", 1) for row in called))
    assert again.result is None
    assert "the engine listens" in again.difference


# -- whole calls as text -------------------------------------------------------------------------------------------------

SCRIPTS = sorted((Path(__file__).parent / "calls").glob("*.call"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_call_that_was_is_the_same_today(script: Path) -> None:
    """Each names its clause in its first row and its outcome in the last; `make_calls.py` writes them."""
    rows = parse(script.read_text().splitlines())
    assert rows[0].what.startswith("T.30, ")
    again = replay(rows)
    assert again.difference == ""
    assert again.result is not None
    assert again.result.outcome.code == rows[-1].what


def test_the_scripts_are_many_and_end_in_every_way() -> None:
    ends = {parse(script.read_text().splitlines())[-1].what for script in SCRIPTS}
    assert len(SCRIPTS) >= 60
    assert ends >= {
        "delivered",
        "received",
        "uncertain",
        "page-refused",
        "training-failed",
        "no-response",
        "call-dropped",
    }
