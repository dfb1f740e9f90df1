"""A received fax on its way to a person: Postfix as smarthost, LMTP into Dovecot, read over IMAP; and Postfix down.

Needs root, postfix, dovecot-imapd and dovecot-lmtpd.
"""

import asyncio
import contextlib

from mailfax.daemon import build
from mailfax.gateway.delivery import DeliveryDesk
from mailfax.model.job import JobState
from mailfax.spool.blobs import BlobStore
from mailfax.spool.records import Delivery, DeliveryState
from mailfax.spool.retry import HOUR_S, MINUTE_S, US_PER_S
from mailfax.spool.store import Store
from tests.interop.mail.conftest import Site
from tests.interop.mail.gateway import pdfs_in, write_pdf
from tests.interop.mail.programs import running


def deliver_due(site: Site, now_us: int) -> None:
    """Do what the server does with the mail that is due at `now_us`; the gateway's clock is ours here."""
    config = site.gateway.config
    with site.gateway.store() as store, contextlib.closing(BlobStore(build.spool_settings(config))) as blobs:
        desk = DeliveryDesk(
            store=store,
            blobs=blobs,
            outgoing=build.outgoing_settings(config),
            catch_all=config.receive.catch_all,
            now_us=lambda: now_us,
            emit=lambda _: None,
        )

        async def all_due() -> None:
            while await desk.step():
                pass

        asyncio.run(all_due())


def deferred(store: Store) -> list[Delivery]:
    """Return the mails that could not be handed over, once the fax for both mailboxes and the notice are among them."""
    waiting = [mail for mail in store.deliveries() if mail.state is DeliveryState.WAITING and mail.tries]
    return waiting if len(waiting) == 3 else []


def test_mail_waits_while_postfix_is_down_and_is_delivered_once_when_it_is_back(cut_off: Site) -> None:
    letter = write_pdf(cut_off.gateway.folder / "letter.pdf", pages=2)
    with cut_off.gateway.running():
        queued = cut_off.gateway.mailfax_json("send", "5551201", str(letter), "--from", "waits@example.org")
        waiting = cut_off.gateway.until(deferred)
    assert all("could not be reached" in mail.detail for mail in waiting)
    (created_us,) = {mail.created_us for mail in waiting if mail.kind == "fax"}
    deliver_due(cut_off, created_us)
    with cut_off.gateway.store() as store:
        assert {mail.tries for mail in store.deliveries()} == {1}, "nothing is due before its time"
    deliver_due(cut_off, created_us + 2 * MINUTE_S * US_PER_S)
    with cut_off.gateway.store() as store:
        again = store.deliveries()
        assert {(mail.state, mail.tries) for mail in again} == {(DeliveryState.WAITING, 2)}, "still down, still waiting"
    with running(cut_off.postfix):
        deliver_due(cut_off, created_us + HOUR_S * US_PER_S)
        deliver_due(cut_off, created_us + 2 * HOUR_S * US_PER_S)
        (report,) = cut_off.dovecot.wait_for("waits@example.org", 1)
        faxes = [cut_off.dovecot.wait_for(owner, 1) for owner in ("sales@example.org", "archive@example.org")]
    assert report["Subject"] == "Fax to 5551201 delivered"
    (job,) = cut_off.gateway.told(queued["mail"])
    assert job.state is JobState.DELIVERED
    for inbox in faxes:
        (fax,) = inbox
        (pdf,) = pdfs_in(fax)
        assert cut_off.gateway.pages_equal(job, pdf) == [True, True]
