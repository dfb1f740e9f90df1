"""A line of the exchange, from the process that owns it: implements `mailfax.modem.line.Line`. Built by the daemon.

Synchronous: one thread asks and waits. `stop` comes from another thread through a pipe that every wait listens to.
"""

import os
import select
import socket
import threading
import time
from pathlib import Path
from typing import TypeVar

from mailfax.modem.line import DialResult, IncomingCall, LineFault
from mailfax.modem.virtual.messages import (
    LENGTH_OCTETS,
    Answer,
    Answered,
    CallRecord,
    Calls,
    Dial,
    Dialled,
    HangUp,
    HungUp,
    ListCalls,
    Message,
    MessageError,
    Perform,
    Performed,
    Register,
    Registered,
    Ringing,
    RingingStopped,
    body_length,
    decode,
    encode,
)
from mailfax.modem.virtual.unixpath import reachable
from mailfax.t30.commands import Disconnected, LineCommand, LineResult
from mailfax.t30.modulation import Modulation

CALL_GAP_S = 10.0  # a longer pause between two rings, and it is another call
CONNECT_S = 10.0
_CONNECT_AGAIN_S = 0.05
_REPLY_S = 5.0  # to what the exchange answers at once; a stuck one must not hold the line for ever
_CHUNK = 1 << 16
_STOPPED = "the line was stopped"

AnyReply = TypeVar("AnyReply", bound=Message)


class _Stopped(Exception):
    """Somebody called stop()."""


class VirtualLine:
    """One line in service at the exchange. It connects when it is first used, and again after a LineFault.

    `number` is its caller id, and its DID where no route fits a dialled number. A line that does not accept calls is
    never rung. `connect_s` is how long to wait for an exchange that has still to start.
    """

    def __init__(
        self, name: str, number: str, socket_path: Path, *, accepts_calls: bool = True, connect_s: float = CONNECT_S
    ) -> None:
        self.name = name
        self.best_modulation = Modulation.V17_14400
        self._register = Register(name=name, number=number, accepts_calls=accepts_calls)
        self._socket_path = socket_path
        self._connect_s = connect_s
        self._socket: socket.socket | None = None
        self._received = bytearray()
        self._ringing: IncomingCall | None = None
        self._last: IncomingCall | None = None
        self._declined: IncomingCall | None = None
        self._declined_s = 0.0
        self._at_s = 0.0
        self._stop_read, self._stop_write = os.pipe()
        self._closing = threading.Lock()
        self._closed = False

    # -- the Line ------------------------------------------------------------------------------------------------------

    def dial(self, number: str, caller: str = "") -> DialResult:
        """Dial and wait for an answer; `caller` is shown as caller id instead of the line's own number."""
        self._at_s = 0.0
        try:
            return self._ask(Dial(number=number, caller=caller), Dialled).result
        except _Stopped:
            return DialResult.STOPPED

    def wait_for_call(self, timeout_s: float) -> IncomingCall | None:
        """Wait for a ring. Each ring is told once; a call that is not answered rings again after the cadence."""
        deadline_s = time.monotonic() + timeout_s
        try:
            self._connect()
            while self._ringing is None or self._more_is_here():
                self._note(self._read(max(deadline_s - time.monotonic(), 0.0)))
        except _Stopped:
            return None
        except TimeoutError:
            pass
        call, self._ringing = self._ringing, None
        now_s = time.monotonic()
        if call is not None and call == self._declined and now_s - self._declined_s <= CALL_GAP_S:
            self._declined_s = now_s
            return None
        self._last = call
        return call

    def decline(self) -> None:
        """Leave the call ringing; the same one is not told again."""
        self._declined, self._declined_s = self._last, time.monotonic()

    def check(self) -> None:
        """Nothing to do: what ends the exchange ends every wait for it."""

    def answer(self) -> bool:
        """Take the call that rings."""
        self._at_s = 0.0
        try:
            return self._ask(Answer(), Answered).connected
        except _Stopped:
            return False

    def perform(self, command: LineCommand) -> LineResult:
        """Carry out one command; returns when the exchange says how it ended."""
        if self._socket is None:
            return Disconnected(at_s=self._at_s, reason="the line has no connection to the exchange", ours=True)
        try:
            result = self._ask(Perform(command=command), Performed).result
        except _Stopped:
            return Disconnected(at_s=self._at_s, reason=_STOPPED, ours=True)
        except LineFault as fault:
            return Disconnected(at_s=self._at_s, reason=str(fault), ours=True)
        self._at_s = result.at_s
        return result

    def hang_up(self) -> None:
        """Go on-hook, and wait until the exchange knows it, so that the next dial finds the line idle."""
        if self._socket is None:
            return
        try:
            self._ask(HangUp(), HungUp, _REPLY_S)
        except (_Stopped, LineFault, TimeoutError):
            self._disconnect()  # for the exchange that is a hang-up too

    def stop(self) -> None:
        """Make every waiting method return, now and from then on; from any thread."""
        with self._closing:
            if not self._closed:
                os.write(self._stop_write, b"!")

    def close(self) -> None:
        """Take the line out of service."""
        self._disconnect()
        with self._closing:
            if not self._closed:
                self._closed = True
                os.close(self._stop_read)
                os.close(self._stop_write)

    # -- the connection ------------------------------------------------------------------------------------------------

    def _ask(self, request: Message, kind: type[AnyReply], timeout_s: float | None = None) -> AnyReply:
        """Send a request and wait for its reply; rings that come in between are noted."""
        self._connect()
        self._write(request)
        while True:
            message = self._read(timeout_s)
            if isinstance(message, kind):
                return message
            self._note(message)

    def _note(self, message: Message) -> None:
        """Keep what comes unasked. The reply to a request that stop() abandoned is passed over."""
        match message:
            case Ringing(call=call):
                self._ringing = call
            case RingingStopped():
                self._ringing = None
            case _:
                pass

    def _connect(self) -> None:
        """Be in service: connect and register if that is not done; waits for the exchange to start. Raises LineFault."""
        if self._closed:
            raise LineFault("the line is closed")
        deadline_s = time.monotonic() + self._connect_s
        wait_s = 0.0
        while True:
            if select.select([self._stop_read], [], [], wait_s)[0]:
                raise _Stopped
            if self._socket is not None:
                return
            try:
                self._socket = _open(self._socket_path)
                self._write(self._register)
                self._expect_registered()
            except (OSError, LineFault) as error:
                self._disconnect()
                if time.monotonic() > deadline_s:
                    raise LineFault(f"no service from the exchange at {self._socket_path}: {error}") from None
            wait_s = _CONNECT_AGAIN_S

    def _expect_registered(self) -> None:
        reply = self._read(_REPLY_S)
        if not isinstance(reply, Registered):
            raise LineFault("it answered nonsense")
        if reply.refusal:  # perhaps only until it has noticed that the line's last process is gone
            raise LineFault(reply.refusal)

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._received.clear()
        self._ringing = None

    def _write(self, message: Message) -> None:
        assert self._socket is not None
        try:
            self._socket.sendall(encode(message))
        except OSError as error:
            self._disconnect()
            raise LineFault(f"the exchange is gone: {error}") from None

    def _more_is_here(self) -> bool:
        """Say whether something can be read without waiting."""
        assert self._socket is not None
        return bool(self._received) or bool(select.select([self._socket], [], [], 0.0)[0])

    def _read(self, timeout_s: float | None) -> Message:
        """Read one message. Raises LineFault, TimeoutError, or _Stopped."""
        assert self._socket is not None
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        try:
            while (message := take_message(self._received)) is None:
                left_s = None if deadline_s is None else max(deadline_s - time.monotonic(), 0.0)
                ready = select.select([self._socket.fileno(), self._stop_read], [], [], left_s)[0]
                if self._stop_read in ready:
                    raise _Stopped
                if not ready:
                    raise TimeoutError
                octets = self._socket.recv(_CHUNK)
                if not octets:
                    raise ConnectionResetError("it closed the connection")
                self._received += octets
        except (ConnectionError, MessageError) as error:
            self._disconnect()
            raise LineFault(f"the exchange is gone: {error}") from None
        return message


def take_message(received: bytearray) -> Message | None:
    """Take the first whole message out of what was received, if there is one. Raises MessageError."""
    if len(received) < LENGTH_OCTETS:
        return None
    end = LENGTH_OCTETS + body_length(bytes(received[:LENGTH_OCTETS]))
    if len(received) < end:
        return None
    body = bytes(received[LENGTH_OCTETS:end])
    del received[:end]
    return decode(body)


def list_calls(socket_path: Path) -> tuple[CallRecord, ...]:
    """Ask the exchange about the calls that have ended. Raises OSError, MessageError."""
    with _open(socket_path) as connection:
        connection.sendall(encode(ListCalls()))
        received = bytearray()
        while (reply := take_message(received)) is None:
            octets = connection.recv(_CHUNK)
            if not octets:
                raise ConnectionResetError("the exchange closed the connection")
            received += octets
    if not isinstance(reply, Calls):
        raise MessageError(f"{type(reply).__name__} instead of Calls")
    return reply.records


def _open(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with reachable(path) as address:
            connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection
