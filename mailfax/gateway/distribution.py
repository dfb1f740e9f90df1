"""Received faxes find their mailboxes: routes each new fax, makes the mail with its PDF, queues one delivery a mailbox.

Called by the server's workers. The mail is made once and kept as a blob, so that every retry hands over the same octets
with the same Message-ID. Routing and deliveries are one transaction: a fax is never routed twice or half.
"""

from collections.abc import Callable
from dataclasses import replace

import structlog

from mailfax.gateway.hooks import Hooks
from mailfax.gateway.live import Emit, FaxRouted, Live
from mailfax.gateway.ownnumbers import own_numbers
from mailfax.gateway.resting import Resting
from mailfax.model.fax import InboundFax, ReceivedPage
from mailfax.render.faxpdf import PdfMetadata, fax_pdf
from mailfax.routing import inbound
from mailfax.routing.settings import RoutingSettings
from mailfax.smtp.compose import Letterhead, moment
from mailfax.smtp.faxmail import fax_mail
from mailfax.spool.blobs import BlobMissing, BlobStore
from mailfax.spool.lostpage import stand_in
from mailfax.spool.records import DeliveryKind, NewDelivery
from mailfax.spool.store import Store
from mailfax.t4codec.tiff import T6Page

_log = structlog.get_logger()
NO_PAGES = "No page was received, so there is nothing to deliver."


class DistributionDesk:
    """Routes one received fax at a time."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        routing: RoutingSettings,
        letterhead: Letterhead,
        now_us: Callable[[], int],
        emit: Emit,
        keep_unconfirmed: bool = True,
        hooks: Hooks | None = None,
    ) -> None:
        self._store, self._blobs, self._routing, self._letterhead = store, blobs, routing, letterhead
        self._now_us, self._emit = now_us, emit
        self._keep_unconfirmed = keep_unconfirmed
        self._hooks = hooks or Hooks((), blobs)
        self._resting = Resting()

    def step(self) -> bool:
        """Route the next fax; False when none waits."""
        now_us = self._now_us()
        fax = self._store.next_unrouted_fax(self._resting.now(now_us))
        if fax is None:
            return False
        with self._resting.unless_done(fax.id, now_us):
            self._distribute(fax)
        return True

    def _distribute(self, fax: InboundFax) -> None:
        route = inbound.route(
            fax.called,
            fax.caller,
            fax.station_id,
            fax.line,
            self._routing,
            subaddress=fax.subaddress,
            own=own_numbers(self._store.users()),
        )
        if fax.mailbox:
            route = inbound.Route(
                mailboxes=(fax.mailbox,), because=f"It was fetched from {fax.caller} for {fax.mailbox}."
            )
        fax = self._present(fax)
        mailboxes, because = (route.mailboxes, route.because) if fax.pages else ((), NO_PAGES)
        deliveries = [*self._deliveries(fax, mailboxes), *self._hooks.received(fax, mailboxes)] if mailboxes else []
        self._store.route_fax(fax.id, deliveries, because, self._now_us())
        _log.info("fax routed", fax=fax.id, mailboxes=mailboxes, pages=len(fax.pages), because=because)
        self._emit(Live(subject=fax.id, event=FaxRouted(mailboxes=mailboxes, because=because)))

    def _present(self, fax: InboundFax) -> InboundFax:
        """Leave out what is not wanted, and put a crossed-out page where the disk has lost one since the call."""
        wanted = (page for page in fax.pages if page.confirmed or self._keep_unconfirmed)
        return replace(fax, pages=tuple(map(self._page_or_stand_in, wanted)))

    def _page_or_stand_in(self, page: ReceivedPage) -> ReceivedPage:
        try:
            self._blobs.get(page.blob.digest)
        except BlobMissing:
            _log.exception("a received page is no longer on disk")
            return stand_in(self._blobs, confirmed=page.confirmed)
        return page

    def _deliveries(self, fax: InboundFax, mailboxes: tuple[str, ...]) -> list[NewDelivery]:
        pdf = self._pdf(fax)
        reply_domain = self._routing.domains[0].name
        return [
            NewDelivery(
                kind=DeliveryKind.FAX,
                recipient=mailbox,
                sender=self._letterhead.sender,
                message_digest=self._blobs.put(fax_mail(fax, pdf, mailbox, reply_domain, self._letterhead)),
                fax_id=fax.id,
            )
            for mailbox in mailboxes
        ]

    def _pdf(self, fax: InboundFax) -> bytes:
        """Wrap the pages as they are at rest, T.6; nothing is coded again."""
        pages = [
            T6Page(
                octets=self._blobs.get(page.blob.digest),
                width_px=page.blob.width_px,
                rows=page.blob.rows,
                resolution=page.blob.resolution,
            )
            for page in fax.pages
        ]
        title = f"Fax {fax.id} from {fax.caller or fax.station_id or 'unknown'} to {fax.called or 'unknown'}"
        return fax_pdf(pages, PdfMetadata(title=title, date=moment(fax.finished_us, self._letterhead.zone)))
