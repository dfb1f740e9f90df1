"""Previews by mail (MI11): the pages of a held fax go to its sender, exactly as they would be sent; his answer releases it (`commands`).

Called by the server's workers. Marking a job as shown and queueing the mail that shows it is one transaction. What nobody released in time is given
up and told like any failure.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from mailfax.gateway.approving import approver_words, approvers, sender_words
from mailfax.gateway.evidence import EvidenceMaker
from mailfax.gateway.hooks import HookEvent, Hooks
from mailfax.gateway.reports import report_of
from mailfax.gateway.resting import US_PER_S, Resting
from mailfax.gateway.telling import HOUR_US, TellingPolicy
from mailfax.model.job import Job
from mailfax.model.submission import Hold, Notify, Submission
from mailfax.model.tariff import MICRO
from mailfax.render.faxpdf import PdfMetadata, fax_pdf
from mailfax.smtp.compose import Enclosure, Letterhead
from mailfax.smtp.language import Language
from mailfax.smtp.messages import Shown, held_subject, held_words
from mailfax.smtp.notices import Story, report
from mailfax.smtp.wording import JobReport, Voice
from mailfax.spool.blobs import BlobStore
from mailfax.spool.records import DeliveryKind, NewDelivery, Unnotified
from mailfax.spool.store import Store

_log = structlog.get_logger()
_LOOK_FOR_OLD_S = 60
_DAY_US = 24 * HOUR_US
_NOT_RELEASED = "Nobody released it within {days} days."


class PreviewDesk:
    """Shows the held faxes of one mail at a time, and once a minute drops those that are too old."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        letterhead: Letterhead,
        telling: TellingPolicy,
        evidence: EvidenceMaker,
        hooks: Hooks,
        now_us: Callable[[], int],
        currency: str = "",
        catch_all: str = "",
    ) -> None:
        self._store, self._blobs, self._letterhead = store, blobs, letterhead
        self._telling, self._evidence, self._hooks, self._now_us = telling, evidence, hooks, now_us
        self._currency = currency
        self._otherwise = catch_all or letterhead.sender
        self._resting = Resting()
        self._old_next_us = 0

    def step(self) -> bool:
        """Show the held faxes of one mail; False when all were shown."""
        now_us = self._now_us()
        self._drop_old(now_us)
        unshown = self._store.next_unshown(self._resting.now(now_us))
        if unshown is None:
            return False
        with self._resting.unless_done(unshown.submission.id, now_us):
            self._show(unshown)
        return True

    def _drop_old(self, now_us: int) -> None:
        if now_us < self._old_next_us:
            return
        self._old_next_us = now_us + _LOOK_FOR_OLD_S * US_PER_S
        why = _NOT_RELEASED.format(days=self._telling.held_us // _DAY_US)
        if dropped := self._store.expire_held(now_us - self._telling.held_us, why, now_us):
            _log.info("held faxes are dropped: nobody released them", jobs=dropped)

    def _show(self, unshown: Unnotified) -> None:
        to_approve = tuple(each for each in unshown.stories if each.job.recipient.hold is Hold.APPROVAL)
        if to_approve:
            self._ask(replace(unshown, stories=to_approve))
        own = tuple(each for each in unshown.stories if each not in to_approve)
        if own:
            self._preview(replace(unshown, stories=own))

    def _ask(self, unshown: Unnotified) -> None:
        """Show faxes that need approval to the operators, and tell their sender that they wait."""
        submission, reports = unshown.submission, [report_of(story) for story in unshown.stories]
        language = self._telling.language(submission.telling)
        shown, files = self._pictures(submission, reports, language)
        voice, ids = Voice(language=language, zone=self._letterhead.zone), [each.job.id for each in reports]
        until = voice.when(submission.received_us + self._telling.held_us)
        first = shown[0].mailbox
        house = Voice(language=self._telling.language(self._telling.usual), zone=self._letterhead.zone)
        asked = house.language.say("subject_approve", address=first)
        said: list[tuple[str, Voice, list[Enclosure], str, str]] = [
            (mailbox, house, files, asked, approver_words(submission, shown, ids, until, house))
            for mailbox in approvers(self._store.users(), self._otherwise)
        ]
        # Of a post to a list its owner hears, never its bounce address; and NOTIFY=NEVER is silence (RFC 3461 section 4.1).
        waits_for = submission.telling.hears or submission.sender
        if waits_for and not all(Notify.NEVER in each.job.recipient.notify for each in reports):
            words = sender_words(submission, shown, until, voice)
            said.append((waits_for, voice, [], language.say("subject_approval_awaited", address=first), words))
        made = []
        for place, (hears, voice, enclosures, subject, words) in enumerate(said):
            story = Story(
                submission=submission,
                reports=reports,
                account=unshown.account,
                voice=voice,
                hears=hears,
                enclosures=enclosures,
            )
            octets = report(
                story, self._letterhead, self._now_us(), subject=subject, words=words, occasion=f"approval{place}"
            )
            made.append(
                NewDelivery(
                    kind=DeliveryKind.NOTICE,
                    recipient=hears,
                    sender="",
                    message_digest=self._blobs.put(octets),
                    submission_id=submission.id,
                )
            )
        self._store.shown(ids, made, self._now_us())
        _log.info("approval is asked for", mail=submission.id, jobs=ids)

    def _preview(self, unshown: Unnotified) -> None:
        submission = unshown.submission
        reports = [report_of(story) for story in unshown.stories]
        language = self._telling.language(submission.telling)
        shown, files = self._pictures(submission, reports, language)
        story = Story(
            submission=submission,
            reports=reports,
            account=unshown.account,
            voice=Voice(language=language, zone=self._letterhead.zone),
            hears=submission.telling.hears or submission.sender,
            enclosures=files,
            last_words=(language.say("reply_held"),),
        )
        until_us = submission.received_us + self._telling.held_us
        message = report(
            story,
            self._letterhead,
            self._now_us(),
            subject=held_subject(story, shown),
            words=held_words(story, shown, until_us),
            occasion="preview",
        )
        delivery = NewDelivery(
            kind=DeliveryKind.NOTICE,
            recipient=story.hears,
            sender="",
            message_digest=self._blobs.put(message),
            submission_id=submission.id,
        )
        made = [delivery, *self._hooks.waiting(HookEvent.HELD, submission, reports)]
        ids = [each.job.id for each in reports]
        self._store.shown(ids, made, self._now_us())
        _log.info("preview shown", mail=submission.id, jobs=ids)

    def _pictures(
        self, submission: Submission, reports: Sequence[JobReport], language: Language
    ) -> tuple[list[Shown], list[Enclosure]]:
        """Return the facts of each fax, and its pages as a PDF."""
        shown, files = [], []
        for each in reports:
            pages = self._evidence.sent(submission, each)
            seconds = sum(page.seconds for page in pages)
            more = (*self._price(each.job, seconds, language), *(language.note(note) for note in each.job.notes))
            mailbox = each.job.recipient.address.mailbox
            shown.append(Shown(mailbox=mailbox, pages=len(pages), seconds=seconds, more=more))
            if pages:
                title = f"Preview of {each.job.id} to {each.job.number}"
                octets = fax_pdf([page.page for page in pages], PdfMetadata(title=title))
                files.append(
                    Enclosure(octets=octets, content_type="application/pdf", filename=f"preview-{each.job.number}.pdf")
                )
        return shown, files

    def _price(self, job: Job, seconds: float, language: Language) -> tuple[str, ...]:
        """Return what one call of that length costs, where [prices] says anything of it."""
        cost_micro = job.recipient.tariff.cost_micro(seconds, 1)
        price = f"{cost_micro / MICRO:.2f} {self._currency}".strip()
        return (language.say("held_price", price=price),) if cost_micro else ()
