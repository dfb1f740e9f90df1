"""A received fax: what the line kept of it, before and after it has an owner."""

from dataclasses import dataclass
from enum import StrEnum

from mailfax.model.outcome import Outcome
from mailfax.model.page import PageBlob


class Kept(StrEnum):
    """What our own disk still had of a page when the call was taken over from its folder."""

    WHOLE = "whole"
    EARLIER = "earlier"  # a copy kept before the last one: a worse try, or the first blocks of the page (ECM)
    LOST = "lost"  # nothing; a crossed-out page stands in its place


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedPage:
    """One page as it was heard, already at rest as T.6; damaged rows were replaced by the decoder's policy."""

    blob: PageBlob
    confirmed: bool
    bad_rows: int = 0
    kept: Kept = Kept.WHOLE


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundFax:
    """A document of a call that was answered and left at least a trace. `called` is the DID, `caller` the caller id.

    Both may be empty, as may `subaddress` (SUB) and `sender_id` (SID). `mailbox` is who fetched it (polling). `document` counts those of the call (EOM between them), from 0.
    """

    id: str
    call_id: str
    line: str
    called: str
    caller: str
    caller_name: str
    station_id: str
    started_us: int
    finished_us: int
    outcome: Outcome
    pages: tuple[ReceivedPage, ...] = ()
    seconds_on_line: float = 0.0
    bit_rate: int = 0
    document: int = 0
    subaddress: str = ""
    sender_id: str = ""
    mailbox: str = ""
