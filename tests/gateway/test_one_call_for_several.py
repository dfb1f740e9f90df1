"""Mails that wait for one number go in one call of the real server, and each arrives as a fax of its own (QU8)."""

import contextlib
import threading
from pathlib import Path

import pytest
from gateway_books import fax_pages, mails, number_of, sent_pages
from gateway_server import Server, letter

from mailfax.daemon import build
from mailfax.model.job import JobState
from mailfax.spool.blobs import BlobStore

pytestmark = pytest.mark.timeout(120)


def test_three_mails_for_one_number_are_one_call_and_three_faxes(tmp_path: Path) -> None:
    server = Server(tmp_path)
    file = tmp_path / "mailfax.toml"
    sending = file.read_text(encoding="utf-8")
    file.write_text(sending.replace("receive = false", "receive = false\nsend = false"), encoding="utf-8")
    letters = [letter(f"sender{number}@office.lan", "5551234", pages=number) for number in (1, 2, 3)]
    server.start()
    try:
        server.wait_until_up()
        assert all(server.post(mail) for mail in letters)
        with server.store() as store:
            changed, states = store.changed(), set()
            while states != {JobState.QUEUED}:
                store.wait_for_change(changed, 1.0, threading.Event())
                changed, states = store.changed(), {job.state for job in store.jobs()}
        server.stop()
        file.write_text(sending, encoding="utf-8")
        server.start()
        server.wait_until_up()
        with server.store() as store:
            server.wait_until_books_are_closed(store)
            calls = {attempt.call_id for job in store.jobs() for attempt in store.attempts(job.id)}
            assert len(calls) == 1
            assert sorted(len(fax.pages) for fax in store.faxes()) == [1, 2, 3]
            assert {fax.call_id for fax in store.faxes()} != calls  # the far end counts its own
            assert len({fax.call_id for fax in store.faxes()}) == 1
            with contextlib.closing(BlobStore(build.spool_settings(server.config))) as blobs:
                sent = {job.pages: (job, list(sent_pages(server, store, blobs, job))) for job in store.jobs()}
            assert {job.state for job, _ in sent.values()} == {JobState.DELIVERED}
            arrived = [fax_pages(mail) for mail in mails(server.mailboxes / "sales@fax.lan")]
            assert sorted(len(pages) for pages in arrived) == [1, 2, 3]
            for pages in arrived:
                job, wanted = sent[len(pages)]
                assert [number_of(page, wanted, job) for page in pages] == list(range(1, len(pages) + 1))
    finally:
        server.stop()
