"""A received fax on its way to a person: Postfix as smarthost, LMTP into Dovecot, read over IMAP; and Postfix down.

Needs root, postfix, dovecot-imapd and dovecot-lmtpd.
"""

import asyncio
import contextlib

import pytest

from mailfax.daemon import build
from mailfax.gateway.delivery import DeliveryDesk
from mailfax.gateway.undelivered import Alarms
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
            alarms=Alarms(
                blobs=blobs,
                letterhead=build.letterhead(config),
                telling=build.telling_policy(config),
                administrator=build.administrator(config),
            ),
            now_us=lambda: now_us,
            emit=lambda _: None,
        )

        async def all_due() -> None:
            while await desk.step():
                pass

        asyncio.run(all_due())


def refused_once(store: Store) -> list[Delivery]:
    """Return the mails that could not be handed over and wait now."""
    return [mail for mail in store.deliveries() if mail.state is DeliveryState.WAITING and mail.tries]


def test_mail_waits_while_postfix_is_down_and_is_delivered_once_when_it_is_back(cut_off: Site) -> None:
    letter = write_pdf(cut_off.gateway.folder / "letter.pdf", pages=2)
    with cut_off.gateway.running():
        queued = cut_off.gateway.mailfax_json("send", "5551201", str(letter), "--from", "waits@example.org")
        cut_off.gateway.until(lambda store: len(refused_once(store)) == 3)  # two mailboxes and the sender
    with cut_off.gateway.store() as store:
        waiting = refused_once(store)
    assert all(mail.detail.startswith("Nobody listens at 127.0.0.1:") for mail in waiting)
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


def test_a_fax_that_its_mailbox_refuses_for_good_reaches_the_catch_all(site: Site) -> None:
    letter = write_pdf(site.gateway.folder / "refused.pdf")
    queued = site.gateway.mailfax_json("send", "5559000", str(letter), "--from", "sender@example.org")
    (job,) = site.gateway.told(queued["mail"])

    def arrived(_: object) -> list[bytes]:
        inbox = site.dovecot.mails("faxmaster@example.org")
        return [pdf for mail in inbox if mail["X-Fax-To"] == "5559000" for pdf in pdfs_in(mail)]

    (pdf,) = site.gateway.until(arrived)
    assert site.gateway.pages_equal(job, pdf) == [True]
    assert site.dovecot.mails("gone@example.org") == []
    with site.gateway.store() as store:
        refused = [mail for mail in store.deliveries() if mail.recipient == "gone@example.org"]
    assert [mail.state for mail in refused] == [DeliveryState.FAILED]
    assert "554 5.7.1 <gone@example.org>: Recipient address rejected" in refused[0].detail


@pytest.mark.interop
def test_the_running_server_delivers_by_itself_when_postfix_is_back(cut_off: Site) -> None:
    letter = write_pdf(cut_off.gateway.folder / "letter.pdf")
    with cut_off.gateway.running():
        queued = cut_off.gateway.mailfax_json("send", "5557001", str(letter), "--from", "patient@example.org")
        cut_off.gateway.until(lambda store: len(refused_once(store)) == 2)
        with running(cut_off.postfix):
            (job,) = cut_off.gateway.told(queued["mail"], limit_s=90)  # the first wait is a minute
            (report,) = cut_off.dovecot.wait_for("patient@example.org", 1)
    assert (job.state, report["Subject"]) == (JobState.DELIVERED, "Fax to 5557001 delivered")
