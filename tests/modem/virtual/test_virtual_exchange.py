"""The exchange as its lines see it: numbers, ringing, busy, hang-up, and processes that die."""

import multiprocessing
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from virtual_support import DIS, NOISE, V17

from mailfax.modem.line import DialResult, IncomingCall, LineFault
from mailfax.modem.virtual import DamagedCalls, ExchangeSettings, Route, Tone, VirtualLine, list_calls, serve_exchange
from mailfax.modem.virtual.damage import Damage, FlipBits, OfKind
from mailfax.modem.virtual.messages import Answer, encode
from mailfax.modem.virtual.signals import Side, SignalKind
from mailfax.t30.commands import (
    Disconnected,
    FramesHeard,
    LineResult,
    PageHeard,
    Pause,
    ReceiveFrames,
    ReceivePage,
    SendFrames,
    SendPage,
    Sent,
)

RINGS_WITHIN_S = 20.0
LISTEN = ReceiveFrames(timeout_s=35.0)
ROUTES = (
    Route(pattern="555*", to=("in1", "in2")),
    Route(pattern="666", to=Tone.BUSY),
    Route(pattern="777", to=Tone.NO_ANSWER),
    Route(pattern="888", to=("unplugged",)),
)


@contextmanager
def served(settings: ExchangeSettings) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=serve_exchange, args=(settings, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "exchange.sock"


@pytest.fixture
def exchange(socket_path: Path) -> Iterator[None]:
    with served(ExchangeSettings(socket_path=socket_path, routes=ROUTES, no_answer_s=0.2)):
        yield


Plug = Callable[..., VirtualLine]


@pytest.fixture
def plug(socket_path: Path) -> Iterator[Plug]:
    """Put lines into service, known to the exchange from then on; their number is 100 and their count."""
    lines: list[VirtualLine] = []

    def make(name: str, *, accepts_calls: bool = True) -> VirtualLine:
        line = VirtualLine(name, f"10{len(lines)}", socket_path, accepts_calls=accepts_calls)
        line.wait_for_call(0.0)
        lines.append(line)
        return line

    yield make
    for line in lines:
        line.close()


def connect(calling: VirtualLine, called: VirtualLine, number: str = "5551234") -> IncomingCall:
    """Make a call between two lines of this thread and return how it rang."""
    with ThreadPoolExecutor() as pool:
        dialled = pool.submit(calling.dial, number)
        ringing = called.wait_for_call(RINGS_WITHIN_S)
        assert called.answer()
        assert dialled.result() is DialResult.CONNECTED
        assert ringing is not None
        return ringing


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


@pytest.mark.usefixtures("exchange")
def test_a_line_that_rings_and_does_not_answer_is_no_answer(plug: Plug) -> None:
    out, line = plug("out"), plug("in1")
    assert out.dial("5551234") is DialResult.NO_ANSWER
    # Its rings are over, so there is nothing left to hear or to answer.
    assert line.wait_for_call(0.05) is None
    assert not line.answer()


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


def die_in_mid_call(socket_path: Path) -> None:
    line = VirtualLine("in1", "200", socket_path)
    line.wait_for_call(RINGS_WITHIN_S)
    line.answer()
    line.perform(SendFrames(frames=(DIS,)))
    os.kill(os.getpid(), 9)


@pytest.mark.usefixtures("exchange")
def test_a_killed_line_process_is_a_hang_up(plug: Plug, socket_path: Path) -> None:
    out = plug("out")
    process = multiprocessing.get_context("spawn").Process(target=die_in_mid_call, args=(socket_path,))
    process.start()
    while (dialled := out.dial("5551234")) is DialResult.NO_ANSWER:
        pass  # the process is still starting
    assert dialled is DialResult.CONNECTED
    assert isinstance(out.perform(LISTEN), FramesHeard)
    assert out.perform(LISTEN) == Disconnected(at_s=pytest.approx(6.355, abs=0.5), reason="the far end hung up")
    out.hang_up()
    process.join()
    assert process.exitcode == -9
    connect(out, plug("in1"))  # and its name and its line are free again


def test_a_call_in_real_time_takes_its_time_and_gives_the_same(socket_path: Path, plug: Plug) -> None:
    def measured() -> tuple[float, list[LineResult]]:
        out, line = plug("out"), plug("in1")
        connect(out, line)
        begin_s = time.monotonic()
        results = [out.perform(Pause(seconds=0.4)), out.perform(Pause(seconds=0.3))]
        wall_s = time.monotonic() - begin_s
        out.close()
        line.close()
        return wall_s, results

    with served(ExchangeSettings(socket_path=socket_path, routes=ROUTES)):
        fast_s, fast = measured()
    with served(ExchangeSettings(socket_path=socket_path, routes=ROUTES, real_time=True, ring_s=0.1)):
        paced_s, paced = measured()
    assert paced == fast == [Sent(at_s=0.4), Sent(at_s=pytest.approx(0.7))]
    assert paced_s >= 0.6 > fast_s


def test_a_line_waits_for_an_exchange_that_starts_later_and_faults_when_it_is_gone(socket_path: Path) -> None:
    line = VirtualLine("in1", "100", socket_path)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(line.dial, "999")
        with served(ExchangeSettings(socket_path=socket_path)):
            assert waiting.result() is DialResult.NO_ANSWER
    with pytest.raises(LineFault, match="gone"):
        line.wait_for_call(5.0)
    assert not socket_path.exists()
    with served(ExchangeSettings(socket_path=socket_path)):
        assert line.dial("999") is DialResult.NO_ANSWER  # a new exchange is found again
    line.close()


def test_no_exchange_at_all_is_a_line_fault(socket_path: Path) -> None:
    line = VirtualLine("in1", "100", socket_path, connect_s=0.0)
    with pytest.raises(LineFault, match="no service"):
        line.dial("1")
    end = line.perform(LISTEN)
    assert isinstance(end, Disconnected)
    assert end.ours
    line.hang_up()
    line.close()
    line.close()
    line.stop()


@pytest.mark.usefixtures("exchange")
def test_two_lines_of_one_name_are_one_too_many(plug: Plug, socket_path: Path) -> None:
    plug("out")
    twin = VirtualLine("out", "9", socket_path, connect_s=0.0)
    with pytest.raises(LineFault, match="in service already"):
        twin.dial("1")
    twin.close()


@pytest.mark.usefixtures("exchange")
def test_the_socket_is_for_its_owner_only(plug: Plug, socket_path: Path) -> None:
    plug("out")
    assert stat.S_IMODE(socket_path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x00\x01\xc1", encode(Answer())])
def test_nonsense_costs_only_its_own_connection(plug: Plug, socket_path: Path, nonsense: bytes) -> None:
    out = plug("out")
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(socket_path))
        stranger.sendall(nonsense)
        assert stranger.recv(100) == b""
    assert out.dial("666") is DialResult.BUSY


def test_a_deep_data_folder_and_a_left_over_socket_do_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    path = folder / "exchange.sock"
    path.touch()
    with served(ExchangeSettings(socket_path=path)):
        line = VirtualLine("a", "1", path)
        assert line.dial("999") is DialResult.NO_ANSWER
        line.close()


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


def test_the_exchange_of_a_dead_parent_makes_room(socket_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    parent = context.Process(target=serve_in_a_child, args=(socket_path,))
    parent.start()
    line = VirtualLine("out", "1", socket_path, connect_s=30.0)
    assert line.dial("999") is DialResult.NO_ANSWER
    parent.kill()
    parent.join()
    with served(ExchangeSettings(socket_path=socket_path, routes=(Route(pattern="*", to=Tone.BUSY),))):
        with pytest.raises(LineFault):
            dial_as_long_as_nobody_answers(line)  # until the old exchange has noticed
        assert line.dial("999") is DialResult.BUSY
    line.close()


def dial_as_long_as_nobody_answers(line: VirtualLine) -> None:
    while line.dial("999") is DialResult.NO_ANSWER:
        pass


def serve_in_a_child(socket_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    never = context.Event()
    context.Process(target=serve_exchange, args=(ExchangeSettings(socket_path=socket_path), never)).start()
    never.wait()
