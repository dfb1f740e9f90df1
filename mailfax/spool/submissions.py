"""Submissions and their documents: accepted, claimed for rendering, rendered or failed. Functions of a connection, for `store`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

from sqlalchemy import Connection, RowMapping, Select, exists, insert, select, update

from mailfax.model.address import FaxAddress
from mailfax.model.document import Document, PartAccount
from mailfax.model.ids import IdMaker, Kind
from mailfax.model.job import Job, JobState
from mailfax.model.outcome import Outcome
from mailfax.model.poll import PollRequest
from mailfax.model.submission import Notify, Recipient, Submission
from mailfax.spool import history, jobs, repeats
from mailfax.spool.records import RenderState, Taken, Wait
from mailfax.spool.tables import jobs as job_table
from mailfax.spool.tables import recipients, submissions

NO_WAITS: Mapping[str, Wait] = {}
# Made once: making a statement costs more than running it, and this is done for every mail.
_INSERT, _INSERT_RECIPIENTS = insert(submissions), insert(recipients)
_Target = tuple[str, str]  # a number to be dialled, and a subaddress behind it or nothing


def accept(
    connection: Connection,
    new_id: IdMaker,
    submission: Submission,
    numbers: Sequence[str],
    now_us: int,
    *,
    window_us: int = 0,
) -> Taken:
    """Insert a submission with one job per distinct number and subaddress; `numbers` are to be dialled, one per recipient, in order.

    Recipients whose fax is another mail's job already, no longer than `window_us` ago and with the same `content_key`, get none.
    """
    known = repeats.find(connection, submission.content_key, now_us - window_us)
    new, again = [], []
    for recipient, number in zip(submission.recipients, numbers, strict=True):
        earlier = known.get((number, recipient.address.subaddress, recipient.hold))
        if earlier is None:
            new.append((recipient, number))
        else:
            again.append((recipient, earlier))
    repeated, unsaid = repeats.note(connection, again, submission.sender, now_us)
    if repeated and not new:
        return Taken(submission_id=repeated[0].submission_id, jobs=(), repeated=repeated, unsaid=unsaid)
    submission = replace(submission, recipients=tuple(recipient for recipient, _ in new), repeated=repeated)
    jobs_made = _insert(connection, new_id, submission, [number for _, number in new], now_us)
    return Taken(submission_id=submission.id, jobs=jobs_made, repeated=repeated, unsaid=unsaid)


def _insert(
    connection: Connection, new_id: IdMaker, submission: Submission, numbers: Sequence[str], now_us: int
) -> tuple[Job, ...]:
    """Insert a submission that is not known with one job per distinct number and subaddress."""
    keep(connection, submission)
    made = _jobs_for(new_id, submission, numbers, now_us)
    account = submission.identity or submission.sender
    jobs.add(connection, list(made.values()), account, submission.content_key)
    for job in made.values():
        history.log(connection, job.id, now_us, was=None, became=JobState.RENDERING, why=f"accepted in {submission.id}")
    connection.execute(
        _INSERT_RECIPIENTS,
        [
            {
                "submission_id": submission.id,
                "position": position,
                "number": recipient.address.number,
                "domain": recipient.address.domain,
                "subaddress": recipient.address.subaddress,
                "notify": recipient.notify,
                "orcpt": recipient.orcpt,
                "options": recipient.options,
                "addressee": recipient.addressee,
                "hold": recipient.hold,
                "job_id": made[number, recipient.address.subaddress].id,
            }
            for position, (recipient, number) in enumerate(zip(submission.recipients, numbers, strict=True))
        ],
    )
    history.log(connection, submission.id, now_us, was=None, became=RenderState.WAITING, why=f"{len(made)} job(s)")
    return tuple(made.values())


def has_client(connection: Connection, client: str) -> bool:
    """Say whether a mail of this client was accepted."""
    return connection.scalar(select(submissions.c.id).where(submissions.c.client == client).limit(1)) is not None


def keep(connection: Connection, submission: Submission) -> None:
    """Insert a submission without recipients, to be rendered."""
    connection.execute(
        _INSERT,
        {
            "id": submission.id,
            "received_us": submission.received_us,
            "sender": submission.sender,
            "client": submission.client,
            "identity": submission.identity,
            "message_digest": submission.message_digest,
            "size": submission.size,
            "subject": submission.subject,
            "message_id": submission.message_id,
            "envid": submission.envid,
            "return_full": submission.return_full,
            "state": RenderState.WAITING,
            "account": (),
            "telling": submission.telling,
            "token": submission.token,
            "post": submission.post,
            "repeated": submission.repeated,
        },
    )


def _jobs_for(new_id: IdMaker, submission: Submission, numbers: Sequence[str], now_us: int) -> dict[_Target, Job]:
    if not numbers:
        raise ValueError("a submission needs a recipient")
    by_target: dict[_Target, list[Recipient]] = {}
    for recipient, number in zip(submission.recipients, numbers, strict=True):
        by_target.setdefault((number, recipient.address.subaddress), []).append(recipient)
    return {
        (number, subaddress): Job(
            id=new_id(Kind.JOB),
            submission_id=submission.id,
            recipient=_merged(same),
            number=number,
            state=JobState.RENDERING,
            created_us=now_us,
            not_before_us=now_us,
            notes=_differing(same),
            plan=same[0].plan,
        )
        for (number, subaddress), same in by_target.items()
    }


def _differing(same: Sequence[Recipient]) -> tuple[str, ...]:
    """Say which options hold where one number was named with different ones, in two of our domains."""
    first, *others = same
    held = dict.fromkeys(word for other in others for word in first.options.held_against(other.options))
    return (f"The number was named {len(same)} times; {' '.join(held)} of the first time holds.",) if held else ()


def _merged(same: Sequence[Recipient]) -> Recipient:
    """Return the recipient that stands for all of one number: the first, asking for all that any of them asked for, held if any of them is.

    Of options the first mention holds; a later one adds what the first left open. An absent NOTIFY counts as FAILURE beside an explicit
    one (RFC 3461 section 4.1); NEVER holds where all say it.
    """
    options = reduce(lambda held, more: held.over(more), (each.options for each in same))
    first = replace(same[0], options=options, hold=next((each.hold for each in same if each.hold), None))
    asked = {recipient.notify for recipient in same}
    if len(asked) == 1:
        return first
    flags = (Notify.FAILURE if flag is Notify.UNSET else flag for flag in asked if flag is not Notify.NEVER)
    heard = Notify.UNSET if asked == {Notify.UNSET, Notify.NEVER} else reduce(or_, flags)
    return replace(first, notify=heard)


def order_poll(
    connection: Connection, new_id: IdMaker, submission: Submission, number: str, poll: PollRequest, now_us: int
) -> Job:
    """Insert a submission that wants a document of a far machine, and queue its job: there is nothing to render."""
    (job,) = accept(connection, new_id, submission, [number], now_us).jobs
    _move(
        connection, submission.id, now_us, was=RenderState.WAITING, became=RenderState.RENDERED, why="nothing to render"
    )
    jobs.enqueue(connection, job, now_us, "to fetch a document", fresh=True, poll=poll)
    (queued,) = jobs.of_submission(connection, submission.id)
    return queued


def waiting_render() -> Select[str]:
    """Select the submission that has waited longest for its document."""
    table = submissions.c
    return select(table.id).where(table.state == RenderState.WAITING).order_by(table.id).limit(1)


def claim_render(connection: Connection, owner: str, now_us: int) -> Submission | None:
    """Give the next submission to this process for rendering."""
    found = connection.scalar(waiting_render().with_for_update(skip_locked=True))
    if found is None:
        return None
    _move(connection, found, now_us, was=RenderState.WAITING, became=RenderState.RENDERING, why="claimed", owner=owner)
    return load(connection, found)


def set_document(
    connection: Connection,
    submission_id: str,
    document: Document,
    now_us: int,
    *,
    waits: Mapping[str, Wait] = NO_WAITS,
) -> bool:
    """Keep the document and queue its jobs; those of `waits` (by their ids) for later, or they fail. False, and nothing done, where this is no longer being rendered."""
    if _state(connection, submission_id) is not RenderState.RENDERING:
        return False
    pages = len(document.pages)
    _move(
        connection,
        submission_id,
        now_us,
        was=RenderState.RENDERING,
        became=RenderState.RENDERED,
        why=f"{pages} page(s)",
    )
    connection.execute(
        update(submissions).where(submissions.c.id == submission_id).values(document=document, account=document.account)
    )
    for job in _rendering_jobs(connection, submission_id):
        drawn, wait = len(document.for_job(job.id).pages), waits.get(job.id)
        if wait is not None and wait.until_us is None:
            jobs.move(
                connection,
                job,
                now_us,
                JobState.FAILED,
                wait.why,
                pages=drawn,
                outcome=Outcome.QUOTA_EXCEEDED,
                finished_us=now_us,
                notes=(*job.notes, wait.why),
            )
            continue
        notes = job.notes if wait is None else (*job.notes, f"It waited until {wait.resets}. {wait.why}")
        why, not_before_us = _why_ready(job, wait), None if wait is None else wait.until_us
        if job.recipient.hold is not None:
            until_us = not_before_us or now_us
            jobs.move(connection, job, now_us, JobState.HELD, why, pages=drawn, notes=notes, not_before_us=until_us)
            continue
        jobs.enqueue(connection, job, now_us, why, not_before_us=not_before_us, fresh=True, pages=drawn, notes=notes)
    return True


def _why_ready(job: Job, wait: Wait | None) -> str:
    held = f", and held: {job.recipient.hold}" if job.recipient.hold else ""
    return f"rendered{held}" if wait is None else f"rendered{held}; it waits: {wait.why}"


def fail_submission(
    connection: Connection,
    submission_id: str,
    outcome: Outcome,
    detail: str,
    *,
    account: tuple[PartAccount, ...],
    now_us: int,
) -> None:
    """End every job of a submission that cannot be faxed. Does nothing where this is no longer being rendered."""
    if _state(connection, submission_id) is not RenderState.RENDERING:
        return
    _move(connection, submission_id, now_us, was=RenderState.RENDERING, became=RenderState.FAILED, why=detail)
    connection.execute(update(submissions).where(submissions.c.id == submission_id).values(account=account))
    for job in _rendering_jobs(connection, submission_id):
        notes = (*job.notes, detail) if detail else job.notes
        jobs.move(connection, job, now_us, JobState.FAILED, detail, outcome=outcome, finished_us=now_us, notes=notes)


def drop_if_unneeded(connection: Connection, submission_id: str, now_us: int) -> None:
    """Take a submission off the render list when its last waiting job was cancelled."""
    waiting = job_table.c.state.in_([JobState.RENDERING, JobState.LISTED])
    wanted = exists().where(job_table.c.submission_id == submission_id, waiting)
    if _state(connection, submission_id) is RenderState.WAITING and not connection.scalar(select(wanted)):
        _move(
            connection,
            submission_id,
            now_us,
            was=RenderState.WAITING,
            became=RenderState.UNNEEDED,
            why="every job cancelled",
        )


def release(connection: Connection, submission_id: str, now_us: int) -> None:
    """Give a submission back that a dead process was rendering; nothing happens where that is settled already."""
    if _state(connection, submission_id) is not RenderState.RENDERING:
        return
    _move(
        connection,
        submission_id,
        now_us,
        was=RenderState.RENDERING,
        became=RenderState.WAITING,
        why="its renderer died",
    )


def rendering(connection: Connection) -> Sequence[tuple[str, str]]:
    """Return (id, owner) of what is being rendered."""
    table = submissions.c
    rows = connection.execute(select(table.id, table.owner).where(table.state == RenderState.RENDERING))
    return [(row.id, row.owner) for row in rows]


def load(connection: Connection, submission_id: str) -> Submission | None:
    """Return a submission with all its recipients."""
    row = connection.execute(select(submissions).where(submissions.c.id == submission_id)).mappings().first()
    if row is None:
        return None
    table = recipients.c
    rows = connection.execute(select(recipients).where(table.submission_id == submission_id).order_by(table.position))
    return Submission(
        id=row["id"],
        received_us=row["received_us"],
        sender=row["sender"],
        client=row["client"],
        identity=row["identity"],
        message_digest=row["message_digest"],
        size=row["size"],
        subject=row["subject"],
        message_id=row["message_id"],
        envid=row["envid"],
        return_full=row["return_full"],
        recipients=tuple(_recipient(found) for found in rows.mappings()),
        telling=row["telling"],
        token=row["token"],
        post=row["post"],
        repeated=row["repeated"],
    )


def document(connection: Connection, submission_id: str) -> Document | None:
    """Return the document, once there is one."""
    found: Document | None = connection.scalar(select(submissions.c.document).where(submissions.c.id == submission_id))
    return found


def account(connection: Connection, submission_id: str) -> tuple[PartAccount, ...]:
    """Return what became of each part of the mail; empty before it was rendered."""
    found: tuple[PartAccount, ...] | None = connection.scalar(
        select(submissions.c.account).where(submissions.c.id == submission_id)
    )
    return found or ()


def _recipient(row: RowMapping) -> Recipient:
    return Recipient(
        address=FaxAddress(number=row["number"], domain=row["domain"], subaddress=row["subaddress"]),
        notify=row["notify"],
        orcpt=row["orcpt"],
        options=row["options"],
        addressee=row["addressee"],
        hold=row["hold"],
    )


def _state(connection: Connection, submission_id: str) -> RenderState | None:
    """Return the state as nobody changes it until this transaction ends."""
    asked = select(submissions.c.state).where(submissions.c.id == submission_id).with_for_update()
    found: RenderState | None = connection.scalar(asked)
    return found


def _rendering_jobs(connection: Connection, submission_id: str) -> list[Job]:
    of_it = jobs.of_submission(connection, submission_id, locked=True)
    return [job for job in of_it if job.state is JobState.RENDERING]


def _move(
    connection: Connection,
    submission_id: str,
    now_us: int,
    *,
    was: RenderState,
    became: RenderState,
    why: str,
    owner: str | None = None,
) -> None:
    connection.execute(update(submissions).where(submissions.c.id == submission_id).values(state=became, owner=owner))
    history.log(connection, submission_id, now_us, was=was, became=became, why=why)
