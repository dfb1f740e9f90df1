"""The language between the T.30 engine and whatever carries its call.

An engine is a generator: it yields a Command and is sent the Result of that command. Commands are of two kinds.
`LineCommand`s are performed by the line (a modem, the virtual exchange) and answered with a `LineResult`; time passes on the
line's clock. `KeeperCommand`s are performed at once by the side that owns the disk, and no line time passes.

All octets here are in the form the Recommendations print: the first bit on the line is the most significant bit (see
`wire`). Frames run from the address octet to the end of the FIF, without flags and FCS. A driver whose far side wants
the other order (T.31, clause 8.3) turns them at its own edge.

T.30 is half duplex and lock-step: one party transmits while the other listens, so one command at a time is enough.
"""

from collections.abc import Generator
from dataclasses import dataclass

from mailfax.model.call import CallEvent, CallResult
from mailfax.model.outcome import Outcome
from mailfax.model.page import PageFormat
from mailfax.t30.modulation import Modulation

# -- commands for the line --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class SendFrames:
    """Send one V.21 burst: 1 s of flags, then these frames back to back. Answered by Sent.

    The line keeps at least `silence_s` of silence between the last carrier it heard or sent and this one (T.30: 75 ms
    between V.21 and image carrier). It is made by the modem (T.31 +FTS, +FRS), never by sleeping.
    """

    frames: tuple[bytes, ...]
    silence_s: float = 0.075


@dataclass(frozen=True, kw_only=True, slots=True)
class SendTraining:
    """Send the long start-up signal and `seconds` of zeros: the TCF (T.30, 5.3.6.1.3). Answered by Sent."""

    modulation: Modulation
    seconds: float = 1.5
    silence_s: float = 0.075


@dataclass(frozen=True, kw_only=True, slots=True)
class SendPage:
    """Send page data (with its RTC) at image rate; V.17 after a CFR trains short. Answered by Sent."""

    modulation: Modulation
    short_training: bool
    octets: bytes
    silence_s: float = 0.075


@dataclass(frozen=True, kw_only=True, slots=True)
class SendBlock:
    """Send one ECM block at image rate (T.4, annex A): flags, these frames (FCD, then RCP), flags. Answered by Sent.

    The frames run from address to the end of the data; flags, zero insertion and FCS are the line's (`hdlc.frame_block`).
    """

    modulation: Modulation
    short_training: bool
    frames: tuple[bytes, ...]
    silence_s: float = 0.075


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiveFrames:
    """Listen for a V.21 burst that begins within `timeout_s`.

    Answered by FramesHeard, Silence (nothing began in time), or Disconnected. FramesHeard comes when a final frame (bit P
    of the control octet is 1) has been heard or the carrier ends.
    """

    timeout_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiveTraining:
    """Listen for a TCF at this modulation. Answered by TrainingHeard, WrongCarrier, Silence or Disconnected."""

    modulation: Modulation
    timeout_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivePage:
    """Listen for page data at this modulation. Answered by PageHeard, WrongCarrier, Silence or Disconnected."""

    modulation: Modulation
    short_training: bool
    timeout_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiveBlock:
    """Listen for an ECM block at this modulation. Answered by BlockHeard, WrongCarrier, Silence or Disconnected."""

    modulation: Modulation
    short_training: bool
    timeout_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """Stay silent for `seconds`. Answered by Sent."""

    seconds: float


LineCommand = (
    SendFrames
    | SendTraining
    | SendPage
    | SendBlock
    | ReceiveFrames
    | ReceiveTraining
    | ReceivePage
    | ReceiveBlock
    | Pause
)

# -- results of the line ----------------------------------------------------------------------------------------------
# `at_s` is the line's clock when the command ended: seconds since the call was answered.


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """The signal is out and the carrier is down."""

    at_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class FramesHeard:
    """Frames of one burst whose FCS was right, in order. `damaged` counts those whose FCS was wrong or that were cut."""

    frames: tuple[bytes, ...]
    damaged: int
    at_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingHeard:
    """What came out of the demodulator during a TCF, as octets; the engine judges it."""

    octets: bytes
    at_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PageHeard:
    """Page data from carrier to carrier. `carrier_lost` when it ended without the far end ending it, as far as known."""

    octets: bytes
    at_s: float
    carrier_lost: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockHeard:
    """The frames of an ECM block whose FCS was right, in order, from carrier to carrier; `damaged` counts the others."""

    frames: tuple[bytes, ...]
    damaged: int
    at_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class WrongCarrier:
    """V.21 was heard where image data was expected (T.31: +FCERROR or +FRH:3): listen with ReceiveFrames now."""

    at_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """Nothing that was asked for began within the time."""

    at_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Disconnected:
    """The call is over: the far end is gone, the line was cut, our device failed, or somebody asked to stop.

    `outcome` is set by a line that knows more than that, a modem that does T.30 itself.
    """

    at_s: float
    reason: str
    ours: bool = False
    outcome: Outcome | None = None


LineResult = Sent | FramesHeard | TrainingHeard | PageHeard | BlockHeard | WrongCarrier | Silence | Disconnected

# -- commands for the keeper: the side that owns the disk ---------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchPage:
    """Give page `index` (0-based, of the whole document) in this form. Answered by PageData or KeeperFailed.

    `document` is its place among the documents of the call, from 0. With `cover`, not that page is wanted but the cover that goes
    before it and says that the document continues there (see `CallerJob.cover`).
    """

    index: int
    form: PageFormat
    bit_rate: int
    document: int = 0
    cover: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StorePage:
    """Make a received page durable: decode it, judge it, write and fsync it. Answered by PageStored, NotYet or KeeperFailed.

    Sent before the page's confirmation, so that no MCF goes out for a page that is not on disk. `index` is 0-based.
    """

    index: int
    form: PageFormat
    octets: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreBlock:
    """Make durable what has come of a page that goes on. Answered by BlockStored, NotYet or KeeperFailed.

    Sent before the MCF of a PPS-NULL; `octets` are all blocks of the page so far. The StorePage of the complete page takes
    its place; a crash before leaves a page that arrived in part. `index` is that page (0-based).
    """

    index: int
    form: PageFormat
    octets: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """Something happened. Answered by Noted, after the event is on disk if a promise rests on it; else KeeperFailed."""

    event: CallEvent
    at_s: float


KeeperCommand = FetchPage | StorePage | StoreBlock | Note


@dataclass(frozen=True, kw_only=True, slots=True)
class PageData:
    """A coded page, complete with RTC, ready for the line."""

    octets: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class PageStored:
    """The page is on disk. Rows are counted by the decoder; the engine decides what is good enough (T.30, 5.3.6.1.7).

    `missing_rows` is an estimate of the rows that stood beside the bad ones and of which none is left, `gap_bits` the most bits in
    one place from which no row came. `took_s` is how many seconds of our own clock storing took.
    """

    rows: int
    bad_rows: int
    longest_bad_run: int
    missing_rows: int = 0
    gap_bits: int = 0
    took_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockStored:
    """The block is on disk, `took_s` seconds of our own clock after it was asked for."""

    took_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class NotYet:
    """The disk is still at a StorePage or StoreBlock, after as long as the far end may wait: ask again with the same command."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    """The event is taken, and on disk where it must be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeeperFailed:
    """The disk said no. The engine ends the call without claiming or confirming anything more."""

    reason: str


KeeperResult = PageData | PageStored | BlockStored | NotYet | Noted | KeeperFailed

Command = LineCommand | KeeperCommand
Result = LineResult | KeeperResult
Engine = Generator[Command, Result, CallResult]
