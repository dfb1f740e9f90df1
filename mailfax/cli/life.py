"""The life of a job, a mail or a received fax in plain words, for `mailfax show`; `views` reads the spool and prints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailfax.gateway.identity import local_time
from mailfax.model.call import CallResult
from mailfax.model.fax import InboundFax
from mailfax.model.job import Job, JobState
from mailfax.model.plan import CallPlan, Priority
from mailfax.model.submission import Notify, Submission
from mailfax.spool.records import Attempt, Delivery, DeliveryState, Transition


@dataclass(frozen=True, kw_only=True, slots=True)
class JobLife:
    """A job, the mail it came from, its calls and its changes."""

    job: Job
    mail: Submission | None
    calls: tuple[Attempt, ...]
    history: tuple[Transition, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class MailLife:
    """A mail, its jobs, what its sender was told, and its changes."""

    mail: Submission
    jobs: tuple[Job, ...]
    deliveries: tuple[Delivery, ...]
    history: tuple[Transition, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FaxLife:
    """A received fax, the mails that carry it, and its changes."""

    fax: InboundFax
    deliveries: tuple[Delivery, ...]
    history: tuple[Transition, ...]


Life = JobLife | MailLife | FaxLife


def counted(count: int, noun: str, plural: str = "") -> str:
    """Write `1 page`, `2 pages`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def tell(life: Life, zone: str) -> Iterator[str]:
    """Tell it line by line; `zone` is an IANA name, or empty for this machine's own."""
    match life:
        case JobLife(job=job, mail=mail, calls=calls):
            yield from _job(job, mail, zone)
            yield from _section("Calls", [_call(call, zone) for call in calls])
        case MailLife(mail=mail, jobs=jobs, deliveries=deliveries):
            yield from _mail(mail, zone)
            yield from _section("Faxes", [queue_line(job, zone) for job in jobs])
            yield from _section("Notices to the sender", [delivery_line(delivery, zone) for delivery in deliveries])
        case FaxLife(fax=fax, deliveries=deliveries):
            yield from _fax(fax, zone)
            yield from _section("Mails that carry it", [delivery_line(delivery, zone) for delivery in deliveries])
    yield from _section("History", [_step(step, zone) for step in life.history])


def queue_line(job: Job, zone: str) -> str:
    """Tell a job on one line: what it is, how far it has come, what it waits for."""
    pages = f"{job.confirmed_pages}/{'?' if job.pages is None else job.pages} pages" if job.poll is None else "to fetch"
    facts = [job.id, f"{job.number:<14}", f"{job.state.value:<9}", f"{pages:<10}", f"{counted(job.dials, 'call'):<8}"]
    waits = job.dials or job.plan.hours or job.plan.send_at_us
    if job.state is JobState.QUEUED and job.not_before_us > job.created_us and waits:
        facts.append(f"next call {_when(job.not_before_us, zone)}")
    if job.outcome is not None and job.state is not JobState.DELIVERED:
        facts.append(f"{job.outcome.code}: {job.outcome.sentence}")
    return "  ".join(facts).rstrip()


def _job(job: Job, mail: Submission | None, zone: str) -> Iterator[str]:
    what = "fax to" if job.poll is None else "document to be fetched from"
    yield f"{job.id}: {what} {job.recipient.address.mailbox}, {job.state.value}"
    if job.outcome is not None:
        yield f"  {job.outcome.sentence} {'' if job.state is JobState.DELIVERED else job.outcome.advice}".rstrip()
    rows = {
        "mail": f"{job.submission_id}{'' if mail is None else _from(mail)}",
        "accepted": _when(job.created_us, zone),
        "number": job.number,
        "pages": _pages(job),
        "selector": job.poll.selector if job.poll else "",
        "next call": _when(job.not_before_us, zone) if job.state is JobState.QUEUED else "",
        "ended": _when(job.finished_us, zone) if job.finished_us is not None else "",
        "plan": _plan(job.plan, zone),
        "notify": _notify(job.recipient.notify),
        "notes": " ".join(job.notes),
    }
    yield from _table(rows)


def _plan(plan: CallPlan, zone: str) -> str:
    said = [] if plan.priority is Priority.NORMAL else [f"{plan.priority.value} priority"]
    if plan.hours:
        said.append(f"{plan.hours} in {', '.join(plan.zones)}")
    if plan.not_after_us is not None:
        said.append(f"not after {_when(plan.not_after_us, zone)}")
    return ", ".join(said)


def _pages(job: Job) -> str:
    if job.poll is not None:
        return ""  # they are those of the fax that came of it
    return f"{job.confirmed_pages} of {job.pages} confirmed" if job.pages is not None else "not rendered"


def _mail(mail: Submission, zone: str) -> Iterator[str]:
    yield f"{mail.id}: mail{_from(mail)}"
    rows = {
        "accepted": f"{_when(mail.received_us, zone)} from {mail.client}{f' as {mail.identity}' if mail.identity else ''}",
        "to": ", ".join(recipient.address.mailbox for recipient in mail.recipients),
        "size": counted(mail.size, "octet"),
        "Message-ID": mail.message_id,
        "ENVID": mail.envid,
    }
    yield from _table(rows)


def _fax(fax: InboundFax, zone: str) -> Iterator[str]:
    yield f"{fax.id}: fax from {fax.caller or 'an unknown number'} to {fax.called or 'an unknown number'}"
    yield f"  {fax.outcome.sentence}"
    damaged = [str(number) for number, page in enumerate(fax.pages, 1) if page.bad_rows or not page.confirmed]
    rows = {
        "caller": fax.caller_name,
        "machine": fax.station_id,
        "subaddress": fax.subaddress,
        "sender id": fax.sender_id,
        "received": f"{_when(fax.started_us, zone)} on line {fax.line}, call {fax.call_id}",
        "pages": str(len(fax.pages)),
        "bad pages": f"{', '.join(damaged)} (damaged, or not confirmed to the caller)" if damaged else "",
        "on the line": f"{fax.seconds_on_line:.0f} s, {fax.bit_rate} bit/s",
    }
    yield from _table(rows)


def _from(mail: Submission) -> str:
    return f" from {mail.sender or 'nobody'}" + (f', "{mail.subject}"' if mail.subject else "")


def _notify(notify: Notify) -> str:
    return ", ".join(flag.name for flag in notify if flag.name)


def _call(call: Attempt, zone: str) -> str:
    became = "on the line" if call.result is None else _result(call.result)
    return f"{call.call_id}  {_when(call.started_us, zone)}  line {call.line}{f' of {call.node}' if call.node else ''}: {became}"


def _result(result: CallResult) -> str:
    facts = [result.outcome.code, f"{counted(result.confirmed_pages, 'page')} confirmed", f"{result.seconds:.0f} s"]
    if result.modulation:
        facts.append(f"{result.modulation} {result.bit_rate} bit/s")
    if result.station_id:
        facts.append(f'"{result.station_id}"')
    return ", ".join(facts) + (f" ({result.detail})" if result.detail else "")


def delivery_line(delivery: Delivery, zone: str) -> str:
    """Return one line about a mail that goes out."""
    if delivery.state is DeliveryState.WAITING and delivery.tries:
        state = f"waiting after {counted(delivery.tries, 'try', 'tries')}, next {_when(delivery.not_before_us, zone)}"
    else:
        state = delivery.state.value
    return f"{delivery.id}  to {delivery.recipient}: {state}{f', {delivery.detail}' if delivery.detail else ''}"


def _step(step: Transition, zone: str) -> str:
    return f"{_when(step.at_us, zone)}  {step.became:<9}  {step.why}"


def _when(at_us: int, zone: str) -> str:
    return f"{local_time(at_us, zone):%Y-%m-%d %H:%M:%S}"


def _table(rows: dict[str, str]) -> Iterator[str]:
    for name, value in rows.items():
        if value:
            yield f"  {name:<12}{value}"


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        for line in lines:
            yield f"  {line}"
