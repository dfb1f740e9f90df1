"""Orders by mail are carried out: status, list, cancel, resend, send, trace, help; each is answered by one mail, for the owner of the fax only.

Called by `gateway.door` for mails to the addresses of `orders`. All is done and the answer is queued before the client hears 250; an order that comes twice
does nothing twice. An answer goes out with the null path and as an automatic reply, which our door refuses; a robot that answers it all the same, with no
mark of one, is not answered for long (`unanswered`).
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.message import Message
from typing import assert_never

import structlog

from mailfax.gateway.approving import may_approve
from mailfax.gateway.evidence import EvidenceMaker
from mailfax.gateway.identity import local_time
from mailfax.gateway.orders import Box, Order, Verb, box_of, read_order
from mailfax.gateway.quotas import NO_QUOTAS, QuotaPolicy, Quotas
from mailfax.gateway.reports import report_of
from mailfax.gateway.sameness import order_key
from mailfax.gateway.telling import TellingPolicy
from mailfax.model.ids import IdMaker, Kind
from mailfax.model.job import Job, JobState
from mailfax.model.post import Post
from mailfax.model.submission import Hold, Submission
from mailfax.routing import outbound
from mailfax.routing.permission import Asker
from mailfax.routing.settings import RoutingSettings
from mailfax.smtp.automatic import list_name
from mailfax.smtp.compose import Enclosure, Letterhead, clean
from mailfax.smtp.door import Incoming
from mailfax.smtp.messages import Answered, answer_message
from mailfax.smtp.reading import header_of
from mailfax.smtp.tables import text_table
from mailfax.smtp.wording import JobReport, Voice, plain_words, summary_csv, wrapped
from mailfax.spool import posts
from mailfax.spool.blobs import BlobMissing, BlobStore
from mailfax.spool.records import DeliveryKind, JobStory, NewDelivery
from mailfax.spool.store import Store

_log = structlog.get_logger()
_WEEK_US = 7 * 24 * 3_600_000_000
_MOST_LISTED = 200
_MOST_ORDERS = 5  # of one mail
_HOUR_US = 3_600_000_000
_MOST_UNCLEAR = (
    5  # mails of one sender within an hour that say no word of ours; a person asks for help, a robot goes on
)
_AGAIN = {JobState.FAILED, JobState.UNCERTAIN, JobState.CANCELLED}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """One order, who gave it, and how he is answered."""

    incoming: Incoming
    order: Order
    voice: Voice
    domain: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """The answer: paragraphs and files."""

    lines: Sequence[str]
    files: Sequence[Enclosure] = ()


class CommandDesk:
    """Carries out orders."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        routing: RoutingSettings,
        letterhead: Letterhead,
        telling: TellingPolicy,
        evidence: EvidenceMaker,
        new_id: IdMaker,
        new_token: Callable[[], str],
        now_us: Callable[[], int],
        quotas: QuotaPolicy = NO_QUOTAS,
    ) -> None:
        self._store, self._blobs, self._routing = store, blobs, routing
        self._letterhead, self._telling, self._evidence = letterhead, telling, evidence
        self._new_id, self._new_token, self._now_us = new_id, new_token, now_us
        self._quotas = Quotas(store, quotas)
        self._domains = frozenset(domain.name for domain in routing.domains)
        self._unclear: dict[str, list[int]] = {}

    def box(self, mailbox: str) -> Box | None:
        """Return what an address is for; None for one that takes no orders."""
        return box_of(mailbox, self._domains, self._letterhead.sender)

    def unanswered(self, incoming: Incoming) -> str:
        """Return why a mail with orders gets no answer, or nothing: a list post has nobody to be answered, a robot would answer again."""
        if list_name(header_of(incoming.octets)):
            return "A post to a mailing list orders nothing."
        box = self.box(incoming.commands[0])
        assert box is not None, "the door took it for one"
        order = read_order(box, incoming.octets)
        if order.verb is not None:
            return ""
        now_us, sender = self._now_us(), incoming.sender.lower()
        since_us = now_us - _HOUR_US
        self._unclear = {name: times for name, times in self._unclear.items() if times[-1] > since_us}
        recent = [at_us for at_us in self._unclear.get(sender, []) if at_us > since_us]
        if order.to_answer or len(recent) >= _MOST_UNCLEAR:
            return "The first line is no word that is known here, and an answer has said so already."
        self._unclear[sender] = [*recent, now_us]
        return ""

    def carry_out(self, incoming: Incoming) -> str:
        """Do what the mail orders and queue the answers; returns what the client hears. Raises SpoolError."""
        header = header_of(incoming.octets)
        boxes = dict.fromkeys(mailbox.lower() for mailbox in incoming.commands)
        said = []
        for mailbox in list(boxes)[:_MOST_ORDERS]:
            box = self.box(mailbox)
            assert box is not None, "the door took it for one"
            said.append(self._answer(incoming, header, box, mailbox.rpartition("@")[2]))
        return f"the answer is {', '.join(said)}"

    def _answer(self, incoming: Incoming, header: Message, box: Box, domain: str) -> str:
        user = self._store.user(incoming.client.identity) if incoming.client.identity else None
        voice = Voice(language=self._telling.for_answer(header, user), zone=self._letterhead.zone)
        order = read_order(box, incoming.octets)
        if domain not in self._domains:
            domain = self._routing.domains[0].name
        told = self._do(_Asked(incoming=incoming, order=order, voice=voice, domain=domain))
        answered = Answered(
            id=self._new_id(Kind.DELIVERY),
            to=incoming.sender,
            verb=order.verb or Verb.HELP,
            asked_by=str(header.get("Message-ID", "")),
            text="\n".join(told.lines) + "\n",
            enclosures=told.files,
        )
        message = answer_message(answered, voice, self._letterhead, self._now_us())
        answer = NewDelivery(
            kind=DeliveryKind.NOTICE, recipient=incoming.sender, sender="", message_digest=self._blobs.put(message)
        )
        (queued,) = self._store.add_deliveries([answer], self._now_us())
        _log.info("order carried out", verb=order.verb, sender=incoming.sender, ids=order.ids, answer=queued.id)
        return queued.id

    def _do(self, asked: _Asked) -> _Told:
        say = asked.voice.language.say
        match asked.order.verb:
            case None:
                return _Told(lines=[say("answer_no_verb"), say("answer_help", domain=asked.domain)])
            case Verb.HELP:
                return _Told(lines=[say("answer_help", domain=asked.domain).lstrip("\n")])
            case Verb.LIST:
                return self._list(asked)
            case Verb.STATUS if not asked.order.ids:
                return self._recent(asked)
            case Verb.STATUS:
                return self._status(asked)
            case Verb.SEND | Verb.CANCEL if (post := self._post(asked)) is not None:
                return _Told(lines=wrapped(self._moderate(asked, post)))
            case Verb.CANCEL:
                return self._each(asked, self._cancel)
            case Verb.RESEND:
                return self._each(asked, self._resend)
            case Verb.SEND:
                return self._each(asked, self._release)
            case Verb.TRACE:
                return self._trace(asked)
            case Verb.APPROVE | Verb.REFUSE:
                return self._decide(asked)
            case _ as never:
                assert_never(never)

    # -- whose faxes

    def _owns(self, submission: Submission, asked: _Asked) -> bool:
        """Say whether the fax is the asker's: the same login, or the same address by a client that may send in its name.

        What was sent with a login and is asked about without needs the secret of our own messages besides. A wrong secret proves that this is no answer to one.
        """
        incoming, token = asked.incoming, asked.order.token
        secret = bool(token) and hmac.compare_digest(token.encode(), submission.token.encode())
        if token and not secret:
            return False
        if incoming.client.identity and incoming.client.identity == submission.identity:
            return True
        sender = incoming.sender.lower()
        his = sender in {submission.sender.lower(), submission.telling.hears.lower()} - {""}
        return his and (secret or not submission.identity)

    def _found(self, asked: _Asked) -> tuple[list[tuple[Submission, Job]], list[str]]:
        """Return the asker's jobs that he names, and the names that are none of his."""
        jobs: dict[str, tuple[Submission, Job]] = {}
        unknown = []
        for named in asked.order.ids:
            job = self._store.job(named) if named[0] == Kind.JOB else None
            submission = self._store.submission(job.submission_id if job else named)
            if submission is None or not self._owns(submission, asked):
                unknown.append(named)
                continue
            meant = [job] if job is not None and not asked.order.about_mails else self._store.jobs_of(submission.id)
            jobs |= {one.id: (submission, one) for one in meant}
        return list(jobs.values()), unknown

    def _each(self, asked: _Asked, do: Callable[[_Asked, Submission, Job], str]) -> _Told:
        """Do something with each job that is named, and say what came of it."""
        if not asked.order.ids:
            return _Told(lines=wrapped(asked.voice.language.say("answer_no_id")))
        found, unknown = self._found(asked)
        lines = [line for submission, job in found for line in wrapped(do(asked, submission, job))]
        return _Told(lines=[*lines, *self._unknown(asked, unknown)])

    def _unknown(self, asked: _Asked, ids: Sequence[str]) -> list[str]:
        return [asked.voice.language.say("answer_unknown", id=one) for one in ids]

    # -- what is told

    def _list(self, asked: _Asked) -> _Told:
        say = asked.voice.language.say
        jobs = [job for job in self._mine(asked) if not job.state.final]
        return _Told(
            lines=[say("answer_queue"), "", *self._table(asked, jobs)] if jobs else [say("answer_queue_empty")]
        )

    def _recent(self, asked: _Asked) -> _Told:
        say, jobs = asked.voice.language.say, self._mine(asked)
        return _Told(
            lines=[say("answer_status"), "", *self._table(asked, jobs)] if jobs else wrapped(say("answer_none"))
        )

    def _mine(self, asked: _Asked) -> Sequence[Job]:
        incoming = asked.incoming
        since_us = self._now_us() - _WEEK_US
        return self._store.jobs_from(incoming.sender, incoming.client.identity, since_us, _MOST_LISTED)

    def _table(self, asked: _Asked, jobs: Sequence[Job]) -> list[str]:
        voice = asked.voice
        heads = [voice.language.say(f"column_{name}") for name in ("job", "when", "number", "pages", "state", "next")]
        rows = []
        for job in jobs:
            report = JobReport(job=job)
            state = voice.verdict(job.state)
            if job.outcome is not None and job.state is not JobState.DELIVERED:
                state += f": {voice.language.short(job.outcome)}"
            waits = job.state is JobState.QUEUED and job.dials > 0
            due = voice.when(job.not_before_us) if waits else "-"
            rows.append((job.id, voice.when(job.created_us), job.number, report.pages, state, due))
        return text_table(heads, rows, right=frozenset({3}))

    def _status(self, asked: _Asked) -> _Told:
        """Tell all about the mails that are named: the interim summary of a broadcast, too."""
        found, unknown = self._found(asked)
        lines: list[str] = []
        files: list[Enclosure] = []
        for submission in dict.fromkeys(one.id for one, _ in found):
            mail = next(one for one, _ in found if one.id == submission)
            reports = [self._report(job) for one, job in found if one.id == submission]
            account = self._store.account(submission)
            lines += [plain_words(mail, reports, account, asked.voice, list_name=mail.telling.list_name).rstrip(), ""]
            if len(reports) > 1:
                csv = summary_csv(reports, asked.voice)
                files.append(Enclosure(octets=csv, content_type="text/csv", filename=f"{submission}.csv"))
        return _Told(lines=[*lines, *self._unknown(asked, unknown)], files=files)

    def _trace(self, asked: _Asked) -> _Told:
        say = asked.voice.language.say
        if not asked.order.ids:
            return _Told(lines=wrapped(say("answer_no_id")))
        found, unknown = self._found(asked)
        files = [file for _, job in found for file in self._evidence.signalling(self._report(job))]
        first = [say("answer_trace" if files else "answer_no_trace")] if found else []
        return _Told(lines=[*first, *self._unknown(asked, unknown)], files=files)

    def _report(self, job: Job) -> JobReport:
        return report_of(JobStory(job=job, attempts=self._store.attempts(job.id)))

    # -- what is done

    def _cancel(self, asked: _Asked, _submission: Submission, job: Job) -> str:
        done = self._store.cancel(job.id, self._now_us())
        return self._done(asked, job, "answer_cancelled" if done else "answer_not_cancelled")

    def _release(self, asked: _Asked, submission: Submission, job: Job) -> str:
        """Send a fax whose preview was seen, if its sender may still send it (promise 4).

        What an operator holds back, or has to approve, is not its sender's to release.
        """
        if not self._waits_for_its_sender(job):
            return self._done(asked, job, "answer_not_released")
        now_us = self._now_us()
        if why := self._not_any_more(submission, job, now_us):
            return asked.voice.language.say("answer_not_sent", job=job.id, number=job.number, why=clean(why))
        done = self._store.release_held(job.id, f"released by {asked.incoming.sender}", now_us)
        return self._done(asked, job, "answer_released" if done else "answer_not_released")

    def _not_any_more(self, submission: Submission, job: Job, now_us: int) -> str:
        """Say why whoever sent a mail may not send it now, or nothing."""
        user = self._store.user(submission.identity) if submission.identity else None
        if submission.identity and user is None:
            return f"There is no user {submission.identity} any more."
        now = local_time(now_us, self._routing.time_zone)
        asker = Asker(ip=submission.client, user=user)
        verdict = outbound.verdict(job.recipient.address.mailbox, asker, self._routing, now)
        return verdict.detail if isinstance(verdict, outbound.Refused) else ""

    def _waits_for_its_sender(self, job: Job) -> bool:
        """Say whether a job is held to be previewed, and not by an operator (`mailfax hold`), who takes it from the queue."""
        if job.state is not JobState.HELD or job.recipient.hold is not Hold.PREVIEW:
            return False
        held = [each.was for each in self._store.history(job.id) if each.became == JobState.HELD != each.was]
        return held[-1:] != [JobState.QUEUED]

    def _post(self, asked: _Asked) -> Post | None:
        """Return the post to a list about which a moderator was asked; he is known by the secret of that question."""
        ids, token = asked.order.ids, asked.order.token
        submission = self._store.submission(ids[0]) if token and len(ids) == 1 and ids[0][0] == Kind.MAIL else None
        if submission is None or not hmac.compare_digest(token.encode(), submission.token.encode()):
            return None
        return posts.load(self._store, submission.id)

    def _moderate(self, asked: _Asked, post: Post) -> str:
        by, now_us = f"by {asked.incoming.sender}", self._now_us()
        if asked.order.verb is Verb.SEND:
            done = posts.let_go(self._store, post.id, f"released {by}", now_us)
        else:
            done = bool(posts.cancel(self._store, post, now_us))
        key = (
            ("answer_post_sent" if asked.order.verb is Verb.SEND else "answer_post_dropped")
            if done
            else "answer_post_over"
        )
        return asked.voice.language.say(key, post=post.id, list=post.list_name, faxes=str(post.members))

    def _decide(self, asked: _Asked) -> _Told:
        """Send or drop what waits for an operator, by the word of one who is known by more than his address (AU7)."""
        if not asked.order.ids:
            return _Told(lines=wrapped(asked.voice.language.say("answer_no_id")))
        client, lines = asked.incoming.client, []
        user = self._store.user(client.identity) if client.identity else None
        for named in asked.order.ids:
            job = self._store.job(named) if named[0] == Kind.JOB else None
            meant = (
                [job]
                if job and not asked.order.about_mails
                else self._store.jobs_of(job.submission_id if job else named)
            )
            waiting = [one for one in meant if one.recipient.hold is Hold.APPROVAL]
            if user is None or not may_approve(user) or not waiting:
                lines += self._unknown(asked, [named])
                continue
            for one in waiting:
                lines += wrapped(self._decided(asked, one, user.name))
        return _Told(lines=lines)

    def _decided(self, asked: _Asked, job: Job, by: str) -> str:
        now_us = self._now_us()
        if asked.order.verb is Verb.APPROVE:
            done = self._store.release_held(job.id, f"approved by {by}", now_us) is not None
            return self._done(asked, job, "answer_released" if done else "answer_not_released")
        done = job.state is JobState.HELD and bool(self._store.cancel(job.id, now_us))
        return self._done(asked, job, "answer_cancelled" if done else "answer_not_cancelled")

    def _done(self, asked: _Asked, job: Job, key: str) -> str:
        now = self._store.job(job.id) or job
        return asked.voice.language.say(key, job=job.id, number=job.number, state=asked.voice.verdict(now.state))

    def _resend(self, asked: _Asked, submission: Submission, job: Job) -> str:
        """Send again what did not arrive, as a mail of its own, if the rules of today still allow it (promise 4).

        Who is known by the secret of a user's fax sends it in that user's name, so his rules and his quotas are asked.
        """
        say, now_us, incoming = asked.voice.language.say, self._now_us(), asked.incoming
        told = {"job": job.id, "number": job.number}
        if job.state not in _AGAIN or job.poll is not None:
            return self._done(asked, job, "answer_not_resent")
        name = incoming.client.identity or submission.identity
        user = self._store.user(name) if name else None
        if name and user is None:
            return say("answer_refused", why=f"There is no user {name} any more.", **told)
        now = local_time(now_us, self._routing.time_zone)
        asker = Asker(ip=incoming.client.ip, user=user)
        verdict = outbound.verdict(job.recipient.address.mailbox, asker, self._routing, now)
        if isinstance(verdict, outbound.Refused):
            return say("answer_refused", why=clean(verdict.detail), **told)
        if over := self._quotas.refusal(user, {job.recipient.address.domain: 1}, now_us):
            return say("answer_refused", why=clean(over), **told)
        try:
            self._blobs.get(submission.message_digest)
        except BlobMissing:
            return say("answer_mail_lost", **told)
        recipient = replace(
            job.recipient,
            hold=Hold.APPROVAL if verdict.approval else None,
            tariff=job.recipient.tariff if job.recipient.inside else verdict.tariff,
            plan=replace(job.recipient.plan, send_at_us=None, not_after_us=None),  # they were for the first time
        )
        again = replace(
            submission,
            id=self._new_id(Kind.MAIL),
            received_us=now_us,
            client=incoming.client.ip,
            identity=name,
            recipients=(recipient,),
            token=self._new_token(),
            content_key=order_key(incoming.octets, header_of(incoming.octets), job.id),
            repeated=(),
            post="",
        )
        taken = self._store.accept(again, [verdict.number], now_us, window_us=_WEEK_US)
        if taken.jobs:
            return say("answer_resent", new=taken.jobs[0].id, **told)
        return say("answer_resent_once", new=taken.repeated[0].job_id, **told)
