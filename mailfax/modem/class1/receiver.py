"""The listening half of T.31: HDLC bursts by +FRH, image carrier by +FRM. One per call, used by `line`."""

from dataclasses import dataclass
from enum import Enum, auto

from mailfax.modem.at.dialogue import Result
from mailfax.modem.class1.turn import CallOver, Last, Ready, Side, code, unexpected
from mailfax.t30.modulation import Modulation
from mailfax.t30.wire import FINAL_BIT, fcs_is_right

FRAME_S = 6.0  # flags of 1.15 s and a frame of 3.45 s at most (T.30, 5.3.1), and the modem's delay
NEXT_FRAME_S = 1.5  # frames of one burst follow each other at once
FRAME_OCTETS = 512
NO_CARRIER = b"\r\nNO CARRIER\r\n"
RESULT_S = 3.0
IDLE_S = 6.0  # a demodulator that has a carrier always gives octets
TRAINING_LIMIT_S = 8.0
WRONG_CARRIER_TRIES = 2  # a +FRM that came late or early may still catch the carrier
# 256 frames of 256 octets with their fields and flags, at worst a zero inserted after every five ones; then RCP and flags.
BLOCK_BITS = 256 * 8 * 264 * 6 // 5 + 16_384
FAST_REFUSALS = 8
FAST_S = 0.05


class Miss(Enum):
    """Why no data came."""

    SILENCE = auto()
    WRONG_CARRIER = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Burst:
    """The frames of one V.21 carrier."""

    frames: tuple[bytes, ...]
    damaged: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """Image data from CONNECT to DLE ETX; `ended` when the modem ended it."""

    octets: bytes
    ended: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """Carries out the engine's listening commands. Raises LineFault, CallOver or Stopped."""

    side: Side

    def frames(self, timeout_s: float) -> Burst | Miss:
        """Listen for a burst that begins in time; a frame with a wrong FCS is counted, and the burst goes on."""
        frames: list[bytes] = []
        damaged = 0
        until_s = self.side.clock() + timeout_s
        while self._flags(until_s, in_burst=bool(frames or damaged)):
            frame, fcs_right = self._frame()
            if frame:
                until_s = self.side.clock() + NEXT_FRAME_S
                if fcs_right:
                    frames.append(frame)
                    if frame[1] & FINAL_BIT:
                        break
                else:
                    damaged += 1
        if not frames and not damaged:
            self.side.turn.last = Last.NOTHING
            return Miss.SILENCE
        self.side.turn.last = Last.HEARD
        return Burst(frames=tuple(frames), damaged=damaged)

    def training(self, modulation: Modulation, timeout_s: float) -> Heard | Miss:
        """Listen for a TCF."""
        return self._image(modulation, timeout_s, short_training=False, limit_s=TRAINING_LIMIT_S)

    def page(self, modulation: Modulation, timeout_s: float, *, short_training: bool) -> Heard | Miss:
        """Listen for page data."""
        limit_s = self.side.settings.page_limit_s
        return self._image(modulation, timeout_s, short_training=short_training, limit_s=limit_s)

    def block(self, modulation: Modulation, timeout_s: float, *, short_training: bool) -> Heard | Miss:
        """Listen for an ECM block, which is never longer than 256 frames: noise that looks like a carrier ends there."""
        limit_s = modulation.training_s(short=short_training) + BLOCK_BITS / modulation.bit_rate
        return self._image(modulation, timeout_s, short_training=short_training, limit_s=limit_s)

    def _flags(self, until_s: float, *, in_burst: bool) -> bool:
        """Wait for CONNECT: flags are coming in. False at the time limit, or when a burst has ended without more."""
        if self.side.turn.take(Ready.TO_HEAR):
            return True
        refusals = Refusals(side=self.side)
        announced = self.side.turn.take(Ready.ANNOUNCED)
        while (left_s := until_s - self.side.clock()) > 0:
            dialogue = self.side.dialogue
            result = dialogue.result(left_s) if announced else dialogue.command("AT+FRH=3", left_s)
            announced = False
            match result:
                case Result.CONNECT:
                    return True
                case None:
                    dialogue.abort()
                    return False
                case Result.NO_CARRIER if in_burst:
                    return False
                case Result.NO_CARRIER | Result.OK | Result.FCERROR:
                    refusals.count(result)
                case lost:
                    raise unexpected(lost, "AT+FRH=3")
        return False

    def _frame(self) -> tuple[bytes, bool]:
        """Read one frame after its CONNECT; empty when the carrier brought none."""
        dialogue = self.side.dialogue
        data = dialogue.data(idle_s=FRAME_S, limit_s=FRAME_S, limit_octets=FRAME_OCTETS, instead=NO_CARRIER)
        if data.ends_with(NO_CARRIER):
            # Some modems (Agere, Lucent) say CONNECT for any carrier; one of flags only, or of none, brings no frame at all.
            return data.octets()[: -len(NO_CARRIER)], False
        octets = data.octets()
        if not data.ended:
            dialogue.abort()
            return octets, False
        fcs_octets = self.side.settings.fcs_octets
        result = dialogue.result(RESULT_S)
        if result is None:  # the modem waits for a carrier to end, which noise does not; it knows of the FCS only then
            dialogue.break_off("the end of a frame")
            result = Result.OK if fcs_octets and fcs_is_right(octets) else Result.ERROR
        whole = result is Result.OK and len(octets) >= 3 + fcs_octets
        return octets[: len(octets) - fcs_octets] if whole else octets, whole

    def _image(self, modulation: Modulation, timeout_s: float, *, short_training: bool, limit_s: float) -> Heard | Miss:
        dialogue = self.side.dialogue
        text = f"AT+FRM={code(modulation, short_training=short_training)}"
        if (miss := self._carrier(text, timeout_s)) is not None:
            return miss
        limit_octets = round(limit_s * modulation.bit_rate / 8) + FRAME_OCTETS
        data = dialogue.data(idle_s=IDLE_S, limit_s=limit_s, limit_octets=limit_octets)
        self.side.turn.last = Last.HEARD
        if not data.ended:
            dialogue.abort()
        elif dialogue.result(RESULT_S) is None:
            dialogue.break_off("the end of image data")
        return Heard(octets=data.octets(), ended=data.ended)

    def _carrier(self, text: str, timeout_s: float) -> Miss | None:
        """Wait for CONNECT after +FRM; None when the carrier is there."""
        dialogue, turn = self.side.dialogue, self.side.turn
        if turn.take(Ready.TO_HEAR) or turn.take(Ready.ANNOUNCED):
            dialogue.abort()
        until_s = self.side.clock() + timeout_s
        refusals = Refusals(side=self.side)
        wrong = 0
        while (left_s := until_s - self.side.clock()) > 0:
            match dialogue.command(text, left_s):
                case Result.CONNECT:
                    return None
                case None:
                    dialogue.abort()
                    break
                case Result.FCERROR if wrong < WRONG_CARRIER_TRIES:
                    wrong += 1
                case Result.FCERROR:
                    turn.last = Last.HEARD
                    return Miss.WRONG_CARRIER
                case Result.FRH3:
                    turn.last, turn.ready = Last.HEARD, Ready.ANNOUNCED
                    return Miss.WRONG_CARRIER
                case (Result.NO_CARRIER | Result.OK) as refused:
                    refusals.count(refused)
                case lost:
                    raise unexpected(lost, text)
        turn.last = Last.NOTHING
        return Miss.SILENCE


class Refusals:
    """Counts answers that come at once, again and again: such a modem is on-hook, and asking on would spin."""

    def __init__(self, *, side: Side) -> None:
        self._side = side
        self._fast = 0
        self._asked_s = side.clock()

    def count(self, result: Result) -> None:
        """Take one answer; raises CallOver when they come too fast for too long."""
        now_s = self._side.clock()
        self._fast = self._fast + 1 if now_s - self._asked_s < FAST_S else 0
        self._asked_s = now_s
        if self._fast >= FAST_REFUSALS:
            raise CallOver(f"The call is lost: the modem only says {result.value}.")
