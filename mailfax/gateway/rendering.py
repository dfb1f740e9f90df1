"""Mails become Documents: takes submissions that wait, renders each in a limited child, keeps its pages as blobs.

Called by the server's workers. A rendering that a crash cut off is simply done again: nothing of it is visible before the
Document is committed.
"""

from collections.abc import Callable
from dataclasses import replace
from multiprocessing.context import ForkServerContext

import structlog

from mailfax.gateway.alarms import notice_of, waiting_mail
from mailfax.gateway.covers import CoverPolicy, covers_for
from mailfax.gateway.identity import Identity, sender_identity
from mailfax.gateway.live import Emit, Live, Rendered, Rendering, RenderingFailed
from mailfax.gateway.quotas import NO_QUOTAS, QuotaPolicy, Quotas
from mailfax.model.document import Document, DocumentPage, JobCover
from mailfax.model.job import JobState
from mailfax.model.options import drawn_for
from mailfax.model.outcome import Outcome
from mailfax.model.page import PageBlob
from mailfax.model.submission import Submission
from mailfax.render.office import OfficeDesk
from mailfax.render.result import RenderedPage, RenderFailure
from mailfax.render.sandbox import render_in_child
from mailfax.render.settings import RenderSettings
from mailfax.smtp.compose import Letterhead
from mailfax.spool.blobs import BlobMissing, BlobStore
from mailfax.spool.disk import SpoolError
from mailfax.spool.faultpoint import fault_point
from mailfax.spool.records import NewDelivery
from mailfax.spool.store import Store
from mailfax.t4codec.tiff import T6Page

_log = structlog.get_logger()
NOBODY, NO_COVERS = Identity(), CoverPolicy()
MAIL_LOST = "The mail was damaged on this server's disk before it could be faxed. Please send it again."


class RenderDesk:
    """Renders one waiting submission at a time."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        settings: RenderSettings,
        context: ForkServerContext,
        office: OfficeDesk,
        now_us: Callable[[], int],
        emit: Emit,
        identity: Identity = NOBODY,
        covers: CoverPolicy = NO_COVERS,
        footer_of: Callable[[str], str] = lambda _submission_id: "",
        quotas: QuotaPolicy = NO_QUOTAS,
        letterhead: Letterhead | None = None,
    ) -> None:
        self._store, self._blobs, self._settings, self._context = store, blobs, settings, context
        self._office = office
        self._identity, self._covers, self._footer_of = identity, covers, footer_of
        self._quotas, self._letterhead = quotas, letterhead
        self._now_us, self._emit = now_us, emit
        self._unrecorded: Submission | None = None

    def step(self, taken: Callable[[], object] = lambda: None) -> bool:
        """Render the next submission; False when none waits. `taken` is called when one was found, so that another worker may look.

        One whose pages or whose end could not be recorded (a full disk) is ours still, and is rendered again.
        """
        submission = self._unrecorded or self._store.claim_render(self._now_us())
        if submission is None:
            return False
        taken()
        self._unrecorded = None
        try:
            self._render_and_record(submission)
        except SpoolError:
            self._unrecorded = submission
            raise
        return True

    def _render_and_record(self, submission: Submission) -> None:
        log = _log.bind(mail=submission.id)
        try:
            document = self._render(submission)
        except RenderFailure as failure:
            log.info("mail cannot be faxed", outcome=failure.outcome.code, detail=failure.detail)
            self._refuse(submission, failure)
        except BlobMissing:
            log.exception("an accepted mail is no longer on disk")
            self._refuse(submission, RenderFailure(Outcome.STORE_FAULT, MAIL_LOST))
        else:
            log.info("mail rendered", pages=len(document.pages))
            self._keep(submission, document)
            self._emit(Live(subject=submission.id, event=Rendered(pages=len(document.pages))))

    def _keep(self, submission: Submission, document: Document) -> None:
        """Keep the document; what is over a quota by its pages waits, and its sender is told."""
        now_us, jobs = self._now_us(), [job for job in self._store.jobs_of(submission.id) if not job.state.final]
        pages = {job.id: len(document.for_job(job.id).pages) for job in jobs}
        waits = Quotas(self._store, self._quotas).waits(submission, pages, jobs, now_us)
        later = [(job, waits[job.id]) for job in jobs if job.id in waits and waits[job.id].until_us is not None]
        told: tuple[NewDelivery, ...] = ()
        if later and submission.sender and self._letterhead is not None:
            octets = waiting_mail(submission, later, self._letterhead, now_us)
            told = (notice_of(submission, self._blobs.put(octets)),)
        if waits:
            _log.info("faxes are over a quota", mail=submission.id, jobs=list(waits))
        self._store.set_document(submission.id, document, now_us, waits=waits, told=told)

    def _refuse(self, submission: Submission, failure: RenderFailure) -> None:
        self._store.fail_submission(submission.id, failure.outcome, failure.detail, failure.account, self._now_us())
        self._emit(Live(subject=submission.id, event=RenderingFailed(sentence=failure.detail)))

    def _render(self, submission: Submission) -> Document:
        def progress(page: int, pages: int | None) -> None:
            self._emit(Live(subject=submission.id, event=Rendering(page=page, pages=pages)))
            fault_point("page-rendered")

        octets = self._blobs.get(submission.message_digest)
        identity = sender_identity(submission, self._store, self._identity)
        all_jobs = self._store.jobs_of(submission.id)
        waiting = [job for job in all_jobs if job.state is JobState.RENDERING]
        jobs, order = covers_for(submission, waiting, identity, self._covers)
        if len(waiting) < len(all_jobs):  # members of lists, who get the pages without a cover: there have to be some
            order = replace(order, alone=False)
        dense = drawn_for(job.recipient.options.resolution for job in waiting)
        settings = replace(self._settings, dense=dense)
        if footer := self._footer_of(submission.id):
            settings = replace(settings, stamp=" - ".join(filter(None, (settings.stamp, footer))))
        rendered = render_in_child(octets, settings, progress, self._context, self._office.convert, order)
        pages = tuple(document_page(page, self._blobs) for page in rendered.pages)
        covers = tuple(
            JobCover(
                job_id=job.id,
                pages=tuple(document_page(page, self._blobs) for page in cover.pages),
                cover_pages=cover.cover_pages,
                replaces=cover.replaces,
                text=cover.text,
            )
            for job, cover in zip(jobs, rendered.covers, strict=True)
        )
        return Document(pages=pages, account=rendered.account, covers=covers)


def document_page(page: RenderedPage, blobs: BlobStore) -> DocumentPage:
    """Put a rendered page as blobs, every raster of it."""
    return DocumentPage(
        fine=_blob(page.fine, blobs),
        standard=_blob(page.standard, blobs),
        dense=_blob(page.dense, blobs) if page.dense else None,
    )


def _blob(page: T6Page, blobs: BlobStore) -> PageBlob:
    return PageBlob(
        digest=blobs.put(page.octets),
        resolution=page.resolution,
        width_px=page.width_px,
        rows=page.rows,
        size=len(page.octets),
    )
