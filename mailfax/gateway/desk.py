"""What every call of one line needs besides the line: its store, its clock, our identity, and who is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mailfax.gateway.identity import Identity
from mailfax.gateway.live import Emit
from mailfax.model.address import FaxAddress
from mailfax.model.call import CallResult
from mailfax.model.ids import IdMaker
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.modem.line import Line, Spoken
from mailfax.routing.callers import CallerRules
from mailfax.spool.blobs import BlobStore
from mailfax.spool.records import Batch, Share
from mailfax.spool.retry import RetryPolicy
from mailfax.spool.store import Store
from mailfax.t4codec import BadRows
from mailfax.t30.addressing import Addressing
from mailfax.t30.answerer import PageQuality
from mailfax.t30.caller import AfterRtn
from mailfax.t30.negotiate import Offer

# What a call offers before the usual, for what a mail asked: nothing that has more dots than that.
WISHED = {
    Resolution.SUPERFINE: (Resolution.SUPERFINE,),
    Resolution.INCH_300: (Resolution.INCH_300,),
    Resolution.ULTRAFINE: (Resolution.ULTRAFINE, Resolution.SUPERFINE, Resolution.INCH_300),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CallPolicy:
    """How calls are held.

    What is done after a refusal as the sender, what is told, whether a call that continues a fax says so on a cover, what is good enough as the receiver, and made of bad rows.
    """

    after_rtn: AfterRtn = AfterRtn.RETRANSMIT
    quality: PageQuality = field(default_factory=PageQuality)
    bad_rows: BadRows = BadRows.COPY
    continuation_cover: bool = False
    needs_subaddress: bool = True
    sender_ids: Mapping[str, str] = field(default_factory=dict)

    def addressing(self, address: FaxAddress, number: str) -> Addressing:
        """Return what the far machine is told of a fax for this address, dialled as `number`."""
        return Addressing(
            subaddress=address.subaddress,
            sender_id=self.sender_ids.get(number, ""),
            needs_subaddress=self.needs_subaddress,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """The dependencies of outbound and inbound calls, constructed once for each line process.

    `may_claim` says whether whoever answers for this process (its server) is still there: an orphan starts no call.
    """

    line_name: str
    store: Store
    blobs: BlobStore
    calls_root: Path
    now_us: Callable[[], int]
    clock_s: Callable[[], float]
    new_id: IdMaker
    identity: Identity
    retry: RetryPolicy
    jitter: Callable[[], float]
    emit: Emit
    offer: Offer
    stopping: Callable[[], bool]
    may_claim: Callable[[], bool] = lambda: True
    policy: CallPolicy = field(default_factory=CallPolicy)
    batch: Batch = field(default_factory=Batch)
    share: Share = field(default_factory=Share)
    callers: CallerRules = field(default_factory=CallerRules)

    def share_on(self, line: Line) -> Share:
        """Return which jobs this line may take: what is configured, and no more than its modem can do.

        One that holds T.30 itself tells too little of the far machine for a subaddress, and its words for polling differ from maker
        to maker.
        """
        ours = not isinstance(line, Spoken)
        return replace(self.share, subaddresses=ours, fetches=ours)

    def offer_on(self, line: Line, resolution: Resolution | None = None) -> Offer:
        """Return what a call on this line may offer: what is configured, no more than its modem can; standard only, or finer, where that was asked."""
        offer = replace(self.offer, best_modulation=line.best_modulation)
        if resolution is Resolution.STANDARD:
            return replace(offer, resolutions=(resolution,))
        finer = () if resolution is None else WISHED.get(resolution, ())
        return replace(offer, resolutions=(*finer, *offer.resolutions))

    def honest(self, result: CallResult) -> CallResult:
        """Tell a call that we stopped from one whose device failed: the engine sees only that the line was ours to lose."""
        stopped = result.outcome is Outcome.LINE_FAULT and self.stopping()
        return replace(result, outcome=Outcome.INTERRUPTED) if stopped else result
