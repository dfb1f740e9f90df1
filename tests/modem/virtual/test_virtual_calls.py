"""Whole T.30 calls over the virtual line: the engines, real HDLC, real time on the line's clock, and what damage does."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from virtual_support import MemoryKeeper

from mailfax.model.call import PageConfirmed, TrainingFailed
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, Resolution
from mailfax.modem.line import DialResult
from mailfax.modem.pump import run_call
from mailfax.modem.virtual import ExchangeSettings, Route, VirtualLine, list_calls, serve_exchange
from mailfax.modem.virtual.damage import (
    Between,
    BitErrors,
    CutLine,
    Damage,
    FlipBits,
    LimitRate,
    LoseCarrier,
    NthFrame,
    OfKind,
)
from mailfax.modem.virtual.pair import JoinedEnds, run_joined
from mailfax.modem.virtual.signals import Side, SignalKind
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import Engine
from mailfax.t30.frames import Fcf
from mailfax.t30.negotiate import Offer

RTC = bytes.fromhex("001001001001001001")
PAGES = tuple(random.Random(number).randbytes(octets) + RTC for number, octets in enumerate((20_000, 30_000, 3_000)))
OFFER = Offer(codings=(Coding.MH,), resolutions=(Resolution.FINE, Resolution.STANDARD))


def caller_of(pages: tuple[bytes, ...]) -> Engine:
    return call(CallerJob(pages=len(pages), station_id="5550001", offer=OFFER))


def answerer() -> Engine:
    return answer(AnswererStation(station_id="5551234", offer=OFFER))


def make_call(*damage: Damage) -> tuple[JoinedEnds, MemoryKeeper, MemoryKeeper]:
    sender, receiver = MemoryKeeper(PAGES), MemoryKeeper()
    return run_joined(caller_of(PAGES), sender, answerer(), receiver, damage), sender, receiver


def received(keeper: MemoryKeeper) -> tuple[bytes, ...]:
    return tuple(keeper.received[index] for index in sorted(keeper.received))


def confirmations(keeper: MemoryKeeper) -> int:
    return sum(isinstance(event, PageConfirmed) for event in keeper.events)


def test_three_pages_arrive_octet_for_octet_in_the_time_that_they_take() -> None:
    ends, sender, receiver = make_call()
    assert received(receiver) == PAGES
    assert (ends.calling.outcome, ends.called.outcome) == (Outcome.DELIVERED, Outcome.RECEIVED)
    assert (ends.calling.modulation, ends.calling.bit_rate) == ("V.17", 14400)
    assert confirmations(sender) == 3
    assert ends.injuries == ()
    # perf.md, section 4: 13.4 s to set up, then 0.22 s and 2.47 s of protocol a page, and 1.23 s for DCN
    page_s = sum(8 * len(page) / 14400 for page in PAGES)
    assert ends.seconds == pytest.approx(13.4 + page_s + 3 * (0.22 + 2.47) + 1.23, rel=0.05)


def test_the_same_call_is_the_same_to_the_last_digit() -> None:
    noise = Damage(side=Side.CALLING, where=Between(from_s=0.0), harm=BitErrors(rate=1e-3, seed=3))
    first, second = make_call(noise), make_call(noise)
    assert first[0] == second[0]
    assert received(first[2]) == received(second[2])
    assert first[0].injuries


@pytest.mark.parametrize(("limit", "reached"), [(12000, 12000), (9600, 9600), (7200, 7200), (4800, 4800), (2400, 2400)])
def test_training_falls_back_to_what_the_line_can_carry(limit: int, reached: int) -> None:
    bad_line = Damage(side=Side.CALLING, where=Between(from_s=0.0), harm=LimitRate(max_bit_rate=limit))
    ends, sender, receiver = make_call(bad_line)
    assert any(isinstance(event, TrainingFailed) for event in sender.events)
    assert ends.injuries
    assert ends.calling.bit_rate == reached
    assert received(receiver) == PAGES


def test_a_page_with_wrong_bits_arrives_wrong() -> None:
    flip = Damage(side=Side.CALLING, where=OfKind(kind=SignalKind.PAGE, number=2), harm=FlipBits(first=8000, count=8))
    ends, _, receiver = make_call(flip)
    assert [got == sent for got, sent in zip(received(receiver), PAGES, strict=True)] == [True, False, True]
    assert receiver.received[1][1000] == PAGES[1][1000] ^ 0xFF
    assert [injury.bits for injury in ends.injuries] == [8]


@pytest.mark.parametrize(
    "damage",
    [
        Damage(side=Side.CALLED, where=NthFrame(fcf=Fcf.DIS), harm=FlipBits(first=30)),
        Damage(side=Side.CALLING, where=NthFrame(fcf=Fcf.DCS), harm=FlipBits(first=30)),
        Damage(side=Side.CALLED, where=NthFrame(fcf=Fcf.CFR), harm=LoseCarrier()),
        Damage(side=Side.CALLING, where=NthFrame(fcf=Fcf.MPS), harm=LoseCarrier()),
        Damage(side=Side.CALLED, where=NthFrame(fcf=Fcf.MCF), harm=FlipBits(first=20)),
        Damage(side=Side.CALLED, where=NthFrame(fcf=Fcf.MCF, number=3), harm=LoseCarrier()),
        Damage(side=Side.CALLING, where=NthFrame(fcf=Fcf.EOP), harm=BitErrors(rate=0.1)),
        Damage(side=Side.CALLING, where=OfKind(kind=SignalKind.FRAMES, number=1), harm=LoseCarrier()),
        Damage(side=Side.CALLING, where=OfKind(kind=SignalKind.TRAINING, number=1), harm=BitErrors(rate=0.1)),
    ],
    ids=["DIS", "DCS", "CFR", "MPS", "MCF", "last MCF", "EOP", "first burst", "TCF"],
)
def test_a_lost_signal_costs_time_and_no_page(damage: Damage) -> None:
    clean, _, _ = make_call()
    ends, sender, receiver = make_call(damage)
    assert len(ends.injuries) == 1
    assert ends.seconds > clean.seconds + 2.0
    assert (ends.calling.outcome, ends.called.outcome) == (Outcome.DELIVERED, Outcome.RECEIVED)
    assert received(receiver) == PAGES
    assert confirmations(sender) == 3


def test_a_line_cut_in_the_second_page_leaves_one_page_confirmed_at_both_ends() -> None:
    cut = Damage(side=Side.CALLING, where=OfKind(kind=SignalKind.PAGE, number=2), harm=CutLine(after_s=5.0))
    ends, sender, receiver = make_call(cut)
    assert len(ends.injuries) == 1
    assert ends.calling.outcome is Outcome.CALL_DROPPED
    assert (ends.calling.confirmed_pages, confirmations(sender)) == (1, 1)
    assert receiver.received[0] == PAGES[0]
    assert ends.called.outcome is not Outcome.RECEIVED


def test_a_dead_line_ends_the_call_at_both_ends() -> None:
    cut = Damage(side=Side.CALLED, where=Between(from_s=3.0), harm=CutLine())
    ends, _, receiver = make_call(cut)
    assert ends.calling.outcome is Outcome.NO_FAX
    assert receiver.received == {}


def test_three_calls_at_once_through_the_exchange(tmp_path: Path) -> None:
    socket_path = tmp_path / "exchange.sock"
    names = ("in1", "in2", "in3")
    stop = threading.Event()
    settings = ExchangeSettings(socket_path=socket_path, routes=(Route(pattern="*", to=names),))
    receivers = [MemoryKeeper() for _ in names]

    def take_one(name: str, keeper: MemoryKeeper) -> Outcome:
        line = VirtualLine(name, "", socket_path)
        assert line.wait_for_call(60.0) is not None
        assert line.answer()
        result = run_call(answerer(), line, keeper)
        line.close()
        return result.outcome

    def send_one(number: str) -> Outcome:
        line = VirtualLine(f"out{number}", number, socket_path)
        while line.dial(number) is not DialResult.CONNECTED:
            pass  # the other ends are still coming into service
        result = run_call(caller_of(PAGES), line, MemoryKeeper(PAGES))
        line.close()
        return result.outcome

    with ThreadPoolExecutor(max_workers=8) as pool:
        pool.submit(serve_exchange, settings, stop)
        taken = [pool.submit(take_one, name, keeper) for name, keeper in zip(names, receivers, strict=True)]
        sent = [pool.submit(send_one, number) for number in ("1", "2", "3")]
        assert [each.result() for each in sent] == [Outcome.DELIVERED] * 3
        assert [each.result() for each in taken] == [Outcome.RECEIVED] * 3
        records = list_calls(socket_path)
        stop.set()
    assert [received(keeper) for keeper in receivers] == [PAGES] * 3
    assert len(records) == 3
    assert len({record.seconds for record in records}) == 1  # each call had its own clock, and all were alike
