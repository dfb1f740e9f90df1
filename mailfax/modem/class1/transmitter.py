"""The sending half of T.31: silence, HDLC bursts by +FTH, image carrier by +FTM. One per call, used by `line`."""

from dataclasses import dataclass

from mailfax.modem.at.dialogue import Result
from mailfax.modem.at.dle import END, shield
from mailfax.modem.class1.turn import Last, Ready, Side, code, unexpected
from mailfax.modem.line import LineFault
from mailfax.t30.commands import Pause, SendBlock, SendFrames, SendPage, SendTraining
from mailfax.t30.hdlc import frame_block
from mailfax.t30.modulation import Modulation

CONNECT_S = 10.0
HDLC_BIT_RATE = 300
PREAMBLE_S = 1.15  # 1 s + 15 % of flags (T.30, 5.3.1)
GRACE_S = 8.0  # for start-up, the modem's own buffer and a slow serial link
SILENCE_GRACE_S = 3.0
LONGEST_SILENCE = 255  # 2.55 s, the most that one +FTS or +FRS takes
CHUNK = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Transmitter:
    """Carries out the engine's sending commands. Raises LineFault, CallOver or Stopped."""

    side: Side

    def pause(self, command: Pause) -> None:
        """Stay silent, measured by the modem."""
        left = max(1, round(command.seconds * 100))
        while left > 0:
            self._fts(min(left, LONGEST_SILENCE))
            left -= LONGEST_SILENCE
        self.side.turn.last = Last.NOTHING

    def frames(self, command: SendFrames) -> None:
        """Send one burst: a CONNECT asks for each frame, OK says that the carrier is down."""
        dialogue = self.side.dialogue
        if not self.side.turn.take(Ready.TO_SEND):
            self._quiet(command.silence_s)
            self._connect("AT+FTH=3")
        for number, frame in enumerate(command.frames, start=1):
            dialogue.write(shield(frame) + END)
            last = number == len(command.frames)
            air_s = PREAMBLE_S + (len(frame) + 4) * 8 * 1.2 / HDLC_BIT_RATE
            result = dialogue.result(air_s + GRACE_S)
            if result is not (Result.OK if last else Result.CONNECT):
                raise unexpected(result, "a frame")
        self.side.turn.last = Last.SENT

    def training(self, command: SendTraining) -> None:
        """Send a TCF: zeros after the long start-up signal."""
        octets = bytes(round(command.modulation.bit_rate * command.seconds / 8))
        self._image(command.modulation, octets, short_training=False, silence_s=command.silence_s)
        if wait := self.side.settings.after_training:  # it hears its own carrier else, and then the same DIS again
            self.side.dialogue.command(wait, SILENCE_GRACE_S)

    def page(self, command: SendPage) -> None:
        """Send page data."""
        octets = command.octets + bytes(self.side.settings.page_tail_octets)
        self._image(command.modulation, octets, short_training=command.short_training, silence_s=command.silence_s)

    def block(self, command: SendBlock) -> None:
        """Send an ECM block: in Class 1 the frames of the image channel are made by us (T.31 clause 8.2 knows V.21 only)."""
        octets = frame_block(command.frames, command.modulation.bit_rate)
        self._image(command.modulation, octets, short_training=command.short_training, silence_s=command.silence_s)

    def _image(self, modulation: Modulation, octets: bytes, *, short_training: bool, silence_s: float) -> None:
        dialogue, port = self.side.dialogue, self.side.dialogue.port
        self._quiet(silence_s)
        self._connect(f"AT+FTM={code(modulation, short_training=short_training)}")
        air_s = len(octets) * 8 / modulation.bit_rate
        end_s = self.side.clock() + modulation.training_s(short=short_training) + air_s * 1.1 + GRACE_S
        port.flow(sending=True)
        try:
            data = shield(octets) + END
            for at in range(0, len(data), CHUNK):
                # A result code now means that the modem has left data mode: more page data would be read as commands.
                if (early := dialogue.poll()) is not None:
                    raise unexpected(early, "page data")
                if self.side.clock() > end_s:
                    raise LineFault("The modem takes page data more slowly than it sends it.")
                dialogue.write(data[at : at + CHUNK])
            result = dialogue.result(max(end_s - self.side.clock(), GRACE_S))
        finally:
            port.flow(sending=False)
        if result is not Result.OK:
            raise unexpected(result, "page data")
        self.side.turn.last = Last.SENT

    def _quiet(self, silence_s: float) -> None:
        """Keep the silence before our carrier; rounded down, as the serial link adds some (75 ± 20 ms is asked for)."""
        self._settle()
        hundredths = min(LONGEST_SILENCE, int(silence_s * 100))
        if hundredths < 1 or self.side.turn.last is Last.NOTHING:
            return
        if self.side.turn.last is Last.SENT or not self.side.settings.silence_by_frs:
            self._fts(hundredths)
            return
        dialogue = self.side.dialogue
        match dialogue.command(f"AT+FRS={hundredths}", hundredths / 100 + SILENCE_GRACE_S):
            case None:  # the far end does not fall silent; T.30's turn is ours all the same
                dialogue.abort()
            case Result.ERROR:  # some modems have no +FRS
                self._fts(hundredths)
            case _:
                pass

    def _settle(self) -> None:
        """Leave whatever the modem is doing by itself, if the engine wants something else."""
        if self.side.turn.take(Ready.TO_SEND):
            self.side.dialogue.write(END)
            self.side.dialogue.result(CONNECT_S)
        elif self.side.turn.take(Ready.TO_HEAR) or self.side.turn.take(Ready.ANNOUNCED):
            self.side.dialogue.abort()

    def _fts(self, hundredths: int) -> None:
        self._settle()
        result = self.side.dialogue.command(f"AT+FTS={hundredths}", hundredths / 100 + SILENCE_GRACE_S)
        if result is not Result.OK:
            raise unexpected(result, "AT+FTS")

    def _connect(self, text: str) -> None:
        result = self.side.dialogue.command(text, CONNECT_S)
        if result is not Result.CONNECT:
            raise unexpected(result, text)
