"""Reports of posts: who hears of them, and what became of every number. Called by `broadcast`, and by `mailfax list report`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mailfax.gateway.maillist import MailList
from mailfax.gateway.members import DOUBLE, Plan, decode_plan
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.post import Post
from mailfax.render.listpdf import table_pdf
from mailfax.smtp.compose import Letterhead, moment
from mailfax.smtp.listreport import PostFacts, ReportRow, in_words, question_mail, report_mail
from mailfax.spool import posts
from mailfax.spool.blobs import BlobMissing, BlobStore
from mailfax.spool.records import DeliveryKind, JobStory, NewDelivery
from mailfax.spool.store import Store

_HEAD = ("Number", "Result", "Pages", "Calls", "Last call", "Why not")
LONGEST_PDF = 2000  # lines; of a longer list the PDF has those that were not delivered first, and says so
EMPTY = Plan(members=(), left_out=())
_WORDS = {
    JobState.DELIVERED: "delivered",
    JobState.UNCERTAIN: "uncertain",
    JobState.FAILED: "not delivered",
    JobState.CANCELLED: "cancelled",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reporter:
    """Makes what owners, posters and moderators are sent."""

    store: Store
    blobs: BlobStore
    letterhead: Letterhead
    now_us: Callable[[], int]
    domain: str  # of ours, which takes the answers of moderators

    def final(self, post: Post, mail_list: MailList | None) -> list[NewDelivery]:
        """Return the report of a post that is over, for the list's owner and for whoever posted it."""
        facts, rows = self.facts(post, final=True), self.rows(post)
        pdf = self.pdf(facts, rows)
        return [self._to(post, each, self._mail(facts, rows, pdf, each)) for each in self._hearers(post, mail_list)]

    def interim(self, post: Post, recipient: str) -> NewDelivery:
        """Return the report of a post as it is now."""
        facts, rows = self.facts(post, final=False), self.rows(post)
        return self._to(post, recipient, self._mail(facts, rows, self.pdf(facts, rows), recipient))

    def question(self, post: Post, mail_list: MailList | None) -> list[NewDelivery]:
        """Return the mails that ask the moderators of a list, or its owner, whether a post is sent."""
        if mail_list is None:
            return []
        facts, now_us = self.facts(post, final=False), self.now_us()
        back = f"reply+{post.id.lower()}.{facts.submission.token}@{self.domain}"
        return [
            self._to(post, each, question_mail(facts, post.members, each, back, self.letterhead, now_us))
            for each in mail_list.moderators or (mail_list.owner,)
        ]

    def facts(self, post: Post, *, final: bool) -> PostFacts:
        """Return what a report is about."""
        submission, document = self.store.submission(post.id), self.store.document(post.id)
        if submission is None:
            raise LookupError(f"There is no mail {post.id}.")
        pages = None if document is None else len(document.pages)
        return PostFacts(list_name=post.list_name, submission=submission, pages=pages, paused=post.paused, final=final)

    def rows(self, post: Post) -> list[ReportRow]:
        """Return a line for each member, those who are left out at the end."""
        try:
            planned = decode_plan(self.blobs.get(post.plan_digest))
        except BlobMissing:
            planned = EMPTY
        fields = {(each.number, each.subaddress): each.fields for each in planned.members}
        sent = [_row(story, fields) for story in posts.stories(self.store, post)]
        return [*sent, *_left_out(planned)]

    def pdf(self, facts: PostFacts, rows: list[ReportRow]) -> bytes:
        """Return the report as a PDF."""
        shown, words = rows, in_words(facts, rows)
        if len(rows) > LONGEST_PDF:
            shown = sorted(rows, key=lambda row: row.result == "delivered")[:LONGEST_PDF]
            words += f"\nHere are the first {LONGEST_PDF} lines, what was not delivered before the rest; the CSV has them all.\n"
        lines = [
            (
                row.number,
                row.result,
                f"{row.pages}/{row.of}" if row.of is not None else "",
                str(row.calls or ""),
                "" if row.last_call_us is None else f"{moment(row.last_call_us, self.letterhead.zone):%Y-%m-%d %H:%M}",
                row.explanation if row.result != "delivered" else "",
            )
            for row in shown
        ]
        return table_pdf(f"Fax to {facts.list_name}: {facts.submission.subject}", words, _HEAD, lines)

    def _hearers(self, post: Post, mail_list: MailList | None) -> list[str]:
        submission = self.store.submission(post.id)
        poster = submission.sender if submission else ""
        return list(dict.fromkeys(filter(None, (mail_list.owner if mail_list else "", poster))))

    def _mail(self, facts: PostFacts, rows: list[ReportRow], pdf: bytes, recipient: str) -> bytes:
        return report_mail(facts, rows, pdf, recipient, self.letterhead, self.now_us())

    def _to(self, post: Post, recipient: str, mail: bytes) -> NewDelivery:
        return NewDelivery(
            kind=DeliveryKind.NOTICE,
            recipient=recipient,
            sender="",
            message_digest=self.blobs.put(mail),
            submission_id=post.id,
        )


def _row(story: JobStory, fields: dict[tuple[str, str], dict[str, str]]) -> ReportRow:
    job, last = story.job, story.attempts[-1] if story.attempts else None
    address = job.recipient.address
    bad = job.outcome is not None and job.state is not JobState.DELIVERED
    return ReportRow(
        number=address.number + (f"#{address.subaddress}" if address.subaddress else ""),
        result=_WORDS.get(job.state, "waiting"),
        code=job.outcome.code if job.outcome else "",
        explanation=" ".join((job.outcome.sentence, *job.notes)) if bad and job.outcome else "",
        pages=job.confirmed_pages,
        of=job.pages,
        calls=len(story.attempts),
        last_call_us=last.started_us if last else None,
        station=last.result.station_id if last and last.result else "",
        job=job.id,
        fields=fields.get((address.number, address.subaddress), {}),
    )


def _left_out(planned: Plan) -> Iterator[ReportRow]:
    for each in planned.left_out:
        known = each.why != DOUBLE
        yield ReportRow(
            number=each.number,
            result="left out" if known else "double",
            code=each.why,
            explanation=each.detail or (Outcome.of(each.why).sentence if known else ""),
            fields=each.fields,
        )
