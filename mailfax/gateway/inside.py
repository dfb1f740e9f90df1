"""Faxes for numbers of our own: delivered inside, without a call, as if they had been received (AU4). A worker of the server.

What such a fax is in the reports: delivered, with the words that no call was made. The received fax and the end of the job are one transaction, so that it
arrives once; its way to the mailbox is that of every received fax.
"""

from collections.abc import Callable

import structlog

from mailfax.gateway.identity import Identity, sender_identity
from mailfax.gateway.pages import raster_of
from mailfax.gateway.resting import Resting
from mailfax.model.fax import InboundFax, ReceivedPage
from mailfax.model.ids import Kind
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.spool.records import ClaimedJob
from mailfax.spool.store import Store

_log = structlog.get_logger()
INSIDE = "inside"  # in the place of a line's name


class InsideDesk:
    """Delivers one fax at a time."""

    def __init__(self, *, store: Store, identity: Identity, now_us: Callable[[], int]) -> None:
        self._store, self._identity, self._now_us = store, identity, now_us
        self._resting = Resting()

    def step(self) -> bool:
        """Deliver the next fax for a number of our own; False when none waits."""
        now_us = self._now_us()
        found = self._store.next_inside(now_us, self._resting.now(now_us))
        if found is None:
            return False
        with self._resting.unless_done(found.job.id, now_us):
            fax = self._as_received(found, now_us)
            if self._store.deliver_inside(found.job.id, fax, now_us):
                _log.info("fax delivered inside", job=found.job.id, fax=fax.id, number=found.job.number)
        return True

    def _as_received(self, found: ClaimedJob, now_us: int) -> InboundFax:
        job, sender = found.job, sender_identity(found.submission, self._store, self._identity)
        return InboundFax(
            id=self._store.new_id(Kind.FAX),
            call_id=job.id,  # there is no call; the job is as much one of a kind
            line=INSIDE,
            called=job.inside,
            caller=sender.station_id,
            caller_name=found.submission.sender,
            station_id=sender.station_id,
            started_us=now_us,
            finished_us=now_us,
            outcome=Outcome.RECEIVED,
            pages=tuple(
                ReceivedPage(blob=raster_of(page, job.recipient.options.resolution or Resolution.FINE), confirmed=True)
                for page in found.document.pages
            ),
            subaddress=job.recipient.address.subaddress,
        )
