"""A telephone line with a Class 1 modem on it: implements `mailfax.modem.line.Line` for the line process and `onecall`."""

import time
from collections.abc import Callable
from typing import assert_never

import structlog

from mailfax.modem.at.attention import dial_command, hang_up, hear_rings, set_up
from mailfax.modem.at.dialogue import Result, Stopped
from mailfax.modem.at.idle import Idle
from mailfax.modem.at.port import Port, SerialPort
from mailfax.modem.at.ringing import DidMemory, RingWords
from mailfax.modem.class1.receiver import Burst, Heard, Miss, Receiver
from mailfax.modem.class1.settings import Class1Settings
from mailfax.modem.class1.transmitter import Transmitter
from mailfax.modem.class1.turn import CallOver, Last, Ready, Side, Turn, best_modulation
from mailfax.modem.line import DialResult, IncomingCall, LineFault, NotAFax
from mailfax.t30.commands import (
    BlockHeard,
    Disconnected,
    FramesHeard,
    LineCommand,
    LineResult,
    PageHeard,
    Pause,
    ReceiveBlock,
    ReceiveFrames,
    ReceivePage,
    ReceiveTraining,
    SendBlock,
    SendFrames,
    SendPage,
    SendTraining,
    Sent,
    Silence,
    TrainingHeard,
    WrongCarrier,
)
from mailfax.t30.hdlc import read_block

_DIAL_RESULTS = {
    Result.CONNECT: DialResult.CONNECTED,
    Result.BUSY: DialResult.BUSY,
    Result.NO_ANSWER: DialResult.NO_ANSWER,
    Result.NO_DIALTONE: DialResult.NO_DIALTONE,
    Result.NO_CARRIER: DialResult.NO_CARRIER,
    Result.REFUSED: DialResult.REFUSED,
    None: DialResult.NO_CARRIER,  # our own time-out: no fax tone was heard
}
_log = structlog.get_logger(__name__)


def open_class1(settings: Class1Settings, *, memory: DidMemory | None = None) -> "Class1Line":
    """Open the device and make the modem ready. Raises LineFault with what is wrong.

    Give the same `memory` each time the device is opened again, and what was learnt of the line is not forgotten.
    """
    port = SerialPort(settings)
    try:
        return Class1Line(settings, port, memory=memory)
    except LineFault:
        port.close()
        raise


class Class1Line:
    """One modem. A call is `dial` or `wait_for_call` + `answer`, then `perform`, then `hang_up`; see the Line protocol.

    `best_modulation` is the fastest that the modem both sends and receives; more must not be offered to a far end.
    """

    def __init__(
        self,
        settings: Class1Settings,
        port: Port,
        *,
        memory: DidMemory | None = None,
        clock: Callable[[], float] = time.monotonic,
        heard: RingWords = (),
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._port = port
        self._idle = Idle(settings, port, memory, clock, heard)
        self._dialogue = self._idle.dialogue
        self._answered_s = clock()
        self._unsettled = False  # the modem may be in another state than command state
        self._new_call(Ready.NOTHING)
        self._idle.ready(self._wake)

    # -- call set-up and end

    def dial(self, number: str) -> DialResult:
        """Dial and wait until V.21 is heard, or until the modem says why not."""
        text = dial_command(self._settings, number)
        try:
            self._idle.ready(self._wake)
            self._dialogue.in_call = self._unsettled = True
            result = self._dialogue.command(text, self._settings.dial_timeout_s)
            if result is None:  # no fax tone in all that time; or no modem any more
                self._dialogue.break_off("dialling")
        except Stopped:
            return DialResult.STOPPED
        if result not in _DIAL_RESULTS:
            raise LineFault(f"The modem does not dial {number}: it says {self._dialogue.last_line!r}.")
        self._new_call(Ready.TO_HEAR if result is Result.CONNECT else Ready.NOTHING)
        self._unsettled = False
        return _DIAL_RESULTS[result]

    def wait_for_call(self, timeout_s: float) -> IncomingCall | None:
        """Wait for enough rings."""
        return self._idle.wait_for_call(timeout_s, self._wake)

    def check(self) -> None:
        """Make sure that an idle modem still answers."""
        self._idle.check(self._wake)

    def answer(self) -> bool:
        """Go off-hook and send CED; True when the modem waits for our first frame."""
        dialogue = self._dialogue
        dialogue.in_call = self._unsettled = True
        until_s = dialogue.clock() + self._settings.answer_timeout_s
        try:
            result = dialogue.command("ATA", self._settings.answer_timeout_s)
            if result is Result.FAX:
                result = dialogue.result(until_s - dialogue.clock())
        except Stopped:
            return False
        if result is None:
            raise LineFault("The modem did not answer ATA.")
        if result in {Result.DATA, Result.VOICE}:  # the modem waits for ATO, or talks: hang_up ends both
            raise NotAFax(f"The modem says that the caller is {result.value}.")
        self._new_call(Ready.TO_SEND if result is Result.CONNECT else Ready.NOTHING)
        self._unsettled = False
        return result is Result.CONNECT

    def decline(self) -> None:
        """Leave the call that rings unanswered."""
        self._idle.decline()

    def hang_up(self) -> None:
        """Hang up: politely, then by DTR. What fails here is noticed when the modem is made ready again."""
        if not self._dialogue.in_call:
            return
        self._idle.used()
        ready = self._transmitter.side.turn.ready
        hang_up(self._dialogue, self.name, unsettled=self._unsettled or ready is not Ready.NOTHING)

    def stop(self) -> None:
        """Make every wait end now; from any thread."""
        self._idle.stop()

    def close(self) -> None:
        """Hang up if need be, and give the device back."""
        self.hang_up()
        self._port.close()

    # -- the call

    def perform(self, command: LineCommand) -> LineResult:
        """Carry out one command of the engine."""
        try:
            self._dialogue.check_stop()
            return self._carry_out(command)
        except CallOver as over:
            return Disconnected(at_s=self._at_s(), reason=str(over))
        except Stopped:
            self._unsettled = True
            return Disconnected(at_s=self._at_s(), reason="The line was stopped.", ours=True)
        except LineFault as fault:
            self._unsettled = True
            return Disconnected(at_s=self._at_s(), reason=str(fault), ours=True)

    def _carry_out(self, command: LineCommand) -> LineResult:
        match command:
            case SendFrames():
                self._transmitter.frames(command)
            case SendTraining():
                self._transmitter.training(command)
            case SendPage():
                self._transmitter.page(command)
            case SendBlock():
                self._transmitter.block(command)
            case Pause():
                self._transmitter.pause(command)
            case ReceiveFrames():
                return self._burst(self._receiver.frames(command.timeout_s))
            case ReceiveTraining() | ReceivePage() | ReceiveBlock():
                return self._listen(command)
            case _:
                assert_never(command)
        return Sent(at_s=self._at_s())

    def _listen(self, command: ReceiveTraining | ReceivePage | ReceiveBlock) -> LineResult:
        modulation, timeout_s = command.modulation, command.timeout_s
        match command:
            case ReceiveTraining():
                heard = self._receiver.training(modulation, timeout_s)
                if isinstance(heard, Heard):
                    return TrainingHeard(octets=heard.octets, at_s=self._at_s())
            case ReceivePage(short_training=short):
                heard = self._receiver.page(modulation, timeout_s, short_training=short)
                if isinstance(heard, Heard):
                    return PageHeard(octets=heard.octets, at_s=self._at_s(), carrier_lost=not heard.ended)
            case ReceiveBlock(short_training=short):
                heard = self._receiver.block(modulation, timeout_s, short_training=short)
                if isinstance(heard, Heard):
                    frames, damaged = read_block(heard.octets)
                    return BlockHeard(frames=frames, damaged=damaged, at_s=self._at_s())
            case _:
                assert_never(command)
        return self._miss(heard)

    def _burst(self, heard: Burst | Miss) -> LineResult:
        if isinstance(heard, Burst):
            return FramesHeard(frames=heard.frames, damaged=heard.damaged, at_s=self._at_s())
        return self._miss(heard)

    def _miss(self, miss: Miss) -> LineResult:
        match miss:
            case Miss.SILENCE:
                return Silence(at_s=self._at_s())
            case Miss.WRONG_CARRIER:
                return WrongCarrier(at_s=self._at_s())
            case _:
                assert_never(miss)

    def _at_s(self) -> float:
        return self._dialogue.clock() - self._answered_s

    def _new_call(self, ready: Ready) -> None:
        """Start the call's clock; nothing of the call before is left."""
        self._answered_s = self._dialogue.clock()
        side = Side(dialogue=self._dialogue, settings=self._settings, turn=Turn(last=Last.NOTHING, ready=ready))
        self._transmitter = Transmitter(side=side)
        self._receiver = Receiver(side=side)

    # -- making the modem ready

    def _wake(self) -> None:
        """Get the modem's attention whatever it is doing, and set it up. Raises LineFault."""
        dialogue = self._dialogue
        set_up(dialogue, self._idle.ringing, self._settings)
        if self._settings.adaptive:  # a modem without it says +FCERROR instead, and that is met too
            dialogue.command(self._settings.adaptive, self._settings.command_timeout_s)
        lists = (("AT+FTM=?", self._settings.transmit), ("AT+FRM=?", self._settings.receive))
        self.best_modulation = best_modulation(
            [known or dialogue.ask(query, self._settings.command_timeout_s) for query, known in lists]
        )
        hear_rings(dialogue, self._idle.ringing, self._settings)
