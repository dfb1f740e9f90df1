"""Jobs and their attempts: queued, claimed by a line, finished. Functions of a connection, for `store` and `submissions`."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, RowMapping, Select, delete, exists, func, insert, select, update

from mailfax.model.address import FaxAddress
from mailfax.model.call import CallResult
from mailfax.model.ids import IdMaker, Kind, first_id
from mailfax.model.job import Job, JobState
from mailfax.model.outcome import Outcome
from mailfax.model.pageset import NO_PAGES
from mailfax.model.submission import Recipient
from mailfax.spool import history, locking, settled
from mailfax.spool.records import Attempt, Batch, CallUnderWay, Share
from mailfax.spool.retry import Decision
from mailfax.spool.sharing import is_being_called, may_send, one_at_a_time, suits
from mailfax.spool.tables import HAS_HOURS, IS_QUEUED, attempts, jobs, submissions
from mailfax.spool.turns import next_turn
from mailfax.spool.windows import NEVER_US, window

_INSERT = insert(jobs)


def add(connection: Connection, new: Sequence[Job], account: str, content_key: str = "") -> None:
    """Insert new jobs of one account: who sends; `content_key` is that of their mail."""
    rows = [
        {
            "id": job.id,
            "submission_id": job.submission_id,
            "to_number": job.recipient.address.number,
            "to_domain": job.recipient.address.domain,
            "to_subaddress": job.recipient.address.subaddress,
            "notify": job.recipient.notify,
            "orcpt": job.recipient.orcpt,
            "options": job.recipient.options,
            "addressee": job.recipient.addressee,
            "tariff": job.recipient.tariff,
            "minute_micro": job.recipient.tariff.minute_micro,
            "call_micro": job.recipient.tariff.call_micro,
            "inside": job.recipient.inside,
            "number": job.number,
            "state": job.state,
            "created_us": job.created_us,
            "not_before_us": job.not_before_us,
            "confirmed": job.confirmed,
            "dials": job.dials,
            "tries": job.tries,
            "line": job.line,
            "call_place": 0,
            "poll": job.poll,
            "plan": job.plan,
            "priority": job.plan.priority,
            "account": account,
            "turn_us": job.not_before_us,
            "closes_us": NEVER_US,
            "wanted_us": job.not_before_us,
            "notes": job.notes,
            "hold": job.recipient.hold,
            "content_key": content_key,
        }
        for job in new
    ]
    connection.execute(_INSERT, rows)


def move(connection: Connection, job: Job, now_us: int, became: JobState, why: str, **changes: object) -> None:
    """Bring a job into another state, with its log line; `changes` are columns."""
    connection.execute(update(jobs).where(jobs.c.id == job.id).values(state=became, **{"owner": None, **changes}))
    history.log(connection, job.id, now_us, was=job.state, became=became, why=why)
    if became.final:
        settled.ended(connection, job.submission_id, now_us)


def enqueue(
    connection: Connection,
    job: Job,
    now_us: int,
    why: str,
    *,
    not_before_us: int | None = None,
    fresh: bool = False,
    **changes: object,
) -> None:
    """Queue a job for when its plan lets it be called, with its turn. `fresh`: from now on it is waited for, not since it was accepted."""
    plan = job.plan
    span = window(plan, max(now_us, not_before_us or 0))
    account = connection.scalar(select(jobs.c.account).where(jobs.c.id == job.id)) or ""
    columns: dict[str, object] = {
        "not_before_us": span.open_us,
        "closes_us": span.close_us,
        "turn_us": next_turn(connection, account, plan.priority, span.open_us),
        **({"wanted_us": span.open_us} if fresh else {}),
    }
    move(connection, job, now_us, JobState.QUEUED, why, **columns, **changes)


def replan(connection: Connection, now_us: int, limit: int = 500) -> tuple[Sequence[str], Sequence[str]]:
    """Move jobs whose hours are over to their next; return which, and which were given up since their time is."""
    over = select(jobs).where(IS_QUEUED, HAS_HOURS, jobs.c.closes_us <= now_us).limit(limit)
    found = [_job(row) for row in connection.execute(over.with_for_update(skip_locked=True)).mappings()]
    too_late = [job for job in found if job.plan.not_after_us is not None and job.plan.not_after_us <= now_us]
    for job in too_late:
        why = "Not sent before the time that its sender had set."
        ended = {"outcome": Outcome.EXPIRED, "finished_us": now_us, "notes": (*job.notes, why)}
        move(connection, job, now_us, JobState.FAILED, "its time is over", **ended)
    moved = [job for job in found if job not in too_late]
    for job in moved:
        enqueue(connection, job, now_us, "its hours are over", not_before_us=job.not_before_us)
    return [job.id for job in moved], [job.id for job in too_late]


def due(now_us: int, share: Share) -> Select[str]:
    """Select the job whose turn it is, whose number is not being called, and that the line may send."""
    return (
        select(jobs.c.id)
        .where(
            IS_QUEUED,
            jobs.c.not_before_us <= now_us,
            jobs.c.closes_us > now_us,
            ~is_being_called(jobs.c.number),
            suits(share),
        )
        .order_by(jobs.c.turn_us, jobs.c.id)
        .limit(1)
    )


def _companions(first: Job, now_us: int, batch: Batch, share: Share) -> Select[str]:
    """Select the other jobs that are due for the number of `first`, in the order of the queue."""
    table = jobs.c
    return (
        select(table.id)
        .where(
            IS_QUEUED,
            table.not_before_us <= now_us,
            table.closes_us > now_us,
            table.number == first.number,
            table.id != first.id,
            table.poll.is_(None),  # a call that fetches is a call of its own
            suits(share),
        )
        .order_by(table.turn_us, table.id)
        .limit(batch.max_jobs - 1)
    )


def claim(
    connection: Connection, new_id: IdMaker, owner: str, line: str, now_us: int, *, batch: Batch, share: Share
) -> tuple[tuple[Job, ...], str] | None:
    """Give the next due job to a line, and what else goes to that number, and write the attempts.

    All of it is on disk before anything is dialled. Where several write at once, a job or a number that another is just
    claiming is passed over; whoever asked looks again when that is committed.
    """
    one_at_a_time(connection, share)
    found = connection.scalar(due(now_us, share).with_for_update(skip_locked=True, of=jobs))
    if found is None or not may_send(connection, share, now_us):
        return None
    first = _existing(connection, found)
    if not locking.try_hold(connection, f"number {first.number}") or connection.scalar(
        select(is_being_called(first.number))
    ):
        return None
    others = (
        connection.scalars(_companions(first, now_us, batch, share).with_for_update(skip_locked=True, of=jobs))
        if batch.max_jobs > 1 and first.poll is None
        else ()
    )
    together, call_id = (
        _within(batch, [first, *(_existing(connection, job_id) for job_id in others)]),
        new_id(Kind.CALL),
    )
    why = f"{call_id} on {line}" + (f", {len(together)} faxes in one call" if len(together) > 1 else "")
    for place, job in enumerate(together):
        move(
            connection,
            job,
            now_us,
            JobState.ON_LINE,
            why,
            dials=job.dials + 1,
            line=line,
            node=share.node,
            owner=owner,
            call_place=place,
        )
    rows = [
        {
            "call_id": call_id,
            "job_id": job.id,
            "line": line,
            "node": share.node,
            "started_us": now_us,
            "confirmed": NO_PAGES,
            "passed_over": NO_PAGES,
            "station_id": "",
            "modulation": "",
            "bit_rate": 0,
            "seconds": 0.0,
            "detail": "",
        }
        for job in together
    ]
    connection.execute(insert(attempts), rows)
    return tuple(_existing(connection, job.id) for job in together), call_id


def _within(batch: Batch, candidates: Sequence[Job]) -> list[Job]:
    """Take jobs in their order while their pages fit into one call."""
    taken: list[Job] = []
    pages = 0
    for job in candidates:
        left = (job.pages or 0) - job.confirmed_pages
        if taken and pages + left > batch.max_pages:
            break
        taken.append(job)
        pages += left
    return taken


def record(
    connection: Connection,
    call_id: str,
    job_id: str,
    result: CallResult,
    decision: Decision,
    *,
    now_us: int,
    notes: Sequence[str],
    guessed: bool = False,
) -> Job:
    """Finish an attempt and its job as decided. The second time for the same call changes nothing.

    Of a job that its call did not reach no attempt is kept: no call was made for it. `guessed` says that nobody asked the line,
    whose gateway is lost; when that comes back, what it knows is written in the place of the guess.
    """
    mine = (attempts.c.call_id == call_id) & (attempts.c.job_id == job_id)
    job = locked(connection, job_id)
    row = connection.execute(select(attempts).where(mine)).mappings().first()
    if job is None or not of_call(connection, call_id):
        raise LookupError(f"There is no call {call_id} for {job_id}.")
    if row is None or (row["finished_us"] is not None and (guessed or not row["guessed"])):
        return job
    if row["guessed"]:
        return _corrected(connection, call_id, job, result, decision, now_us)
    if result.outcome is Outcome.NOT_REACHED:
        connection.execute(delete(attempts).where(mine))
    else:
        _finish_attempt(connection, call_id, job_id, result, now_us, guessed=guessed)
    said = tuple(note for note in (*notes, decision.note) if note)
    why = f"{call_id} {result.outcome.code}"
    _keep_progress(connection, job, decision, said)
    if decision.state is JobState.QUEUED:
        enqueue(connection, job, now_us, why, not_before_us=decision.not_before_us)
    else:
        move(connection, job, now_us, decision.state, why, finished_us=now_us)
    return _existing(connection, job.id)


def _keep_progress(connection: Connection, job: Job, decision: Decision, said: tuple[str, ...]) -> None:
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id)
        .values(
            confirmed=decision.confirmed,
            dials=decision.dials,
            tries=decision.tries,
            outcome=decision.outcome,
            notes=(*job.notes, *said),
        )
    )


def _corrected(
    connection: Connection, call_id: str, job: Job, result: CallResult, decision: Decision, now_us: int
) -> Job:
    """Write what a call came to in the place of a guess. Who was told `uncertain` of what arrived is told again; else it is only logged."""
    _finish_attempt(connection, call_id, job.id, result, now_us)
    why = f"{call_id} {result.outcome.code}, known after all"
    if job.state is not JobState.UNCERTAIN or decision.state is not JobState.DELIVERED:
        history.log(connection, job.id, now_us, was=job.state, became=job.state, why=why)
        return job
    done = {"confirmed": decision.confirmed, "outcome": decision.outcome, "finished_us": now_us, "notified_us": None}
    move(connection, job, now_us, decision.state, why, **done)
    return _existing(connection, job.id)


def dialling(connection: Connection, call_id: str, owner: str, now_us: int) -> bool:
    """Note that a claimed call is about to be dialled. False where it is not this owner's any more."""
    held = exists().where(jobs.c.id == attempts.c.job_id, jobs.c.owner == owner, jobs.c.state == JobState.ON_LINE)
    mine = (attempts.c.call_id == call_id, attempts.c.finished_us.is_(None), held)
    return bool(connection.execute(update(attempts).where(*mine).values(dialled_us=now_us)).rowcount)


def undo_claim(connection: Connection, call_id: str, now_us: int) -> int:
    """Queue the jobs of a call again that never came to dialling; the dial is not counted. Returns how many they were."""
    waiting = (attempts.c.call_id == call_id, attempts.c.finished_us.is_(None), attempts.c.dialled_us.is_(None))
    undone = list(connection.scalars(select(attempts.c.job_id).where(*waiting).with_for_update()))
    for job_id in undone:
        job = _existing(connection, job_id)
        result = CallResult(outcome=Outcome.INTERRUPTED, detail="Never dialled.")
        _finish_attempt(connection, call_id, job_id, result, now_us)
        enqueue(connection, job, now_us, f"{call_id} was never dialled", dials=job.dials - 1)
    return len(undone)


def cancel(connection: Connection, job_id: str, now_us: int) -> Job | None:
    """Cancel a job that is not on a line and not finished; None where it is."""
    job = locked(connection, job_id)
    if job is None or job.state not in {JobState.RENDERING, JobState.HELD, JobState.QUEUED, JobState.LISTED}:
        return None
    move(connection, job, now_us, JobState.CANCELLED, "cancelled", outcome=Outcome.CANCELLED, finished_us=now_us)
    return _existing(connection, job_id)


def expire(connection: Connection, wanted_before_us: int, now_us: int) -> Sequence[str]:
    """Give up the jobs that a line could have called since before then and none did, or not with success; return their ids."""
    table = jobs.c
    old = select(table.id).where(IS_QUEUED, table.wanted_us < wanted_before_us)
    ids = list(connection.scalars(old.with_for_update(skip_locked=True)))
    for job_id in ids:
        move(
            connection,
            _existing(connection, job_id),
            now_us,
            JobState.FAILED,
            "waited too long",
            outcome=Outcome.EXPIRED,
            finished_us=now_us,
        )
    return ids


def on_line(connection: Connection) -> Sequence[CallUnderWay]:
    """Return every call that is not finished."""
    rows = connection.execute(
        select(attempts.c.call_id, attempts.c.line, jobs.c.owner, attempts.c.dialled_us.is_not(None).label("dialled"))
        .distinct()
        .join(jobs, jobs.c.id == attempts.c.job_id)
        .where(jobs.c.state == JobState.ON_LINE, attempts.c.finished_us.is_(None))
    )
    return [CallUnderWay(**row) for row in rows.mappings()]


def locked(connection: Connection, job_id: str) -> Job | None:
    """Return a job as nobody changes it until this transaction ends."""
    row = connection.execute(select(jobs).where(jobs.c.id == job_id).with_for_update()).mappings().first()
    return None if row is None else _job(row)


def load(connection: Connection, job_id: str) -> Job | None:
    """Return a job."""
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().first()
    return None if row is None else _job(row)


def listed(connection: Connection, states: Iterable[JobState] | None, limit: int) -> tuple[Job, ...]:
    """Return jobs, newest first; all states where none are named."""
    query = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
    if states is not None:
        query = query.where(jobs.c.state.in_(list(states)))
    return tuple(_job(row) for row in connection.execute(query).mappings())


def of_sender(connection: Connection, sender: str, identity: str, since_us: int, limit: int) -> tuple[Job, ...]:
    """Return the jobs of mails from an address (in any letters), or of a user, newest first: the open ones, and those accepted since then."""
    mail = submissions.c
    his = (func.lower(mail.sender) == sender.lower()) & (mail.identity == "")
    if identity:
        his = his | (mail.identity == identity)
    recent = (jobs.c.id >= first_id(Kind.JOB, since_us)) & (jobs.c.created_us >= since_us)
    is_open = jobs.c.state.in_([state for state in JobState if not state.final])
    found = select(jobs).join(submissions, mail.id == jobs.c.submission_id).where(his, recent | is_open)
    return tuple(_job(row) for row in connection.execute(found.order_by(jobs.c.id.desc()).limit(limit)).mappings())


def of_submission(connection: Connection, submission_id: str, *, locked: bool = False) -> tuple[Job, ...]:
    """Return the jobs of a submission in the order of its recipients; `locked`: nobody else changes them until the transaction ends."""
    asked = select(jobs).where(jobs.c.submission_id == submission_id).order_by(jobs.c.id)
    rows = connection.execute(asked.with_for_update() if locked else asked)
    return tuple(_job(row) for row in rows.mappings())


def of_call(connection: Connection, call_id: str) -> tuple[Job, ...]:
    """Return the jobs that a call was made for, in the order in which they were to go out."""
    mine = select(jobs).join(attempts, attempts.c.job_id == jobs.c.id).where(attempts.c.call_id == call_id)
    return tuple(_job(row) for row in connection.execute(mine.order_by(jobs.c.call_place)).mappings())


def attempts_of(connection: Connection, job_id: str) -> tuple[Attempt, ...]:
    """Return every call of a job, oldest first."""
    rows = connection.execute(select(attempts).where(attempts.c.job_id == job_id).order_by(attempts.c.call_id))
    return tuple(_attempt(row) for row in rows.mappings())


def selected(connection: Connection, rows: Select[*tuple[object, ...]]) -> tuple[Job, ...]:
    """Return the jobs of a selection of whole rows, for `posts`."""
    return tuple(_job(row) for row in connection.execute(rows).mappings())


def attempts_of_all(connection: Connection, job_ids: Sequence[str]) -> dict[str, tuple[Attempt, ...]]:
    """Return the calls of many jobs, oldest first, by job; one that has none is left out."""
    rows = select(attempts).where(attempts.c.job_id.in_(job_ids)).order_by(attempts.c.call_id)
    found: dict[str, tuple[Attempt, ...]] = {}
    for row in connection.execute(rows).mappings():
        found[row["job_id"]] = (*found.get(row["job_id"], ()), _attempt(row))
    return found


def _existing(connection: Connection, job_id: str) -> Job:
    return _job(connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one())


def _finish_attempt(
    connection: Connection, call_id: str, job_id: str, result: CallResult, now_us: int, *, guessed: bool = False
) -> None:
    connection.execute(
        update(attempts)
        .where(attempts.c.call_id == call_id, attempts.c.job_id == job_id)
        .values(
            finished_us=now_us,
            outcome=result.outcome,
            confirmed=result.confirmed,
            passed_over=result.passed_over,
            unconfirmed_page=result.unconfirmed_page,
            station_id=result.station_id,
            modulation=result.modulation,
            bit_rate=result.bit_rate,
            seconds=result.seconds,
            detail=result.detail,
            guessed=guessed,
        )
    )


def _job(row: RowMapping) -> Job:
    address = FaxAddress(number=row["to_number"], domain=row["to_domain"], subaddress=row["to_subaddress"])
    return Job(
        id=row["id"],
        submission_id=row["submission_id"],
        recipient=Recipient(
            address=address,
            notify=row["notify"],
            orcpt=row["orcpt"],
            options=row["options"],
            addressee=row["addressee"],
            tariff=row["tariff"],
            inside=row["inside"],
            hold=row["hold"],
        ),
        number=row["number"],
        state=row["state"],
        created_us=row["created_us"],
        not_before_us=row["not_before_us"],
        pages=row["pages"],
        confirmed=row["confirmed"],
        dials=row["dials"],
        tries=row["tries"],
        outcome=row["outcome"],
        line=row["line"],
        finished_us=row["finished_us"],
        notes=row["notes"],
        poll=row["poll"],
        plan=row["plan"],
    )


def _attempt(row: RowMapping) -> Attempt:
    result = None
    if row["outcome"] is not None:
        result = CallResult(
            outcome=row["outcome"],
            confirmed=row["confirmed"],
            passed_over=row["passed_over"],
            unconfirmed_page=row["unconfirmed_page"],
            station_id=row["station_id"],
            modulation=row["modulation"],
            bit_rate=row["bit_rate"],
            seconds=row["seconds"],
            detail=row["detail"],
        )
    return Attempt(
        call_id=row["call_id"],
        job_id=row["job_id"],
        line=row["line"],
        started_us=row["started_us"],
        finished_us=row["finished_us"],
        result=result,
        node=row["node"],
    )
