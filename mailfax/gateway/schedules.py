"""Documents that are faxed on a calendar: the files of a folder, one file, or what a command prints, to numbers or a list.

Run by the server, and by `mailfax schedule run`. An occurrence is on disk before anything is done for it, and each of its mails is accepted under a
name made of the schedule, the occurrence and the document; so after a crash it goes on, and nothing is accepted twice. What was missed while the server
was down is met as `missed` says, and its sender is told. It is faxed in the name of a user, by what he may do at that moment.
"""

import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

import structlog

from mailfax.gateway.acceptance import Intake, accept_mail
from mailfax.gateway.calendar import Calendar
from mailfax.gateway.clockwatch import ClockWatch
from mailfax.gateway.identity import local_time
from mailfax.gateway.mailheader import wishes_of
from mailfax.gateway.maillist import MailLists
from mailfax.gateway.posting import Posting, PostOrder, PostRefused
from mailfax.gateway.quotas import Quotas
from mailfax.model.options import OptionFault, send_options
from mailfax.model.schedule import RunState, ScheduleRun
from mailfax.model.submission import Recipient
from mailfax.routing import outbound
from mailfax.routing.permission import Asker
from mailfax.smtp.compose import Headers, Letterhead, address_of, mail_date, moment, text_message
from mailfax.spool import posts, runs
from mailfax.spool.disk import SpoolError
from mailfax.spool.records import DeliveryKind, NewDelivery

_log = structlog.get_logger()
US_PER_S = 1_000_000
LATE_S = 900  # a restart takes less; what is met later than this was missed
FETCH_S = 10.0  # a file that was written to within so many seconds may not be whole
COMMAND_S = 600
_MOST_OUTPUT = 100 << 20
_DONE, _FAILED = "sent", "failed"
CLIENT = "schedule:"


class ScheduleFault(Exception):
    """Nothing can be faxed; the text is one plain sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """One schedule. `to` are numbers, addresses or the name of one list; one of `folder`, `file` and `command` is what is faxed.

    `run_late` says whether the newest occurrence that was missed is run when it is noticed.
    """

    name: str
    calendar: Calendar
    to: tuple[str, ...]
    user: str
    sender: str
    subject: str = ""
    folder: Path | None = None
    file: Path | None = None
    command: tuple[str, ...] = ()
    run_late: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class _Item:
    """A document: `key` names it among those of its run; `path` is moved when it is done with."""

    key: str
    name: str
    octets: bytes
    path: Path | None = None


@dataclass(kw_only=True, slots=True)
class _Came:
    """What came of a run so far."""

    mails: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


class ScheduleDesk:
    """Runs what is due of all schedules."""

    def __init__(
        self,
        *,
        intake: Intake,
        posting: Posting,
        lists: MailLists,
        schedules: Mapping[str, Schedule],
        letterhead: Letterhead,
        clock: ClockWatch | None,
    ) -> None:
        self._intake, self._posting, self._lists, self._schedules = intake, posting, lists, schedules
        self._letterhead, self._clock = letterhead, clock
        self._store, self._now_us = intake.store, posting.now_us

    def step(self) -> bool:
        """Run what is due; always False, since nothing is due again before some time has passed."""
        if not self._schedules or (self._clock is not None and not self._clock.settled):
            return False
        for run in runs.started(self._store):
            if run.name in self._schedules:
                _log.warning("a schedule goes on where it was cut off", schedule=run.name)
                self.carry_out(self._schedules[run.name], run)
        for schedule in self._schedules.values():
            self._meet(schedule)
        return False

    def run_now(self, name: str) -> ScheduleRun:
        """Run a schedule beside its calendar. Raises KeyError, SpoolError."""
        schedule, now_us = self._schedules[name], self._now_us()
        run = ScheduleRun(name=name, due_us=now_us, state=RunState.STARTED, at_us=now_us, by_hand=True)
        runs.begin(self._store, run)
        self.carry_out(schedule, run)
        return next(each for each in runs.newest(self._store, name, 20) if each.due_us == now_us)

    def _meet(self, schedule: Schedule) -> None:
        """Meet what has fallen due since the last occurrence that was met."""
        now_us = self._now_us()
        last_us = runs.last_us(self._store, schedule.name, now_us)
        if last_us is None:  # a schedule that is new has missed nothing
            known = ScheduleRun(name=schedule.name, due_us=now_us, state=RunState.KNOWN, at_us=now_us)
            runs.begin(self._store, known)
            return
        due = schedule.calendar.between(last_us, now_us)
        if not due:
            return
        before = runs.met(self._store, schedule.name, due)
        if not (new := [each for each in due if each not in before]):
            return
        *missed, newest = new
        late = now_us - newest > LATE_S * US_PER_S
        if missed or late:
            self._tell_missed(
                schedule, [*missed, newest] if late else missed, runs_newest=not late or schedule.run_late
            )
        state = RunState.SKIPPED if late and not schedule.run_late else RunState.STARTED
        note = f"{len(missed)} earlier one(s) missed" if missed else ""
        run = ScheduleRun(name=schedule.name, due_us=newest, state=state, at_us=now_us, note=note)
        if runs.begin(self._store, run) and state is RunState.STARTED:
            _log.info("a schedule is run", schedule=schedule.name)
            self.carry_out(schedule, run)

    def carry_out(self, schedule: Schedule, run: ScheduleRun) -> None:
        """Do, or go on with, a run that is on disk."""
        came = _Came()
        try:
            for item in self._items(schedule, run):
                self._send(schedule, run, item, came)
        except (ScheduleFault, OSError) as fault:
            came.troubles.append(str(fault))
        sent = f"{len(came.mails)} document(s)"
        note = "; ".join((*filter(None, (run.note,)), sent, *came.troubles))
        state = RunState.FAILED if came.troubles and not came.mails else RunState.DONE
        runs.end(self._store, run, state, note[:1000], self._now_us())
        if came.troubles:
            self._tell(schedule, "Not all of it could be faxed", came.troubles)

    def _send(self, schedule: Schedule, run: ScheduleRun, item: _Item, came: _Came) -> None:
        client = f"{CLIENT}{schedule.name}/{run.due_us}/{item.key}"
        try:
            if not self._store.has_mail_of_client(client):
                self._accept(schedule, client, self._mail(schedule, run, item), came)
            came.mails.append(item.name)
        except (ScheduleFault, PostRefused, OptionFault) as fault:
            came.troubles.append(f"{item.name}: {fault}")
            self._put_away(item, _FAILED)
        else:
            self._put_away(item, _DONE)

    def _accept(self, schedule: Schedule, client: str, octets: bytes, came: _Came) -> None:
        user = self._store.user(schedule.user)
        if user is None:
            raise ScheduleFault(f"There is no user {schedule.user}, in whose name the schedule {schedule.name} faxes.")
        asker, routing = Asker(user=user), self._posting.routing
        subject, options = wishes_of(octets)
        domain = routing.domains[0].name
        if (mail_list := self._lists.addressed(f"{schedule.to[0]}@{domain}", routing)) is not None:
            order = PostOrder(
                octets=octets,
                asker=asker,
                sender=schedule.sender,
                client=client,
                identity=user.name,
                subject=subject,
                options=options,
            )
            self._posting.accept(mail_list, order)
            return
        now = local_time(self._now_us(), routing.time_zone)
        dialled: dict[object, str] = {}
        recipients: list[Recipient] = []
        for written in schedule.to:
            match outbound.verdict(written if "@" in written else f"{written}@{domain}", asker, routing, now):
                case outbound.Refused(detail=detail):
                    came.troubles.append(f"{written}: {detail}")
                case outbound.Permitted(address=address, number=number, asked=asked):
                    dialled[address] = number
                    recipients.append(Recipient(address=address, options=send_options(asked)))
        if not recipients:
            raise ScheduleFault("None of its numbers may be faxed.")
        counted = Counter(each.address.domain for each in recipients)
        if over := Quotas(self._store, self._intake.quotas).refusal(user, counted, self._now_us()):
            raise ScheduleFault(over)
        accept_mail(
            self._intake,
            octets,
            now_us=self._now_us(),
            sender=schedule.sender,
            client=client,
            identity=user.name,
            recipients=recipients,
            dialled=lambda address: dialled[address],
        )

    def _items(self, schedule: Schedule, run: ScheduleRun) -> Iterator[_Item]:
        """Return what is to be faxed."""
        if schedule.command:
            yield _Item(key="output", name=schedule.command[0], octets=self._output(schedule, run))
        elif schedule.file is not None:
            yield _Item(key="file", name=schedule.file.name, octets=_content(schedule.file))
        elif schedule.folder is not None:
            newest_s = self._now_us() / US_PER_S - FETCH_S
            for path in sorted(schedule.folder.iterdir()):
                if path.is_file() and not path.name.startswith(".") and path.stat().st_mtime <= newest_s:
                    octets = _content(path)
                    yield _Item(
                        key=sha256(path.name.encode() + b"\0" + octets).hexdigest()[:32],
                        name=path.name,
                        octets=octets,
                        path=path,
                    )

    def _output(self, schedule: Schedule, run: ScheduleRun) -> bytes:
        """Run the command, unless what it printed was accepted before a crash. Raises ScheduleFault."""
        if self._store.has_mail_of_client(f"{CLIENT}{schedule.name}/{run.due_us}/output"):
            return b""
        try:
            done = subprocess.run(  # noqa: S603 - the administrator's own command, without a shell
                schedule.command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise ScheduleFault(f"{schedule.command[0]} did not end within {COMMAND_S} s.") from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()[-300:]
            raise ScheduleFault(f"{schedule.command[0]} ended with {done.returncode}. {said}")
        if not done.stdout.strip() or len(done.stdout) > _MOST_OUTPUT:
            raise ScheduleFault(f"{schedule.command[0]} printed {len(done.stdout)} octets, which cannot be faxed.")
        return done.stdout

    def _mail(self, schedule: Schedule, run: ScheduleRun, item: _Item) -> bytes:
        """Return the document as a mail; one that is a mail already goes as it is."""
        if item.name.lower().endswith(".eml"):
            return item.octets
        when = moment(run.due_us, self._letterhead.zone)
        message = EmailMessage(policy=SMTP)
        message["From"] = schedule.sender
        message["To"] = ", ".join(
            each if "@" in each else f"{each}@{self._posting.routing.domains[0].name}" for each in schedule.to
        )
        message["Subject"] = schedule.subject or f"{schedule.name}: {item.name}"
        message["Date"] = format_datetime(when)
        message.make_mixed()
        kind, _, subtype = _type_of(item).partition("/")
        message.add_attachment(item.octets, maintype=kind, subtype=subtype, filename=Path(item.name).name)
        return message.as_bytes()

    def _put_away(self, item: _Item, folder: str) -> None:
        """Move a file of a folder, so that the next run does not find it; one of the same name there stays."""
        if item.path is None:
            return
        target = item.path.parent / folder
        target.mkdir(exist_ok=True)
        place = target / item.path.name
        if place.exists():
            place = target / f"{item.key}-{item.path.name}"
        item.path.rename(place)

    def _tell_missed(self, schedule: Schedule, missed: list[int], *, runs_newest: bool) -> None:
        first, last = (moment(each, self._letterhead.zone) for each in (missed[0], missed[-1]))
        what = f"{len(missed)} time(s) between {first:%Y-%m-%d %H:%M %Z} and {last:%Y-%m-%d %H:%M %Z} were missed: the server was not running."
        then = "The newest is run now." if runs_newest else "By its policy none of them is run now."
        _log.warning("a schedule was missed", schedule=schedule.name, times=len(missed), runs_newest=runs_newest)
        self._tell(schedule, "It was missed", [what, then])

    def _tell(self, schedule: Schedule, what: str, sentences: list[str]) -> None:
        """Queue a mail to the sender of a schedule."""
        now_us = self._now_us()
        headers: Headers = {
            "Date": mail_date(now_us, self._letterhead.zone),
            "From": address_of(self._letterhead.sender, "Fax server", domain=self._letterhead.hostname),
            "To": address_of(schedule.sender, domain=self._letterhead.hostname),
            "Subject": f"Schedule {schedule.name}: {what}",
            "Message-ID": f"<{schedule.name}.{now_us}@{self._letterhead.hostname}>",
            "Auto-Submitted": "auto-generated",
        }
        text = "\n".join((f"The schedule {schedule.name}: {what.lower()}.", "", *sentences, ""))
        mail = NewDelivery(
            kind=DeliveryKind.NOTICE,
            recipient=schedule.sender,
            sender="",
            message_digest=self._intake.blobs.put(text_message(headers, text)),
        )
        try:
            posts.tell(self._store, [mail], now_us)
        except SpoolError as error:  # the word is worth less than the run
            _log.warning("a word about a schedule could not be queued", schedule=schedule.name, error=str(error))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ScheduleFault(f"{path} cannot be read: {error.strerror}.") from error


def _type_of(item: _Item) -> str:
    """Name the type of a document by its name, or what a command printed by its first octets."""
    if item.octets.startswith(b"%PDF-"):
        return "application/pdf"
    if item.key == "output":
        return "text/html" if item.octets.lstrip()[:1] == b"<" else "text/plain"
    return guess_type(item.name)[0] or "application/octet-stream"
