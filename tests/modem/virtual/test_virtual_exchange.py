"""The exchange as its lines see it: numbers, ringing, busy, calls and hang-up."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from virtual_support import DIS, LISTEN, NOISE, RINGS_WITHIN_S, ROUTES, V17, Plug, connect, served

from mailfax.modem.line import DialResult, IncomingCall
from mailfax.modem.virtual import DamagedCalls, ExchangeSettings, list_calls
from mailfax.modem.virtual.damage import Damage, FlipBits, OfKind
from mailfax.modem.virtual.exchange import Exchange
from mailfax.modem.virtual.messages import (
    Dial,
    HangUp,
    HungUp,
    Message,
    Register,
    Registered,
    Ringing,
    RingingStopped,
)
from mailfax.modem.virtual.signals import Side, SignalKind
from mailfax.t30.commands import (
    Disconnected,
    FramesHeard,
    PageHeard,
    Pause,
    ReceivePage,
    SendFrames,
    SendPage,
)


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize(
    ("number", "result"),
    [
        ("666", DialResult.BUSY),
        ("777", DialResult.NO_ANSWER),
        ("888", DialResult.NO_ANSWER),
        ("999", DialResult.NO_ANSWER),
        ("100", DialResult.BUSY),
    ],
    ids=["busy tone", "no answer", "no such line", "unknown number", "itself"],
)
def test_numbers_that_lead_nowhere(plug: Plug, number: str, result: DialResult) -> None:
    assert plug("out").dial(number) is result


@pytest.mark.usefixtures("exchange")
def test_a_call_shows_the_dialled_number_and_the_callers(plug: Plug) -> None:
    out, line = plug("out"), plug("in1")
    assert connect(out, line, "5551234") == IncomingCall(called="5551234", caller="100")


@pytest.mark.usefixtures("exchange")
def test_the_caller_id_can_be_given_at_dialling(plug: Plug) -> None:
    out, line = plug("out"), plug("in1")
    with ThreadPoolExecutor() as pool:
        dialled = pool.submit(out.dial, "5551234", "+4930555")
        ringing = line.wait_for_call(RINGS_WITHIN_S)
        assert ringing == IncomingCall(called="5551234", caller="+4930555")
        assert line.answer()
        assert dialled.result() is DialResult.CONNECTED


@pytest.mark.usefixtures("exchange")
def test_a_line_without_a_route_is_reached_by_its_own_number(plug: Plug) -> None:
    out, other = plug("out"), plug("other")
    assert connect(out, other, "101").called == "101"


@pytest.mark.usefixtures("exchange")
def test_what_is_sent_is_heard_and_the_hang_up_too(plug: Plug) -> None:
    out, line = plug("out"), plug("in1")
    connect(out, line)
    with ThreadPoolExecutor() as pool:
        heard = pool.submit(out.perform, LISTEN)
        sent = pool.submit(line.perform, SendFrames(frames=(DIS,)))
        result = heard.result()
        assert isinstance(result, FramesHeard)
        assert result.frames == (DIS,)
        out.hang_up()
        end = sent.result()
        assert isinstance(end, Disconnected)  # the caller left while the last flag was still on the line
    assert line.perform(LISTEN) == Disconnected(at_s=end.at_s, reason="the far end hung up")
    line.hang_up()
    line.hang_up()


@pytest.mark.usefixtures("exchange")
def test_a_hunt_group_rings_the_first_idle_line_and_is_busy_when_none_is(plug: Plug) -> None:
    out, another, third = plug("out"), plug("another"), plug("third")
    first, second = plug("in1"), plug("in2")
    connect(out, first)
    connect(another, second)
    assert third.dial("5559999") is DialResult.BUSY
    first.hang_up()
    connect(third, first)


@pytest.mark.usefixtures("exchange")
def test_a_line_that_does_not_accept_calls_is_never_rung(plug: Plug) -> None:
    out = plug("out")
    plug("in1", accepts_calls=False)
    assert out.dial("5551234") is DialResult.NO_ANSWER


def test_a_line_that_rings_and_does_not_answer_is_no_answer(socket_path: Path, plug: Plug) -> None:
    with served(ExchangeSettings(socket_path=socket_path, routes=ROUTES, no_answer_s=0.1)):
        out, line = plug("out"), plug("in1")
        assert out.dial("5551234") is DialResult.NO_ANSWER
        # Its rings are over, so there is nothing left to hear or to answer.
        assert line.wait_for_call(0.05) is None
        assert not line.answer()


def test_in_real_time_a_caller_waits_where_nobody_is(socket_path: Path, plug: Plug) -> None:
    with served(ExchangeSettings(socket_path=socket_path, routes=ROUTES, no_answer_s=0.1, real_time=True)):
        begin_s = time.monotonic()
        assert plug("out").dial("777") is DialResult.NO_ANSWER
        assert time.monotonic() - begin_s >= 0.1


def test_a_caller_is_kept_for_a_line_that_comes_into_service_late(socket_path: Path) -> None:
    async def story() -> tuple[list[Message], list[Message]]:
        exchange = Exchange(ExchangeSettings(socket_path=socket_path, routes=ROUTES))
        to_out: list[Message] = []
        to_in: list[Message] = []
        out = exchange.register(Register(name="out", number="100", accepts_calls=True), to_out.append)
        assert out is not None
        exchange.handle(out, Dial(number="5551234", caller=""))
        exchange.register(Register(name="another", number="101", accepts_calls=True), [].append)
        assert to_out == [Registered()]  # no answer yet, and none from a line that the route does not name
        exchange.register(Register(name="in1", number="102", accepts_calls=True), to_in.append)
        exchange.handle(out, HangUp())
        return to_out, to_in

    to_out, to_in = asyncio.run(story())
    assert to_in == [Registered(), Ringing(call=IncomingCall(called="5551234", caller="100")), RingingStopped()]
    assert to_out == [Registered(), HungUp()]


def test_a_call_that_is_not_answered_rings_again_after_the_cadence(socket_path: Path, plug: Plug) -> None:
    with served(ExchangeSettings(socket_path=socket_path, routes=ROUTES, ring_cadence_s=0.05)):
        out, line = plug("out"), plug("in1")
        with ThreadPoolExecutor() as pool:
            dialled = pool.submit(out.dial, "5551234")
            first = line.wait_for_call(RINGS_WITHIN_S)
            assert first is not None
            assert line.wait_for_call(RINGS_WITHIN_S) == first
            assert line.answer()
            assert dialled.result() is DialResult.CONNECTED


def test_a_call_that_is_declined_rings_on_and_is_not_told_again(socket_path: Path, plug: Plug) -> None:
    with served(ExchangeSettings(socket_path=socket_path, routes=ROUTES, ring_cadence_s=0.05)):
        out, line = plug("out"), plug("in1")
        with ThreadPoolExecutor() as pool:
            dialled = pool.submit(out.dial, "5551234")
            assert line.wait_for_call(RINGS_WITHIN_S) is not None
            line.decline()
            for _ in range(5):  # rings
                assert line.wait_for_call(0.1) is None
            out.stop()
            assert dialled.result() is DialResult.STOPPED


@pytest.mark.usefixtures("exchange")
def test_who_dials_while_it_rings_sends_the_caller_to_the_next_line(plug: Plug) -> None:
    out, first, second = plug("out"), plug("in1"), plug("in2")
    with ThreadPoolExecutor() as pool:
        dialled = pool.submit(out.dial, "5551234")
        assert first.wait_for_call(RINGS_WITHIN_S) is not None
        assert first.dial("666") is DialResult.BUSY
        assert second.wait_for_call(RINGS_WITHIN_S) is not None
        assert second.answer()
        assert dialled.result() is DialResult.CONNECTED


@pytest.mark.usefixtures("exchange")
def test_a_line_that_goes_while_it_rings_sends_the_caller_to_the_next_one(plug: Plug) -> None:
    out, first, second = plug("out"), plug("in1"), plug("in2")
    with ThreadPoolExecutor() as pool:
        dialled = pool.submit(out.dial, "5551234")
        assert first.wait_for_call(RINGS_WITHIN_S) is not None
        first.close()
        assert second.wait_for_call(RINGS_WITHIN_S) is not None
        assert second.answer()
        assert dialled.result() is DialResult.CONNECTED


def test_a_caller_who_gave_up_is_not_there_to_be_answered(socket_path: Path, plug: Plug) -> None:
    with served(ExchangeSettings(socket_path=socket_path, routes=ROUTES)):
        out, line = plug("out"), plug("in1")
        with ThreadPoolExecutor() as pool:
            dialled = pool.submit(out.dial, "5551234")
            assert line.wait_for_call(RINGS_WITHIN_S) is not None
            out.stop()
            assert dialled.result() is DialResult.STOPPED
            out.hang_up()
        again = plug("out")  # in service only once the exchange has taken note of that
        assert not line.answer()
        connect(again, line)


@pytest.mark.usefixtures("exchange")
def test_a_line_in_a_call_has_no_dial_tone(plug: Plug) -> None:
    out, line = plug("out"), plug("in1")
    connect(out, line)
    assert line.dial("666") is DialResult.NO_DIALTONE


@pytest.mark.usefixtures("exchange")
def test_stop_ends_every_wait_from_another_thread(plug: Plug) -> None:
    out, line = plug("out"), plug("in1")
    connect(out, line)
    with ThreadPoolExecutor() as pool:
        listening = pool.submit(out.perform, LISTEN)
        out.stop()
        result = listening.result()
        assert isinstance(result, Disconnected)
        assert result.ours
    assert out.wait_for_call(60.0) is None
    assert out.dial("5551234") is DialResult.STOPPED
    assert not out.answer()
    out.hang_up()
    assert isinstance(line.perform(Pause(seconds=1.0)), Disconnected)


def test_damage_is_for_the_calls_it_names_and_is_on_record(socket_path: Path, plug: Plug) -> None:
    flip = Damage(side=Side.CALLING, where=OfKind(kind=SignalKind.PAGE, number=1), harm=FlipBits(first=0, count=8))
    settings = ExchangeSettings(
        socket_path=socket_path, routes=ROUTES, damage=(DamagedCalls(damage=(flip,), pattern="5551*", call=2),)
    )
    first_octets = []
    with served(settings):
        out, line = plug("out"), plug("in1")
        for _ in range(3):
            connect(out, line)
            with ThreadPoolExecutor() as pool:
                heard = pool.submit(line.perform, ReceivePage(modulation=V17, short_training=False, timeout_s=9.0))
                out.perform(Pause(seconds=6.0))
                out.perform(SendPage(modulation=V17, short_training=False, octets=NOISE))
                page = heard.result()
                assert isinstance(page, PageHeard)
                first_octets.append(page.octets[0] ^ NOISE[0])
            out.hang_up()
            line.hang_up()
        calls = list_calls(socket_path)
    assert first_octets == [0, 0xFF, 0]
    assert [[injury.damage for injury in call.injuries] for call in calls] == [[], [flip], []]
    assert {(call.calling_line, call.called_line, call.called) for call in calls} == {("out", "in1", "5551234")}
