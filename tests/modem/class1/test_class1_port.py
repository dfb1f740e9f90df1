"""The serial port against the kernel's own: a pseudo-terminal whose other end the test holds."""

import contextlib
import os
import socket
import threading
import tty
from collections.abc import Iterator

import pytest

from mailfax.modem.at.port import SerialPort
from mailfax.modem.class1 import Class1Settings, FlowControl, open_class1
from mailfax.modem.line import LineFault

XON, XOFF = b"\x11", b"\x13"


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    """Open a pseudo-terminal; the modem's end and the path of ours."""
    modem_end, our_end = os.openpty()
    tty.setraw(our_end)
    path = os.ttyname(our_end)
    os.close(our_end)
    yield modem_end, path
    os.close(modem_end)


def port(path: str, flow: FlowControl = FlowControl.NONE, stall_s: float = 0.2) -> SerialPort:
    return SerialPort(Class1Settings(device=path, flow_control=flow, write_stall_s=stall_s))


def read_all(opened: SerialPort) -> bytes:
    got = b""
    while piece := opened.read():
        got += piece
    return got


def test_octets_pass_both_ways_as_they_are(pty: tuple[int, str]) -> None:
    modem_end, path = pty
    opened = port(path)
    every = bytes(range(256))
    opened.write(every)
    assert os.read(modem_end, 999) == every
    assert not opened.pending()
    os.write(modem_end, every)
    assert read_all(opened) == every
    opened.close()


def test_a_modem_that_takes_nothing_is_a_fault_in_bounded_time(pty: tuple[int, str]) -> None:
    opened = port(pty[1])
    with pytest.raises(LineFault, match="takes no more data"):
        opened.write(bytes(200_000))
    opened.close()


def test_a_write_that_waits_is_ended_from_another_thread(pty: tuple[int, str]) -> None:
    opened = port(pty[1], stall_s=60)
    full = threading.Timer(0.2, opened.interrupt)
    full.start()
    opened.write(bytes(6000))
    full.join()
    opened.close()
    opened.interrupt()


def test_xoff_holds_page_data_and_is_data_at_any_other_time(pty: tuple[int, str]) -> None:
    modem_end, path = pty
    opened = port(path, FlowControl.XON_XOFF)
    opened.flow(sending=True)
    os.write(modem_end, XOFF)
    with pytest.raises(LineFault, match="takes no more data"):
        opened.write(b"page" * 3000)
    opened.drop_output()
    os.write(modem_end, XON)
    opened.flow(sending=False)
    os.write(modem_end, b"a" + XOFF + XON + b"b")
    assert read_all(opened).endswith(b"a" + XOFF + XON + b"b")
    opened.close()


def test_a_port_is_used_by_one_at_a_time(pty: tuple[int, str]) -> None:
    opened = port(pty[1])
    with pytest.raises(LineFault, match="cannot be used"):
        port(pty[1])
    opened.close()
    port(pty[1]).close()


def test_a_device_that_goes_away_is_a_fault() -> None:
    modem_end, our_end = os.openpty()
    opened = port(os.ttyname(our_end))
    os.close(our_end)
    os.close(modem_end)
    with pytest.raises(LineFault, match="cannot be used"):
        opened.read()
    opened.close()
    with pytest.raises(LineFault, match="cannot be used"):
        opened.write(b"AT\r")


@pytest.fixture
def modem_server() -> Iterator[tuple[str, threading.Event]]:
    """Serve a modem on TCP that says OK to everything, until told to go away; its port and that event."""
    listener = socket.create_server(("127.0.0.1", 0))
    go_away = threading.Event()

    def serve() -> None:
        with listener.accept()[0] as connection:
            connection.settimeout(0.05)
            while not go_away.is_set():
                with contextlib.suppress(TimeoutError):
                    connection.sendall(b"\r\nOK\r\n" * connection.recv(999).count(b"\r"))

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"127.0.0.1:{listener.getsockname()[1]}", go_away
    go_away.set()
    thread.join()
    listener.close()


def test_a_modem_on_a_network_port_is_used_alike_and_missed_when_it_is_gone(
    modem_server: tuple[str, threading.Event],
) -> None:
    address, go_away = modem_server
    line = open_class1(Class1Settings(device=f"socket://{address}"))
    assert line.wait_for_call(0.1) is None
    go_away.set()
    with pytest.raises(LineFault, match=r"socket://.*cannot be used"):
        line.wait_for_call(30)
    line.stop()
    line.close()


def test_nobody_listens_on_the_network_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port_number = taken.getsockname()[1]
    for scheme in ("socket", "rfc2217"):
        with pytest.raises(LineFault, match="cannot be used"):
            open_class1(Class1Settings(device=f"{scheme}://127.0.0.1:{port_number}"))


def test_nothing_that_is_done_with_a_device_that_went_away_is_more_than_a_fault() -> None:
    modem_end, our_end = os.openpty()
    opened = port(os.ttyname(our_end), FlowControl.XON_XOFF)
    os.close(our_end)
    os.close(modem_end)
    for attempt in (opened.read, opened.pending, opened.drop_output, lambda: opened.write(b"AT\r")):
        with pytest.raises(LineFault, match="cannot be used"):
            attempt()
    opened.drop_dtr()
    opened.raise_dtr()
    opened.interrupt()
    opened.close()
