"""The door to the database: every change and every question the gateway, the lines and the commands have.

Each process opens its own Store (never carry one over a fork). A method that changes something returns when the change is
durable; methods may be called from any thread, from asyncio through `asyncio.to_thread`, or with `write_async`.
The blob that a row names is put by the caller before the row. `now_us` is always the caller's clock.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TypeVar

from sqlalchemy import Connection, Select
from sqlalchemy.exc import SQLAlchemyError

from mailfax.model.alias import Alias
from mailfax.model.call import CallResult
from mailfax.model.document import Document, PartAccount
from mailfax.model.fax import InboundFax
from mailfax.model.ids import IdMaker
from mailfax.model.job import Job, JobState
from mailfax.model.line import LineStatus
from mailfax.model.offer import OfferedFax
from mailfax.model.outcome import Outcome
from mailfax.model.poll import PollRequest
from mailfax.model.quota import Subject, Used
from mailfax.model.secret import Secret
from mailfax.model.submission import Recipient, Submission
from mailfax.model.token import Token
from mailfax.model.user import User
from mailfax.spool import (
    aliases,
    altering,
    claims,
    database,
    deliveries,
    disk,
    faxes,
    held,
    history,
    inside,
    jobs,
    ledger,
    lines,
    nodes,
    notices,
    offers,
    owner,
    proofs,
    submissions,
    users,
)
from mailfax.spool.disk import SpoolFault
from mailfax.spool.faultpoint import fault_point
from mailfax.spool.records import (
    Attempt,
    Batch,
    Claim,
    ClaimedJob,
    Delivery,
    DeliveryKind,
    DeliveryState,
    LedgerRow,
    NewDelivery,
    NodeStatus,
    Recovered,
    Share,
    Taken,
    Transition,
    Unnotified,
    Wait,
)
from mailfax.spool.retry import Decision
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.sharing import may_send
from mailfax.spool.writer import Writer

T = TypeVar("T")
ALONE = Batch(max_jobs=1)
FOR_ALL = Share()


class Store:
    """The durable queue of one spool folder, as one process sees it. Faults are SpoolError: full, busy, or broken."""

    def __init__(
        self, settings: SpoolSettings, new_id: IdMaker, free_bytes: Callable[[Path], int] = disk.free_bytes
    ) -> None:
        self._settings = settings
        self.new_id = new_id
        self._free_bytes = free_bytes
        self._pid = os.getpid()
        self._doubtful: set[str] = set()
        with disk.disk_errors(), owner.opening(settings):
            self._database = database.open_database(settings, owner.spool_id(settings))
            database.upgrade(self._database.writing)
            self._owner = owner.Owner(settings)
        self._changes = self._database.watch()
        self._writer = Writer(self._database, self._changes.notify)

    def close(self) -> None:
        """Commit what is queued and give everything back."""
        self._writer.close()
        self._changes.close()
        self._database.writing.dispose()
        self._database.reading.dispose()
        self._owner.close()

    # -- how everything below is done ---------------------------------------------------------------------------------

    def write_async(self, operation: Callable[[Connection], T]) -> Future[T]:
        """Queue an operation for the next commit; the future is done when that commit is durable."""
        self._check_process()
        return self._writer.submit(operation)

    def write(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation in the next commit and return when it is durable."""
        return self.write_async(operation).result()

    def read(self, question: Callable[[Connection], T]) -> T:
        """Ask on a connection of its own, in one consistent view."""
        self._check_process()
        try:
            with self._database.reading.begin() as connection:
                return question(connection)
        except SQLAlchemyError as error:
            raise database.translated(error) from error

    @property
    def commits(self) -> int:
        """Return how many commits this process made: fewer than its operations when callers shared them."""
        return self._writer.commits

    def _any(self, candidates: Select[str]) -> bool:
        """Say whether there is anything to claim, without the writer: idle pollers cost no transaction."""
        return self.read(lambda connection: connection.scalar(candidates)) is not None

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise RuntimeError("a Store does not survive a fork; open one in this process")

    # -- submissions and rendering ------------------------------------------------------------------------------------

    def accept(
        self,
        submission: Submission,
        numbers: Sequence[str],
        now_us: int,
        *,
        window_us: int = 0,
        new: Sequence[NewDelivery] = (),
    ) -> Taken:
        """Keep a submission with one job per distinct number and subaddress; `numbers` are to be dialled, one per recipient in order.

        A mail that came before (`submission.content_key`), at most `window_us` ago, is not kept twice. `new` are mails that go out if it is kept.
        """

        def accept(connection: Connection) -> Taken:
            taken = submissions.accept(connection, self.new_id, submission, numbers, now_us, window_us=window_us)
            if taken.jobs:
                deliveries.add(connection, self.new_id, new, now_us)
            return taken

        made = self.write(accept)
        fault_point("accept-committed")
        return made

    def has_mail_of_client(self, client: str) -> bool:
        """Say whether a mail of this client was accepted: the client of a fetched mail is no other's."""
        return self.read(lambda c: submissions.has_client(c, client))

    def order_poll(self, submission: Submission, number: str, poll: PollRequest, now_us: int) -> Job:
        """Keep a submission that wants a document of a far machine, and queue its job."""
        return self.write(lambda c: submissions.order_poll(c, self.new_id, submission, number, poll, now_us))

    def claim_render(self, now_us: int) -> Submission | None:
        """Take the submission that has waited longest for its document; it is this process's until it ends or dies."""
        if not self._any(submissions.waiting_render()):
            return None
        claimed = self._claim(
            lambda c: submissions.claim_render(c, self._owner.token, now_us), lambda found: found.id if found else ""
        )
        fault_point("render-claimed")
        return claimed

    def set_document(
        self,
        submission_id: str,
        document: Document,
        now_us: int,
        *,
        waits: Mapping[str, Wait] = submissions.NO_WAITS,
        told: Sequence[NewDelivery] = (),
    ) -> None:
        """Keep the document and queue its jobs, those of `waits` for later, with the mails that tell of it."""

        def keep(connection: Connection) -> None:
            if submissions.set_document(connection, submission_id, document, now_us, waits=waits):
                deliveries.add(connection, self.new_id, told, now_us)

        self.write(keep)
        fault_point("document-committed")

    def fail_submission(
        self, submission_id: str, outcome: Outcome, detail: str, account: tuple[PartAccount, ...], now_us: int
    ) -> None:
        """End all jobs of a mail that cannot be faxed."""
        self.write(
            lambda c: submissions.fail_submission(c, submission_id, outcome, detail, account=account, now_us=now_us)
        )

    def submission(self, submission_id: str) -> Submission | None:
        """Return a submission."""
        return self.read(lambda c: submissions.load(c, submission_id))

    def document(self, submission_id: str) -> Document | None:
        """Return the document of a submission, once there is one."""
        return self.read(lambda c: submissions.document(c, submission_id))

    def account(self, submission_id: str) -> tuple[PartAccount, ...]:
        """Return what became of each part of the mail."""
        return self.read(lambda c: submissions.account(c, submission_id))

    # -- jobs and calls -----------------------------------------------------------------------------------------------

    def claim_job(self, line: str, now_us: int, batch: Batch = ALONE, share: Share = FOR_ALL) -> Claim | None:
        """Give `line` the job that has been due longest, unless its number is being called, and others for that number.

        `batch` says how many, `share` which jobs the line may take and when. The attempts are on disk.
        """
        share = replace(share, node=self._settings.node)
        if not self._any(jobs.due(now_us, share)) or not self.read(lambda c: may_send(c, share, now_us)):
            return None
        found = self.write(
            lambda c: jobs.claim(c, self.new_id, self._owner.token, line, now_us, batch=batch, share=share)
        )
        fault_point("job-claimed")
        if found is None:
            return None
        together, call_id = found
        return Claim(call_id=call_id, parts=tuple(map(self._claimed, together)))

    def _claimed(self, job: Job) -> ClaimedJob:
        # Read outside the writer's transaction: what many recipients or pages cost here delays nobody.
        submission, document = self.submission(job.submission_id), self.document(job.submission_id)
        if job.poll is not None:
            document = Document(pages=(), account=())
        if submission is None or document is None:
            raise SpoolFault(f"Job {job.id} was queued without its document.")
        return ClaimedJob(job=job, document=document.for_job(job.id), submission=submission)

    def dialling(self, call_id: str, now_us: int) -> bool:
        """Note that a claimed call is about to be dialled; its folder is there. False: it was taken from us, and must not be.

        A gateway that is alone needs no such note: nobody takes a claim from a process that lives.
        """
        if not self._settings.shared:
            return True
        return self.write(lambda c: jobs.dialling(c, call_id, self._owner.token, now_us))

    def record_call(
        self,
        call_id: str,
        job_id: str,
        result: CallResult,
        decision: Decision,
        now_us: int,
        notes: Sequence[str] = (),
        *,
        guessed: bool = False,
    ) -> Job:
        """Finish a job of a call as decided; the second time for the same call and job changes nothing.

        `guessed`: its line could not be asked. What that knows replaces the guess when it comes.
        """

        def record(connection: Connection) -> Job:
            was = jobs.load(connection, job_id)
            job = jobs.record(
                connection, call_id, job_id, result, decision, now_us=now_us, notes=notes, guessed=guessed
            )
            if was is not None:
                ledger.put(connection, call_id, was, result, now_us, guessed=guessed)
            return job

        job = self.write(record)
        fault_point("call-committed")
        return job

    def cancel(self, job_id: str, now_us: int) -> bool:
        """Cancel a job; False where it is on a line, finished or unknown."""

        def cancel(connection: Connection) -> bool:
            job = jobs.cancel(connection, job_id, now_us)
            if job is not None:
                submissions.drop_if_unneeded(connection, job.submission_id, now_us)
            return job is not None

        return self.write(cancel)

    def hold_job(self, job_id: str, why: str, now_us: int) -> Job | None:
        """Hold a queued job until somebody releases it; None where it is not queued."""
        return self.write(lambda c: altering.hold(c, job_id, why, now_us))

    def retarget_job(self, job_id: str, recipient: Recipient, number: str, why: str, now_us: int) -> Job | None:
        """Send a job that waits to another number; None where it is on a line or has ended."""
        return self.write(lambda c: altering.retarget(c, job_id, recipient, number, why, now_us))

    def release_held(self, job_id: str, why: str, now_us: int) -> Job | None:
        """Queue a held job; None where it is not held."""
        return self.write(lambda c: held.release(c, job_id, why, now_us))

    def expire_held(self, created_before_us: int, why: str, now_us: int) -> Sequence[str]:
        """Give up the held jobs that nobody released in time; return their ids."""
        return self.write(lambda c: held.expire(c, created_before_us, why, now_us))

    def next_unshown(self, passing: Collection[str] = ()) -> Unnotified | None:
        """Return the held jobs of one submission that nobody has been shown yet."""
        return self.read(lambda c: held.next_unshown(c, passing))

    def shown(self, job_ids: Sequence[str], new: Sequence[NewDelivery], now_us: int) -> tuple[Delivery, ...]:
        """Mark held jobs as shown and queue the mails that show them, in one commit."""
        return self.write(lambda c: held.shown(c, self.new_id, job_ids, new, now_us))

    def expire_jobs(self, wanted_before_us: int, now_us: int) -> Sequence[str]:
        """Give up the jobs that have waited for a line since before then; return their ids."""
        return self.write(lambda c: jobs.expire(c, wanted_before_us, now_us))

    def replan_jobs(self, now_us: int) -> tuple[Sequence[str], Sequence[str]]:
        """Move some jobs whose hours are over to their next; return which, and which were given up since their time is over."""
        return self.write(lambda c: jobs.replan(c, now_us))

    def job(self, job_id: str) -> Job | None:
        """Return a job."""
        return self.read(lambda c: jobs.load(c, job_id))

    def jobs_of_call(self, call_id: str) -> tuple[Job, ...]:
        """Return the jobs that a call was made for, in their order; none for a call that was not ours to make."""
        return self.read(lambda c: jobs.of_call(c, call_id))

    def jobs(self, states: Iterable[JobState] | None = None, limit: int = 1000) -> tuple[Job, ...]:
        """Return jobs, newest first; of all states where none are named."""
        return self.read(lambda c: jobs.listed(c, states, limit))

    def jobs_from(self, sender: str, identity: str, since_us: int, limit: int) -> tuple[Job, ...]:
        """Return the jobs of mails from an address, or of a user, newest first: those that have not ended, and those accepted since then."""
        return self.read(lambda c: jobs.of_sender(c, sender, identity, since_us, limit))

    def jobs_of(self, submission_id: str) -> tuple[Job, ...]:
        """Return the jobs of a submission."""
        return self.read(lambda c: jobs.of_submission(c, submission_id))

    def attempts(self, job_id: str) -> tuple[Attempt, ...]:
        """Return every call of a job, oldest first."""
        return self.read(lambda c: jobs.attempts_of(c, job_id))

    def history(self, any_id: str) -> tuple[Transition, ...]:
        """Return every change of state of a submission, job, fax or delivery, oldest first."""
        return self.read(lambda c: history.of(c, any_id))

    def newest_history(self, limit: int) -> tuple[Transition, ...]:
        """Return the newest changes of state of everything, oldest first."""
        return self.read(lambda c: history.newest(c, limit))

    # -- received faxes -----------------------------------------------------------------------------------------------

    def add_fax(self, fax: InboundFax, now_us: int) -> bool:
        """Take a received fax over from its line; False where it is known already."""
        added = self.write(lambda c: faxes.add(c, fax, now_us))
        fault_point("fax-committed")
        return added

    def next_unrouted_fax(self, passing: Collection[str] = ()) -> InboundFax | None:
        """Return the oldest fax that has no deliveries yet, passing over some."""
        return self.read(lambda c: faxes.next_unrouted(c, passing))

    def route_fax(self, fax_id: str, new: Sequence[NewDelivery], note: str, now_us: int) -> tuple[Delivery, ...]:
        """Give a fax its deliveries; empty, and nothing changed, where it has them already."""
        made = self.write(lambda c: faxes.route(c, self.new_id, fax_id, new, note=note, now_us=now_us))
        fault_point("route-committed")
        return made

    def fax(self, fax_id: str) -> InboundFax | None:
        """Return a received fax."""
        return self.read(lambda c: faxes.load(c, fax_id))

    def faxes(self, limit: int = 1000) -> tuple[InboundFax, ...]:
        """Return received faxes, newest first."""
        return self.read(lambda c: faxes.listed(c, limit))

    # -- documents that callers may fetch -----------------------------------------------------------------------------

    def add_offer(self, offer: OfferedFax, now_us: int) -> bool:
        """Offer a document; False where its selector has one already."""
        return self.write(lambda c: offers.add(c, offer, now_us))

    def offers(self) -> tuple[OfferedFax, ...]:
        """Return what is offered, oldest first."""
        return self.read(offers.listed)

    def remove_offer(self, offer_id: str, now_us: int) -> bool:
        """Offer a document no longer; False where there is none of this id."""
        return self.write(lambda c: offers.remove(c, offer_id, now_us))

    def offer_fetched(self, offer_id: str, call_id: str, why: str, now_us: int) -> None:
        """Write down that a caller fetched a document; once for each call."""
        self.write(lambda c: offers.fetched(c, offer_id, call_id, why, now_us))

    # -- notices and mails going out ----------------------------------------------------------------------------------

    def next_unnotified(self, passing: Collection[str] = (), now_us: int | None = None) -> Unnotified | None:
        """Return the finished jobs of one submission whose sender is to be told by now, with all that a notice says.

        Submissions of `passing` are left out. Without `now_us`, also those that are to be told later.
        """
        return self.read(lambda c: notices.next_unnotified(c, passing, now_us))

    def next_delayed(self, created_before_us: int, passing: Collection[str] = ()) -> Unnotified | None:
        """Return the jobs of one submission that have waited since before then, of which nobody was told."""
        return self.read(lambda c: notices.next_delayed(c, created_before_us, passing))

    def delay_told(self, job_ids: Sequence[str], new: Sequence[NewDelivery], now_us: int) -> tuple[Delivery, ...]:
        """Mark jobs as told to be delayed and queue the mails that tell, in one commit."""
        return self.write(lambda c: notices.delay_told(c, self.new_id, job_ids, new, now_us))

    def notified(self, job_ids: Sequence[str], new: Sequence[NewDelivery], now_us: int) -> tuple[Delivery, ...]:
        """Mark jobs as told and queue the mails that tell (none where nobody wants to know), in one commit.

        Empty, and nothing changed, where one of the jobs was told of already.
        """
        made = self.write(lambda c: notices.notified(c, self.new_id, job_ids, new, now_us))
        fault_point("notice-committed")
        return made

    def add_deliveries(self, new: Sequence[NewDelivery], now_us: int) -> tuple[Delivery, ...]:
        """Queue mails that belong to nothing else."""
        return self.write(lambda c: deliveries.add(c, self.new_id, new, now_us))

    def claim_delivery(self, now_us: int, kinds: Collection[DeliveryKind] = deliveries.MAILS) -> Delivery | None:
        """Take what has been due longest, of these kinds; it is this process's until it ends or dies."""
        if not self._any(deliveries.due(now_us, kinds)):
            return None
        claimed = self._claim(
            lambda c: deliveries.claim(c, self._owner.token, now_us, kinds), lambda found: found.id if found else ""
        )
        fault_point("delivery-claimed")
        return claimed

    def delivery_done(self, delivery_id: str, detail: str, now_us: int) -> None:
        """End a delivery that the mail server took; `detail` is what it said."""
        self._finish_delivery(delivery_id, DeliveryState.DONE, detail, now_us, now_us)

    def delivery_deferred(self, delivery_id: str, next_us: int, detail: str, now_us: int) -> None:
        """Put a delivery off until `next_us`."""
        self._finish_delivery(delivery_id, DeliveryState.WAITING, detail, now_us, next_us)

    def delivery_failed(self, delivery_id: str, detail: str, now_us: int, instead: Sequence[NewDelivery] = ()) -> None:
        """Give up on a delivery, and queue what goes out instead (an alarm): both or neither."""
        self._finish_delivery(delivery_id, DeliveryState.FAILED, detail, now_us, now_us, instead)

    def delivery_redirected(self, delivery_id: str, recipient: str, detail: str, now_us: int) -> None:
        """Give up on this mailbox for good and deliver the same mail to another one: both or neither."""

        def redirect(connection: Connection) -> None:
            delivery = deliveries.locked(connection, delivery_id)
            if delivery is None or delivery.state is not DeliveryState.SENDING:
                return
            deliveries.finish(
                connection, delivery_id, DeliveryState.FAILED, detail, now_us=now_us, not_before_us=now_us
            )
            again = NewDelivery(
                kind=delivery.kind,
                recipient=recipient,
                sender=delivery.sender,
                message_digest=delivery.message_digest,
                submission_id=delivery.submission_id,
                fax_id=delivery.fax_id,
            )
            deliveries.add(connection, self.new_id, [again], now_us)

        self.write(redirect)
        fault_point("delivery-redirected")

    def deliveries(self, about: str | None = None, limit: int = 1000) -> tuple[Delivery, ...]:
        """Return the deliveries of a fax or submission, or the newest of all; oldest first."""
        return self.read(lambda c: deliveries.listed(c, about, limit))

    def waiting_deliveries(self) -> tuple[Delivery, ...]:
        """Return every mail that is not yet handed over, oldest first."""
        return self.read(deliveries.waiting)

    def hurry_deliveries(self, delivery_ids: Collection[str] | None, now_us: int) -> tuple[str, ...]:
        """Make waiting mails due now, all where none are named; return which."""
        return self.write(lambda c: deliveries.hurry(c, delivery_ids, now_us))

    def _finish_delivery(
        self,
        delivery_id: str,
        became: DeliveryState,
        detail: str,
        now_us: int,
        not_before_us: int,
        instead: Sequence[NewDelivery] = (),
    ) -> None:
        def finish(connection: Connection) -> None:
            if deliveries.finish(connection, delivery_id, became, detail, now_us=now_us, not_before_us=not_before_us):
                deliveries.add(connection, self.new_id, instead, now_us)

        self.write(finish)
        fault_point("delivery-committed")

    # -- lines --------------------------------------------------------------------------------------------------------

    def put_line(self, status: LineStatus) -> None:
        """Keep how a line of this process is."""
        self.write(lambda c: lines.put(c, self._settings.node, status, self._owner.token))

    def release_line(self, name: str, now_us: int) -> bool:
        """Have a quarantined line tried again; False where nothing is known of the line."""
        return self.write(lambda c: lines.release(c, self._settings.node, name, now_us))

    def lines(self) -> tuple[LineStatus, ...]:
        """Return how every line of this gateway is, or was when its process ended."""
        alive = lambda token: owner.is_alive(self._settings, token)  # noqa: E731
        return self.read(lambda c: lines.listed(c, self._settings.node, alive))

    # -- users --------------------------------------------------------------------------------------------------------

    def add_user(self, user: User, secret: Secret, now_us: int) -> bool:
        """Keep a new user; False where the name is taken."""
        return self.write(lambda c: users.add(c, user, secret, now_us))

    def change_user(self, user: User) -> bool:
        """Keep another record of a user, with the password he has; False where there is no such user."""
        return self.write(lambda c: users.change(c, user))

    def set_secret(self, name: str, secret: Secret) -> bool:
        """Give a user another password; False where there is no such user."""
        return self.write(lambda c: users.set_secret(c, name, secret))

    def change_secret(self, name: str, was: Secret, secret: Secret) -> bool:
        """Keep more of a password that has just been used; False where the user has another one meanwhile, or is gone."""
        return self.write(lambda c: users.set_secret(c, name, secret, instead_of=was))

    def remove_user(self, name: str) -> bool:
        """Forget a user and his tokens; False where there is none of that name."""

        def remove(connection: Connection) -> bool:
            proofs.remove_tokens_of(connection, name)
            return users.remove(connection, name)

        return self.write(remove)

    def user(self, name: str) -> User | None:
        """Return a user."""
        return self.read(lambda c: users.load(c, name))

    def user_with_secret(self, name: str) -> tuple[User, Secret] | None:
        """Return a user with what is kept of his password, for a login."""
        return self.read(lambda c: users.with_secret(c, name))

    def users(self) -> tuple[User, ...]:
        """Return all users, by name."""
        return self.read(users.listed)

    # -- faxes for numbers of our own ---------------------------------------------------------------------------------

    def next_inside(self, now_us: int, passing: Collection[str] = ()) -> ClaimedJob | None:
        """Return the job for a number of our own that has been due longest, passing over some."""
        found = self.read(lambda c: c.scalar(inside.due(now_us, passing)))
        job = None if found is None else self.job(found)
        return None if job is None else self._claimed(job)

    def deliver_inside(self, job_id: str, fax: InboundFax, now_us: int) -> bool:
        """Take a fax as received and end its job, together; False where the job does not wait any more."""
        return self.write(lambda c: inside.deliver(c, job_id, fax, now_us))

    # -- what was used, and quotas ------------------------------------------------------------------------------------

    def used(self, subject: Subject, since_us: int) -> Used:
        """Return what a subject has used since then, or since its use was set back."""
        return self.read(lambda c: ledger.used(c, subject, since_us))

    def reserved(self, subject: Subject) -> Used:
        """Return what the faxes of a subject that are not finished will use, by their pages."""
        return self.read(lambda c: ledger.reserved(c, subject))

    def ledger(self, from_us: int, to_us: int) -> tuple[LedgerRow, ...]:
        """Return what each call used in a span of time."""
        return self.read(lambda c: ledger.rows(c, from_us, to_us))

    def reset_usage(self, subject: Subject, now_us: int) -> None:
        """Count a subject's use from now on only."""
        self.write(lambda c: ledger.reset(c, subject.key, now_us))

    def breaker(self) -> str:
        """Return why all sending is stopped, or nothing."""
        return self.read(ledger.breaker)

    def open_breaker(self, why: str, told: Sequence[NewDelivery], now_us: int) -> bool:
        """Stop all sending and queue the alarms, together; False, and nothing done, where it is stopped already."""

        def stop(connection: Connection) -> bool:
            opened = ledger.open_breaker(connection, why, now_us)
            if opened:
                deliveries.add(connection, self.new_id, told, now_us)
            return opened

        return self.write(stop)

    def close_breaker(self, now_us: int) -> bool:
        """Let faxes go out again; False where sending was not stopped."""
        return self.write(lambda c: ledger.close_breaker(c, now_us))

    # -- address books ------------------------------------------------------------------------------------------------

    def put_aliases(self, new: Sequence[Alias]) -> None:
        """Keep entries of address books, all or none; one of the same name in the same book gives way."""
        self.write(lambda c: aliases.put(c, new))

    def remove_alias(self, scope: str, name: str) -> bool:
        """Take an entry out of an address book; False where there is none."""
        return self.write(lambda c: aliases.remove(c, scope, name))

    def alias_of(self, scopes: Sequence[str], name: str) -> Alias | None:
        """Return the entry of a name in the first of these books that has one."""
        return self.read(lambda c: aliases.find(c, scopes, name))

    def aliases(self) -> tuple[Alias, ...]:
        """Return all entries, by book and name."""
        return self.read(aliases.listed)

    # -- what proves who sends: tokens, and signatures that were seen ---------------------------------------------------

    def add_token(self, token: Token, secret_hash: str) -> None:
        """Keep a token by the hash of its secret."""
        self.write(lambda c: proofs.add_token(c, token, secret_hash))

    def tokens(self, user: str | None = None) -> tuple[Token, ...]:
        """Return the tokens of a user, or of all."""
        return self.read(lambda c: proofs.listed_tokens(c, user))

    def token_of(self, secret_hash: str) -> Token | None:
        """Return the token whose secret has this hash."""
        return self.read(lambda c: proofs.token_of(c, secret_hash))

    def spend_token(self, token_id: str, now_us: int) -> bool:
        """Count a use of a token; False where it is worth nothing any more."""
        return self.write(lambda c: proofs.spend_token(c, token_id, now_us))

    def give_back_token(self, token_id: str) -> None:
        """Take a use back, of a mail that was not taken after all."""
        self.write(lambda c: proofs.give_back_token(c, token_id))

    def remove_token(self, token_id: str) -> bool:
        """Make a token worthless; False where there is none of that id."""
        return self.write(lambda c: proofs.remove_token(c, token_id))

    def first_seen(self, digests: Sequence[str], now_us: int, forget_before_us: int) -> bool:
        """Remember proofs; False, and nothing changed, where one of them was seen already."""
        return self.write(lambda c: proofs.first_seen(c, digests, now_us, forget_before_us))

    def forget_seen(self, digests: Sequence[str]) -> None:
        """Forget proofs again, of a mail that was not taken after all."""
        self.write(lambda c: proofs.forget(c, digests))

    # -- the spool as a whole -----------------------------------------------------------------------------------------

    def recover(self, now_us: int) -> Recovered:
        """Give back what dead processes had claimed. Safe at any time: claims of the living are left alone.

        A job on a line whose call has a folder is not touched: `adopt` settles it from what the line wrote.
        """
        self._know_the_others()
        doubtful, self._doubtful = self._doubtful, set()
        return self.write(lambda c: claims.give_back(c, self._settings, doubtful, now_us))

    def lost_calls(self) -> Sequence[str]:
        """Return the calls that were dialled, and whose gateway is not waited for any more."""
        self._know_the_others()
        return self.read(lambda c: claims.lost(c, self._settings))

    def nodes(self) -> tuple[NodeStatus, ...]:
        """Return the gateways that share the database; none where this one is alone."""
        return self.read(nodes.listed) if self._settings.shared else ()

    def _know_the_others(self) -> None:
        """Judge nobody before our own lease is held: another gateway may go by our name."""
        if self._settings.shared:
            self._changes.mark()

    def _claim(self, operation: Callable[[Connection], T], name: Callable[[T], str]) -> T:
        """Claim something; where it is not known whether that was kept, `recover` gives it back."""
        taken: list[str] = []

        def claim(connection: Connection) -> T:
            found = operation(connection)
            if found is not None:
                taken.append(name(found))
            return found

        try:
            return self.write(claim)
        except disk.SpoolError:
            self._doubtful.update(taken)
            raise

    def changed(self) -> int:
        """Return a mark that is another one after every commit of any process; only good for wait_for_change."""
        return self._changes.mark()

    def wait_for_change(self, last: int, timeout_s: float, stop: Event) -> int:
        """Wait until the mark is not `last`, or `stop` is set, or `timeout_s` is over; return the mark."""
        return self._changes.wait(last, timeout_s, stop)

    def has_room(self, extra_bytes: int = 0) -> bool:
        """Say whether `extra_bytes` can be stored without touching the reserve."""
        return self._free_bytes(self._settings.directory) - extra_bytes >= self._settings.reserve_bytes
