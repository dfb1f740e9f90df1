"""The exchange as a process: its socket, its clock, and processes that come late or die."""

import multiprocessing
import os
import socket
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from virtual_support import DIS, LISTEN, RINGS_WITHIN_S, ROUTES, Plug, connect, served

from mailfax.modem.line import DialResult, LineFault
from mailfax.modem.virtual import ExchangeSettings, Route, Tone, VirtualLine, serve_exchange
from mailfax.modem.virtual.messages import Answer, encode
from mailfax.t30.commands import (
    Disconnected,
    FramesHeard,
    LineResult,
    Pause,
    SendFrames,
    Sent,
)


@pytest.mark.usefixtures("exchange")
def test_a_closed_line_is_a_fault(plug: Plug) -> None:
    out = plug("out")
    out.close()
    with pytest.raises(LineFault, match="closed"):
        out.dial("666")


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
    def results() -> list[LineResult]:
        out, line = plug("out"), plug("in1")
        connect(out, line)
        paused = [out.perform(Pause(seconds=0.4)), out.perform(Pause(seconds=0.3))]
        out.close()
        line.close()
        return paused

    with served(ExchangeSettings(socket_path=socket_path, routes=ROUTES)):
        fast = results()
    with served(ExchangeSettings(socket_path=socket_path, routes=ROUTES, real_time=True, ring_s=0.1)):
        begin_s = time.monotonic()
        paced = results()
        assert time.monotonic() - begin_s >= 0.1 + 0.7
    assert paced == fast == [Sent(at_s=0.4), Sent(at_s=pytest.approx(0.7))]


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
