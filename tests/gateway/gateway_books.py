"""What became of a fax, seen from outside: the sender's mailbox, the called number's mailbox, and libtiff for every page.

`judge` holds the first three promises for any story, whatever was killed; a test adds what it knows about its own crash.
"""

import contextlib
import mailbox
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import numpy as np
from gateway_server import Letter, Server

from mailfax.daemon import build
from mailfax.demo.compare import Pels, arrived_pages, libtiff_pels
from mailfax.gateway.identity import SentHeader
from mailfax.model.job import Job, JobState
from mailfax.model.page import PageBlob, Resolution
from mailfax.spool.blobs import BlobStore
from mailfax.spool.store import Store
from mailfax.t4codec.tiff import T6Page


@dataclass(frozen=True, kw_only=True)
class Story:
    """One number of one letter. `arrived` has the page numbers of every fax in the receiver's mailbox, in the order of calls."""

    job: Job
    calls: int
    arrived: tuple[tuple[int, ...], ...]
    notices: tuple[str, ...]


def stories(server: Server, store: Store, posted: Letter) -> tuple[Story, ...]:
    """Collect what became of each number of a letter. Every sender is used for one letter only."""
    told = tuple(_notices(server, posted.sender))
    mine = [job for job in store.jobs() if _sender(store, job) == posted.sender]
    with contextlib.closing(BlobStore(build.spool_settings(server.config))) as blobs:
        return tuple(
            Story(
                job=job,
                calls=len(store.attempts(job.id)),
                arrived=tuple(_arrived(server, store, blobs, job)),
                notices=tuple(notice for notice in told if job.recipient.address.mailbox in notice),
            )
            for job in sorted(mine, key=lambda job: job.id)
        )


def judge(posted: Letter, heard_250: bool, found: tuple[Story, ...]) -> None:
    """Nothing accepted is missing, nothing confirmed is missing, nothing was sent twice without being told."""
    if heard_250:
        assert [story.job.number for story in found] == list(posted.numbers), "an accepted fax is missing"
    for story in found:
        job, copies = story.job, Counter(page for fax in story.arrived for page in fax)
        assert job.state.final, f"{job} has no end"
        assert len(story.notices) == 1, f"the sender of {job} was told {len(story.notices)} times"
        confirmed = job.confirmed
        assert confirmed <= copies.keys(), f"{job}: page {confirmed - copies.keys()} was confirmed and is missing"
        if job.state is JobState.DELIVERED:
            assert job.confirmed_pages == job.pages, f"{job} was called delivered and was not"
            assert "DELIVERED" in story.notices[0]
        repeated = {page for page, count in copies.items() if count > 1}
        unsure = set() if job.state is JobState.DELIVERED else copies.keys() - confirmed
        for page in repeated | unsure:
            assert _warned(story.notices[0], page), f"page {page} of {job} went out twice in silence: {story}"


def _warned(notice: str, page: int) -> bool:
    return f"Page {page} may have arrived twice" in notice or f"Page {page} was sent but not confirmed" in notice


def _sender(store: Store, job: Job) -> str:
    submission = store.submission(job.submission_id)
    assert submission is not None
    return submission.sender


def _notices(server: Server, sender: str) -> Iterator[str]:
    """Return the words of each mail that lies in the sender's mailbox, white space evened out."""
    for message in mails(server.mailboxes / sender):
        parts = (part for part in message.walk() if part.get_content_maintype() == "text")
        words = " ".join(bytes(part.get_payload(decode=True) or b"").decode() for part in parts)
        yield re.sub(r"\s+", " ", f"{message['Subject']} {words}")


def _arrived(server: Server, store: Store, blobs: BlobStore, job: Job) -> Iterator[tuple[int, ...]]:
    """Name every page in each fax for the job's number; a page that is none of the job's fails here."""
    faxes = [
        message for box in server.mailboxes.iterdir() for message in mails(box) if message["X-Fax-To"] == job.number
    ]
    sent = list(sent_pages(server, store, blobs, job)) if faxes else []
    for message in sorted(faxes, key=lambda message: str(message["X-Fax-Id"])):
        yield tuple(number_of(pels, sent, job) for pels in fax_pages(message))


def fax_pages(message: Message) -> list[Pels]:
    """Return the pages of the PDF in the mail of a received fax."""
    (pdf,) = [part for part in message.walk() if part.get_content_type() == "application/pdf"]
    return [page.pels for page in arrived_pages(bytes(pdf.get_payload(decode=True)))]


def sent_pages(server: Server, store: Store, blobs: BlobStore, job: Job) -> Iterator[tuple[int, Pels]]:
    """Make every page as each call of the job sent it, under that call's header line; the body is decoded by libtiff."""
    document = store.document(job.submission_id)
    assert document is not None
    bodies = [libtiff_pels(_at_rest(blobs, page.fine)) for page in document.for_job(job.id).pages]
    for attempt in store.attempts(job.id):
        header = SentHeader(
            identity=build.identity(server.config),
            number=job.number,
            pages=len(bodies),
            started_us=attempt.started_us,
            job=job.id,
        )
        for number, body in enumerate(bodies, 1):
            yield number, np.vstack([header.strip(number, Resolution.FINE).to_bool(), body])


def number_of(arrived: Pels, sent: list[tuple[int, Pels]], job: Job) -> int:
    """Find the page that was sent and equals this one, pel by pel."""
    for number, pels in sent:
        if np.array_equal(pels, arrived):
            return number
    raise AssertionError(f"a page came to {job.number} that was never sent")


def _at_rest(blobs: BlobStore, page: PageBlob) -> T6Page:
    return T6Page(octets=blobs.get(page.digest), width_px=page.width_px, rows=page.rows, resolution=page.resolution)


def mails(box: Path) -> list[Message]:
    if not box.is_dir():
        return []
    found = mailbox.Maildir(box, create=False)
    return [found[key] for key in sorted(found.keys())]
