"""V.17 trains long in each TCF and after a CTC, and short before everything else (T.30, 5.3.6.1.3 and A.4.1), at both ends alike.

A gateway that forgot it once failed every call that needed a second training. The joined line hears a page only when both mean the
same training, so that a call which ends well is a proof; what each side asked for is looked at as well.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from joined import Damage, Keeper, Party, Signal, join, lose_frames, names, spoil_tcf

from mailfax.model.outcome import Outcome
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import (
    Engine,
    PageStored,
    ReceiveBlock,
    ReceivePage,
    SendBlock,
    SendFrames,
    SendPage,
    SendTraining,
)
from mailfax.t30.frames import Fcf, build_frame
from mailfax.t30.negotiate import FULL_OFFER, Offer

RTC = bytes.fromhex("001001001001001001")
PAGE = b"1" * 900 + RTC
GOOD = PageStored(rows=1000, bad_rows=0, longest_bad_run=0)
BAD = PageStored(rows=1000, bad_rows=200, longest_bad_run=3)
NEARLY = PageStored(rows=1000, bad_rows=20, longest_bad_run=3)


def watched(engine: Engine, log: list[str]) -> Engine:
    """Run an engine and write down each training that it asks for."""
    command = next(engine)
    while True:
        match command:
            case SendTraining():
                log.append("TCF")
            case SendPage(short_training=short) | ReceivePage(short_training=short):
                log.append("short" if short else "long")
            case SendBlock(short_training=short) | ReceiveBlock(short_training=short):
                log.append("short" if short else "long")
        try:
            command = engine.send((yield command))
        except StopIteration as end:
            return end.value


def run(
    job: CallerJob, damage: Damage, judge: Callable[[bytes], PageStored], offer: Offer
) -> tuple[list[str], list[str]]:
    sent: list[str] = []
    heard: list[str] = []
    pages = (PAGE,) * 3
    caller = Party(watched(call(job), sent), Keeper(pages=pages))
    station = AnswererStation(offer=offer, quality=replace(AnswererStation().quality, retrain_share=0.99))
    answerer = Party(watched(answer(station), heard), Keeper(judge=judge))
    results = join(caller, answerer, damage)
    assert (results[0].outcome, results[1].outcome) == (Outcome.DELIVERED, Outcome.RECEIVED)
    return sent, heard


def undamaged(_name: str, signal: Signal) -> Signal | None:
    return signal


def judged(*verdicts: PageStored) -> Callable[[bytes], PageStored]:
    left = list(verdicts)
    return lambda _: left.pop(0) if left else GOOD


PLAIN = CallerJob(pages=2)
TWO_DOCUMENTS = CallerJob(pages=1, following=(CallerJob(pages=1),))
ECM = CallerJob(pages=2, offer=FULL_OFFER)


@pytest.mark.parametrize(
    ("job", "damage", "judge", "trainings"),
    [
        (PLAIN, undamaged, judged(), ["TCF", "short", "short"]),
        (PLAIN, spoil_tcf(1), judged(), ["TCF", "TCF", "short", "short"]),
        (PLAIN, undamaged, judged(BAD), ["TCF", "short", "TCF", "short", "short"]),
        (PLAIN, undamaged, judged(NEARLY), ["TCF", "short", "TCF", "short"]),
        (TWO_DOCUMENTS, undamaged, judged(), ["TCF", "short", "TCF", "short"]),
        (ECM, undamaged, judged(), ["TCF", "short", "short"]),
        (ECM, lose_frames((0,)), judged(), ["TCF", "short", "short", "short"]),
        (ECM, lose_frames((0,), (0,), (0,), (0,)), judged(), ["TCF", *["short"] * 4, "long", "short"]),
    ],
    ids=["plain", "FTT", "RTN", "RTP", "EOM", "ECM", "PPR", "CTC"],
)
def test_long_and_short(
    job: CallerJob, damage: Damage, judge: Callable[[bytes], PageStored], trainings: list[str]
) -> None:
    sent, heard = run(job, damage, judge, FULL_OFFER)
    assert sent == trainings
    listened = [training for training in trainings if training != "TCF"]
    if "long" in trainings:  # behind the fourth PPR frames are due too, and V.21 comes in their place: the CTC
        listened.insert(listened.index("long"), "short")
    assert heard == listened


def test_a_page_whose_carrier_follows_a_lost_answer_is_still_short() -> None:
    """Our MCF is lost, the command is answered again, and the next page trains short: nobody has trained anew."""
    mcf = build_frame(Fcf.MCF, x=False)
    lost: list[Signal] = []

    def lose_first_mcf(name: str, signal: Signal) -> Signal | None:
        if name == "answerer" and isinstance(signal, SendFrames) and mcf in signal.frames and not lost:
            lost.append(signal)
            return None
        return signal

    sent, _ = run(PLAIN, lose_first_mcf, judged(), FULL_OFFER)
    assert [names(signal) for signal in lost] == ["MCF"]
    assert sent == ["TCF", "short", "short"]
