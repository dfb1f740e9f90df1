"""Mail goes out: hands each waiting delivery to the smarthost or the Maildir, and tries again until it is taken.

Called by the server. A received fax is never dropped: what its mailbox refuses for good goes to the catch-all with the reason
in the log, and what the catch-all refuses too stays in the queue, tried again and shouted about, until a person mends it.
"""

import asyncio
import random
from collections.abc import Callable
from typing import assert_never

import structlog

from mailfax.gateway.live import Emit, Live, MailHanded, MailWaits
from mailfax.gateway.undelivered import Alarms
from mailfax.smtp.outgoing import Deferred, Handed, Refused, deliver
from mailfax.smtp.ways import OutgoingSettings
from mailfax.spool.blobs import BlobMissing, BlobStore
from mailfax.spool.disk import SpoolError
from mailfax.spool.faultpoint import fault_point
from mailfax.spool.records import Delivery, DeliveryKind
from mailfax.spool.retry import HOUR_S, US_PER_S, MailRetry, next_mail_try
from mailfax.spool.store import Store

_log = structlog.get_logger()


class DeliveryDesk:
    """Delivers one waiting mail at a time."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        outgoing: OutgoingSettings,
        catch_all: str,
        alarms: Alarms,
        now_us: Callable[[], int],
        emit: Emit,
    ) -> None:
        self._store, self._blobs, self._outgoing, self._catch_all = store, blobs, outgoing, catch_all
        self._alarms = alarms
        self._now_us, self._emit = now_us, emit
        self._unrecorded: tuple[Delivery, Handed | Deferred | Refused] | None = None

    async def step(self, taken: Callable[[], object] = lambda: None) -> bool:
        """Deliver the next mail that is due; False when none is. `taken` is called when one was found, so that another worker may look.

        A result that could not be recorded (a full disk) is kept until it can be: the mail is not handed over again.
        """
        if self._unrecorded is None:
            delivery = await asyncio.to_thread(self._store.claim_delivery, self._now_us())
            if delivery is None:
                return False
            taken()
            tried = delivery, await self._try(delivery)
        else:
            tried, self._unrecorded = self._unrecorded, None
        try:
            await asyncio.to_thread(self._settle, *tried)
        except SpoolError:
            self._unrecorded = tried
            raise
        return True

    async def _try(self, delivery: Delivery) -> Handed | Deferred | Refused:
        try:
            octets = await asyncio.to_thread(self._blobs.get, delivery.message_digest)
        except BlobMissing as error:
            return Refused(detail=f"The mail is damaged on this server's disk: {error}")
        return await deliver(octets, delivery.sender, delivery.recipient, self._outgoing, delivery.id)

    def _settle(self, delivery: Delivery, result: Handed | Deferred | Refused) -> None:
        match result:
            case Handed(detail=detail):
                fault_point("delivery-handed")
                self._store.delivery_done(delivery.id, detail, self._now_us())
                _log.info("mail handed over", delivery=delivery.id, recipient=delivery.recipient, detail=detail)
                event = MailHanded(what=delivery.kind.value, recipient=delivery.recipient)
                self._emit(Live(subject=_about(delivery), event=event))
            case Deferred(detail=detail):
                self._defer(delivery, detail)
            case Refused(detail=detail):
                self._refused(delivery, detail)
            case _:
                assert_never(result)

    def _defer(self, delivery: Delivery, detail: str) -> None:
        now_us = self._now_us()
        next_us = next_mail_try(
            created_us=delivery.created_us,
            tries=delivery.tries,
            now_us=now_us,
            schedule=MailRetry(),
            jitter=random.random(),  # noqa: S311 - spreads load, guards nothing
        )
        if next_us is None:
            self._refused(delivery, detail)
            return
        self._store.delivery_deferred(delivery.id, next_us, detail, now_us)
        _log.warning("mail waits", delivery=delivery.id, recipient=delivery.recipient, detail=detail)
        self._emit(Live(subject=_about(delivery), event=self._waits(delivery, detail)))

    def _refused(self, delivery: Delivery, detail: str) -> None:
        """Give up on a notice, and tell the administrator; send a fax on to the catch-all, or keep it there for ever."""
        now_us = self._now_us()
        _log.error("mail refused for good", delivery=delivery.id, recipient=delivery.recipient, detail=detail)
        self._emit(Live(subject=_about(delivery), event=self._waits(delivery, detail)))
        match delivery.kind:
            case DeliveryKind.NOTICE | DeliveryKind.ALARM | DeliveryKind.HOOK:
                self._store.delivery_failed(
                    delivery.id, detail, now_us, self._alarms.undelivered(delivery, detail, now_us)
                )
            case DeliveryKind.FAX if delivery.recipient == self._catch_all:
                self._store.delivery_deferred(delivery.id, now_us + HOUR_S * US_PER_S, detail, now_us)
            case DeliveryKind.FAX:
                self._store.delivery_redirected(delivery.id, self._catch_all, detail, now_us)
            case _:
                assert_never(delivery.kind)

    @staticmethod
    def _waits(delivery: Delivery, detail: str) -> MailWaits:
        return MailWaits(what=delivery.kind.value, recipient=delivery.recipient, detail=detail)


def _about(delivery: Delivery) -> str:
    return delivery.fax_id or delivery.submission_id or delivery.id
