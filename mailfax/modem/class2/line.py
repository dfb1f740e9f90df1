"""A telephone line with a Class 2, 2.0 or 2.1 modem on it: implements `mailfax.modem.line.Line` for the line process and `onecall`.

The engine's commands are carried out by `sender` or `receiver`, whichever the call is. Its silences and its carriers are the modem's
own, so those commands do nothing here. V.34 and Class 2.1 have never met hardware.
"""

import contextlib
import time
from collections.abc import Callable
from typing import assert_never

import structlog

from mailfax.model.outcome import Outcome
from mailfax.modem.at.attention import dial_command, hang_up, hear_rings, set_up
from mailfax.modem.at.dialogue import Result, Stopped
from mailfax.modem.at.idle import Idle
from mailfax.modem.at.port import Port
from mailfax.modem.at.ringing import DidMemory, RingWords
from mailfax.modem.class2.frames import best_modulation
from mailfax.modem.class2.hangup import read_hang_up
from mailfax.modem.class2.receiver import Receiver, asks_for_document
from mailfax.modem.class2.sender import Sender
from mailfax.modem.class2.settings import Class2Settings
from mailfax.modem.class2.talk import CallOver, Talk, Tell
from mailfax.modem.line import DialResult, IncomingCall, LineFault
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
from mailfax.t30.tcf import TCF_S

_DIAL_RESULTS = {
    Result.BUSY: DialResult.BUSY,
    Result.NO_ANSWER: DialResult.NO_ANSWER,
    Result.NO_DIALTONE: DialResult.NO_DIALTONE,
    Result.NO_CARRIER: DialResult.NO_CARRIER,
    Result.REFUSED: DialResult.REFUSED,
    Result.CONNECT: DialResult.NO_CARRIER,  # a data modem answered
    Result.OK: DialResult.NO_CARRIER,  # without a word of the far machine (AT&T DataPort)
    None: DialResult.NO_CARRIER,
}
_DIAL_HANG_UPS = {Outcome.NO_ANSWER: DialResult.NO_ANSWER, Outcome.NO_FAX: DialResult.NO_CARRIER}
_NO_LOOP_CURRENT = {"3", "03"}
_log = structlog.get_logger(__name__)


class Class2Line:
    """One modem. A call is `dial` or `wait_for_call` + `answer`, then `perform`, then `hang_up`; see the Line protocol.

    `answer` only says that the call is ours: the modem has to be told first what it may offer, which the engine's first frame says,
    and goes off-hook then.
    """

    def __init__(
        self,
        settings: Class2Settings,
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
        self._talk = Talk(self._dialogue, settings)
        self._call: Sender | Receiver | None = None
        self._answered_s = clock()
        self._unsettled = False  # the modem may be in another state than command state
        self._idle.ready(self._wake)

    def listen_in(self, tell: Tell | None) -> None:
        """Have the dialogue of the call told to somebody, from its beginning; or to nobody any more."""
        self._talk.listen_in(tell)

    # -- call set-up and end

    def dial(self, number: str) -> DialResult:
        """Dial, and wait until the far machine has said what it can do, or until the modem says why not."""
        text = dial_command(self._settings, number)
        try:
            self._idle.ready(self._wake)
            sender = Sender(talk=self._new_call())
            result = self._talk.command(text, self._settings.dial_timeout_s)
            if result is None:
                self._dialogue.break_off("dialling")
        except Stopped:
            return DialResult.STOPPED
        self._unsettled = False
        heard = self._talk.heard
        if result not in _DIAL_RESULTS:
            raise LineFault(f"The modem does not dial {number}: it says {result.value if result else 'nothing'}.")
        if heard.hang_up is not None:
            return self._not_connected(sender, heard.hang_up)
        if heard.theirs is None or result is not Result.OK:
            return _DIAL_RESULTS[result]
        sender.identified()
        self._call = sender
        self._answered_s = self._dialogue.clock()
        return DialResult.CONNECTED

    def _not_connected(self, sender: Sender, code: str) -> DialResult:
        """Say why the modem hung up again; an end in phase B is one of the call, which the engine is told."""
        if code.strip() in _NO_LOOP_CURRENT:
            return DialResult.NO_DIALTONE
        early = _DIAL_HANG_UPS.get(read_hang_up(code).outcome)
        if early is not None:
            return early
        self._call = sender
        return DialResult.CONNECTED

    def wait_for_call(self, timeout_s: float) -> IncomingCall | None:
        """Wait for enough rings."""
        return self._idle.wait_for_call(timeout_s, self._wake)

    def check(self) -> None:
        """Make sure that an idle modem still answers."""
        self._idle.check(self._wake)

    def answer(self) -> bool:
        """Take the call that rings: the modem goes off-hook with the engine's first frame."""
        try:
            self._dialogue.check_stop()
        except Stopped:
            return False
        self._call = Receiver(talk=self._new_call())
        self._answered_s = self._dialogue.clock()
        return True

    def decline(self) -> None:
        """Leave the call that rings unanswered."""
        self._idle.decline()

    def hang_up(self) -> None:
        """Hang up: politely, then by DTR. What fails here is noticed when the modem is made ready again."""
        if not self._dialogue.in_call:
            return
        self._idle.used()
        self._call = None
        with contextlib.suppress(LineFault):
            self._port.flow(sending=False)
        hang_up(self._dialogue, self.name, unsettled=self._unsettled)

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
            hang_up = over.hang_up
            return Disconnected(at_s=self._at_s(), reason=str(over), ours=hang_up.ours, outcome=hang_up.outcome)
        except Stopped:
            self._unsettled = True
            return Disconnected(at_s=self._at_s(), reason="The line was stopped.", ours=True)
        except LineFault as fault:
            self._unsettled = True
            return Disconnected(at_s=self._at_s(), reason=str(fault), ours=True)

    def _carry_out(self, command: LineCommand) -> LineResult:
        match self._call:
            case Sender() as sender:
                return self._send(sender, command)
            case Receiver() as receiver:
                return self._receive(receiver, command)
            case None:
                return Disconnected(at_s=self._at_s(), reason="There is no call.", ours=True)
            case _:
                assert_never(self._call)

    def _send(self, sender: Sender, command: LineCommand) -> LineResult:
        match command:
            case SendFrames() if asks_for_document(command.frames):
                self._call = Receiver(talk=self._talk, answered=True)
                self._call.ask(command.frames)
            case SendFrames():
                sender.say(command.frames)
            case SendPage():
                sender.whole_page(command.octets, command.modulation)
            case SendBlock():
                sender.block(command.frames, command.modulation)
            case SendTraining() | Pause():
                pass
            case ReceiveFrames():
                return self._frames(sender.hear())
            case ReceiveTraining() | ReceivePage() | ReceiveBlock():
                return Silence(at_s=self._at_s())
            case _:
                assert_never(command)
        return Sent(at_s=self._at_s())

    def _receive(self, receiver: Receiver, command: LineCommand) -> LineResult:
        match command:
            case SendFrames():
                receiver.say(command.frames)
            case Pause() | SendTraining() | SendPage() | SendBlock():
                pass
            case ReceiveFrames():
                return self._frames(receiver.hear())
            case ReceiveTraining(modulation=modulation):
                octets = bytes(round(TCF_S * modulation.bit_rate / 8))  # the modem has heard it, and found it good
                return TrainingHeard(octets=octets, at_s=self._at_s())
            case ReceivePage():
                page = receiver.page()
                if page is None:
                    return WrongCarrier(at_s=self._at_s())
                return PageHeard(octets=page[0], at_s=self._at_s(), carrier_lost=page[1])
            case ReceiveBlock():
                block = receiver.block()
                if block is None:
                    return WrongCarrier(at_s=self._at_s())
                return BlockHeard(frames=block, damaged=0, at_s=self._at_s())
            case _:
                assert_never(command)
        return Sent(at_s=self._at_s())

    def _frames(self, frames: tuple[bytes, ...] | None) -> LineResult:
        if frames is None:
            return Silence(at_s=self._at_s())
        return FramesHeard(frames=frames, damaged=0, at_s=self._at_s())

    def _at_s(self) -> float:
        return self._dialogue.clock() - self._answered_s

    def _new_call(self) -> Talk:
        """Begin a call; nothing of the one before is left."""
        self._dialogue.in_call = self._unsettled = True
        self._talk.new_call()
        self._answered_s = self._dialogue.clock()
        return self._talk

    # -- making the modem ready

    def _wake(self) -> None:
        """Get the modem's attention whatever it is doing, and set it up. Raises LineFault."""
        dialogue, settings, talk = self._dialogue, self._settings, self._talk
        set_up(dialogue, self._idle.ringing, settings)
        talk.learn()
        self.best_modulation = best_modulation(talk.able)
        # Which of these a modem does not know is as different as the modems are, and none of them is needed by all.
        polling = f"AT{talk.words.polling}=1" if settings.polls else ""
        wanted = ("AT+FCR=1", settings.bit_order, settings.copy_quality, talk.words.reports, polling)
        for text in filter(None, wanted):
            if dialogue.command(text, settings.command_timeout_s) is not Result.OK:
                _log.warning("the modem does not take a command", line=self.name, command=text)
        hear_rings(dialogue, self._idle.ringing, settings)
