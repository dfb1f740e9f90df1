"""The sender hears what became of his faxes: one DSN or report when all of a mail's jobs have ended, or word of a delay; queued as deliveries.

Called by the server's workers. Marking the jobs as told and queueing the mail that tells is one transaction, so a crash
neither loses a notice nor doubles one. Nobody but a sender whom the door let in is ever told: a forged one gets no further than RCPT.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from mailfax.gateway.acknowledgement import answer_to_fetched
from mailfax.gateway.evidence import EvidenceMaker
from mailfax.gateway.hooks import HookEvent, Hooks
from mailfax.gateway.reports import report_of
from mailfax.gateway.resting import US_PER_S, Resting
from mailfax.gateway.telling import TellingPolicy
from mailfax.model.submission import Submission
from mailfax.model.telling import Event, Proof
from mailfax.smtp.compose import Enclosure, Letterhead, ascii_line
from mailfax.smtp.messages import delayed_subject, delayed_words
from mailfax.smtp.notices import NoticeKind, Story, dsn, report, wanted_notice
from mailfax.smtp.wording import JobReport, Voice, plain_words, summary_csv
from mailfax.spool.blobs import BlobMissing, BlobStore
from mailfax.spool.records import DeliveryKind, NewDelivery, Unnotified
from mailfax.spool.store import Store

_log = structlog.get_logger()
LOOK_FOR_DELAYS_S = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """When a sender is told that his fax waits, and when it is given up. 0 is never."""

    delay_s: int
    give_up_s: int


class NotificationDesk:
    """Tells one sender at a time."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        letterhead: Letterhead,
        telling: TellingPolicy,
        evidence: EvidenceMaker,
        hooks: Hooks,
        patience: Patience,
        now_us: Callable[[], int],
    ) -> None:
        self._store, self._blobs, self._letterhead = store, blobs, letterhead
        self._telling, self._evidence, self._hooks, self._patience = telling, evidence, hooks, patience
        self._now_us = now_us
        self._resting = Resting()
        self._delays_next_us = 0

    def step(self) -> bool:
        """Make the notices of one submission's finished jobs, or of its delay; False when every sender has been told."""
        now_us = self._now_us()
        untold = self._store.next_unnotified(self._resting.now(now_us), now_us)
        if untold is not None:
            with self._resting.unless_done(untold.submission.id, now_us):
                self._tell(untold)
            return True
        return self._step_delayed(now_us)

    def _tell(self, untold: Unnotified) -> None:
        reports = [report_of(story) for story in untold.stories]
        made: list[NewDelivery] = []
        kinds = self._kinds(
            untold.submission, reports, lambda each: Event.DELIVERED if each.delivered else Event.FAILED
        )
        # To the owner of a list goes a report of all; a DSN that NOTIFY asked for goes to the sender beside it.
        dues = kinds[NoticeKind.DSN], kinds[NoticeKind.REPORT]
        groups = dues if untold.submission.telling.hears else ([*dues[0], *dues[1]],)
        for told in filter(None, groups):
            story = self._story(untold, [each for each in reports if each in told])
            made.append(self._notice(story, [each for each in told if each in dues[0]]))
            made += self._copies(story)
        made += self._hooks.ended(untold.submission, reports)
        ids = [each.job.id for each in untold.stories]
        self._store.notified(ids, made, self._now_us())
        _log.info(
            "sender told", mail=untold.submission.id, jobs=ids, notices=[kind.value for kind in kinds if kinds[kind]]
        )

    def _kinds(
        self, submission: Submission, reports: Sequence[JobReport], event: Callable[[JobReport], Event]
    ) -> dict[NoticeKind, list[JobReport]]:
        """Sort jobs by how they are told."""
        kinds: dict[NoticeKind, list[JobReport]] = {kind: [] for kind in NoticeKind}
        events = self._events(submission)
        for each in reports:
            wanted = wanted_notice(
                each.job.recipient.notify, event(each), events, to_owner=bool(submission.telling.hears)
            )
            kinds[wanted].append(each)
        del kinds[NoticeKind.NONE]
        return kinds

    def _events(self, submission: Submission) -> tuple[Event, ...]:
        """Return what is told where NOTIFY says nothing; a submission of an older server has no wishes at all."""
        wished = submission.telling.events
        return (self._telling.usual.events or ()) if wished is None else wished

    def _story(self, untold: Unnotified, reports: Sequence[JobReport]) -> Story:
        submission = untold.submission
        voice = self._voice(submission)
        hears = submission.telling.hears or submission.sender
        unmade = [each for each in reports if not each.delivered]
        last = voice.language.say("reply_ended") if submission.token and unmade else ""
        story = Story(
            submission=submission,
            reports=reports,
            account=untold.account,
            voice=voice,
            hears=hears,
            list_name=submission.telling.list_name,
            last_words=(last,) if last else (),
        )
        return replace(story, enclosures=self._enclosures(story))

    def _voice(self, submission: Submission) -> Voice:
        return Voice(language=self._telling.language(submission.telling), zone=self._letterhead.zone)

    def _enclosures(self, story: Story) -> tuple[Enclosure, ...]:
        """Return the proof that the sender wants, the table of many, and the signalling where it was asked for."""
        wishes = story.submission.telling
        proof = wishes.proof or self._telling.usual.proof
        files: list[Enclosure] = []
        if proof is not Proof.NONE:
            files += self._evidence.picture(story.submission, story.reports[0])
        if len(story.reports) > 1:
            csv = summary_csv(story.reports, story.voice)
            files.append(Enclosure(octets=csv, content_type="text/csv", filename=f"{story.submission.id}.csv"))
        if proof is Proof.ALL:
            for each in story.reports:
                files += self._evidence.pdf(story.submission, each, self._sheet(story, each))
        if wishes.trace:
            for each in story.reports:
                files += self._evidence.signalling(each)
        return tuple(files)

    def _sheet(self, story: Story, each: JobReport) -> str:
        title = story.voice.language.say("sheet_title")
        return f"{title}\n\n{plain_words(story.submission, [each], story.account, story.voice)}"

    def _notice(self, story: Story, due: Sequence[JobReport]) -> NewDelivery:
        now_us, submission = self._now_us(), story.submission
        if submission.fetched:
            original = self._original(submission)
            return self._delivery(story, answer_to_fetched(story, original, self._letterhead, now_us))
        if not due:
            return self._delivery(story, report(story, self._letterhead, now_us))
        story = replace(story, hears=submission.sender)
        return self._delivery(story, dsn(story, due, self._original(submission), self._letterhead, now_us))

    def _copies(self, story: Story) -> list[NewDelivery]:
        """Return the same as plain reports for whoever else is to hear (NO6)."""
        wishes = story.submission.telling.copies
        copies = (self._telling.usual.copies or ()) if wishes is None else wishes
        made = []
        for mailbox in copies:
            why = story.voice.language.say("copy_of", sender=story.submission.sender)
            copy = replace(story, hears=mailbox, last_words=(why,), submission=replace(story.submission, token=""))
            made.append(self._delivery(copy, report(copy, self._letterhead, self._now_us(), occasion="copy")))
        return made

    def _delivery(self, story: Story, message: bytes) -> NewDelivery:
        return NewDelivery(
            kind=DeliveryKind.NOTICE,
            recipient=story.hears,
            sender="",  # the null path: nobody answers a notice (RFC 3461 section 6.1)
            message_digest=self._blobs.put(message),
            submission_id=story.submission.id,
        )

    # -- delays

    def _step_delayed(self, now_us: int) -> bool:
        """Tell of jobs that wait longer than people expect; looked for once a minute."""
        if not self._patience.delay_s or now_us < self._delays_next_us:
            return False
        before_us = now_us - self._patience.delay_s * US_PER_S
        late = self._store.next_delayed(before_us, self._resting.now(now_us))
        if late is None:
            self._delays_next_us = now_us + LOOK_FOR_DELAYS_S * US_PER_S
            return False
        with self._resting.unless_done(late.submission.id, now_us):
            self._tell_delay(late)
        return True

    def _tell_delay(self, late: Unnotified) -> None:
        reports = [report_of(story) for story in late.stories]
        kinds = self._kinds(late.submission, reports, lambda _each: Event.DELAYED)
        made: list[NewDelivery] = []
        submission, until_us = late.submission, late.submission.received_us + self._patience.give_up_s * US_PER_S
        for kind, told in kinds.items():
            if not told:
                continue
            voice = self._voice(submission)
            story = Story(
                submission=submission,
                reports=told,
                account=(),
                voice=voice,
                hears=submission.sender if kind is NoticeKind.DSN else submission.telling.hears or submission.sender,
                list_name=submission.telling.list_name,
                last_words=(voice.language.say("reply_waiting"),) if submission.token else (),
            )
            subject, words = delayed_subject(story), delayed_words(story, until_us)
            if kind is NoticeKind.DSN:
                original = self._original(submission)
                octets = dsn(
                    story,
                    told,
                    original,
                    self._letterhead,
                    self._now_us(),
                    subject=subject,
                    words=words,
                    retry_until_us=until_us,
                )
            else:
                octets = report(
                    story, self._letterhead, self._now_us(), subject=subject, words=words, occasion="delayed"
                )
            made.append(self._delivery(story, octets))
        made += self._hooks.waiting(HookEvent.DELAYED, submission, reports)
        self._store.delay_told([each.job.id for each in late.stories], made, self._now_us())
        _log.info("sender told of a delay", mail=submission.id, jobs=[each.job.id for each in late.stories])

    def _original(self, submission: Submission) -> bytes:
        """Return the mail as it came; of one that the disk has lost, the header lines that the spool still knows."""
        try:
            return self._blobs.get(submission.message_digest)
        except BlobMissing:
            known = {"Message-ID": submission.message_id, "Subject": submission.subject}
            return (
                "".join(f"{name}: {ascii_line(value)}\r\n" for name, value in known.items() if value).encode() + b"\r\n"
            )
