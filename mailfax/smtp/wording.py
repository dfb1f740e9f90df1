"""What became of a fax, in plain words: cause, what was tried, what to do. The human part of DSNs and of reports, in the sender's language."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from mailfax.model.call import CallResult
from mailfax.model.document import MESSAGE_TEXT, Fate, PartAccount
from mailfax.model.job import Job, JobState
from mailfax.model.outcome import Disposition, Outcome
from mailfax.model.pageset import PageSet, first_pages, page_ranges
from mailfax.model.submission import Submission
from mailfax.smtp.compose import clean, moment
from mailfax.smtp.language import Language
from mailfax.smtp.tables import csv_table, text_table

_WIDTH = 76
_FEW = 3  # numbers of which each is told at length; of more, only those that were not delivered
_STATES = {
    JobState.RENDERING: "waiting",
    JobState.QUEUED: "waiting",
    JobState.HELD: "held",
    JobState.ON_LINE: "on_line",
    JobState.DELIVERED: "delivered",
    JobState.UNCERTAIN: "uncertain",
    JobState.CANCELLED: "cancelled",
    JobState.FAILED: "not_delivered",
}
_FATE = {Fate.FAXED: "part_faxed", Fate.SKIPPED: "part_skipped", Fate.FAILED: "part_failed"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """In which language and in whose time we speak."""

    language: Language
    zone: tzinfo = UTC

    def when(self, at_us: int) -> str:
        """Return a stored time as people here write it."""
        return moment(at_us, self.zone).strftime(self.language.phrases["when"])

    def about(self, subject: str) -> str:
        """Return a subject as it is quoted in a sentence."""
        shown = clean(subject)
        return self.language.say("quoted", text=shown) if shown else self.language.say("no_subject")

    def pages(self, pages: PageSet) -> str:
        """Return `pages 1-3, 5`."""
        return self.language.count("page_list", len(pages), list=page_ranges(pages))

    def verdict(self, state: JobState) -> str:
        """Return where a job is, or how it ended, in one word or two."""
        return self.language.say(_STATES[state])


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One call that was made for a job."""

    started_us: int
    result: CallResult
    call_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobReport:
    """A finished job and its calls, oldest first. `account` is of the parts of the mail with the pages of this fax; empty is as in all others."""

    job: Job
    attempts: tuple[Attempt, ...] = ()
    account: tuple[PartAccount, ...] = ()

    @property
    def delivered(self) -> bool:
        """Say whether every page was confirmed."""
        return self.job.state is JobState.DELIVERED

    @property
    def outcome(self) -> Outcome:
        """Return how the job ended, or its last call; one that ended without an outcome was cancelled."""
        return self.job.outcome or Outcome.CANCELLED

    @property
    def station_id(self) -> str:
        """Return what the far machine last called itself, on one line."""
        names = [attempt.result.station_id for attempt in self.attempts if attempt.result.station_id]
        return clean(names[-1], 40) if names else ""

    @property
    def detail(self) -> str:
        """Return what the last call knew beyond its outcome, on one line."""
        return clean(self.attempts[-1].result.detail) if self.attempts else ""

    @property
    def seconds(self) -> float:
        """Return the time on the line, of all calls."""
        return sum(attempt.result.seconds for attempt in self.attempts)

    @property
    def pages(self) -> str:
        """Return the pages confirmed, of how many."""
        return (
            str(self.job.confirmed_pages) if self.job.pages is None else f"{self.job.confirmed_pages}/{self.job.pages}"
        )


def subject_line(reports: Sequence[JobReport], voice: Voice, list_name: str = "") -> str:
    """Return the subject of the answer: the number and its result, or the counts of several."""
    say = voice.language.say
    delivered = sum(report.delivered for report in reports)
    counts = {"count": len(reports), "delivered": delivered, "others": len(reports) - delivered}
    if list_name:
        return say("subject_list", list=clean(list_name, 60), **counts)
    if len(reports) > 1:
        return say("subject_many", **counts)
    (report,) = reports
    told = {"number": report.job.number, "verdict": voice.verdict(report.job.state)}
    if report.delivered:
        return say("subject_one", **told)
    return say("subject_one_why", **told, why=voice.language.sentence(report.outcome))


def plain_words(
    submission: Submission,
    reports: Sequence[JobReport],
    account: Sequence[PartAccount],
    voice: Voice,
    *,
    list_name: str = "",
    last_words: Sequence[str] = (),
) -> str:
    """Return the whole story for the sender. `last_words` are sentences at the end: what he can do now, why he gets this."""
    lines = about_mail(submission, voice, list_name)
    if len(reports) > 1:
        lines += ["", *_summary(reports, voice)]
    at_length = [report for report in reports if len(reports) <= _FEW or not report.delivered]
    for report in at_length:
        lines += ["", *one_number(report, voice)]
    for one in submission.repeated:
        told = voice.language.say("repeated", address=one.mailbox, mail=one.submission_id, job=one.job_id)
        lines += ["", *wrapped(told)]
    for title, parts in _accounts(reports, account, voice):
        lines += ["", *wrapped(title)]
        for part in parts:
            lines += wrapped(_part_line(part, voice), indent="  ")
    for words in last_words:
        lines += ["", *wrapped(words)]
    return "\n".join(lines) + "\n"


def _accounts(
    reports: Sequence[JobReport], account: Sequence[PartAccount], voice: Voice
) -> Iterator[tuple[str, Sequence[PartAccount]]]:
    """Yield each account with its title; faxes whose covers differ in length, or that have none, have page numbers of their own."""
    of_each: dict[tuple[PartAccount, ...], list[str]] = {}
    for report in reports:
        of_each.setdefault(report.account or tuple(account), []).append(report.job.recipient.address.mailbox)
    for parts, mailboxes in of_each.items():
        if parts:
            whose = ", ".join(mailboxes)
            yield (
                voice.language.say("parts_of", whose=whose) if len(of_each) > 1 else voice.language.say("parts"),
                parts,
            )


def about_mail(submission: Submission, voice: Voice, list_name: str = "") -> list[str]:
    """Return the lines that say which mail of the sender this is about."""
    told = {
        "subject": voice.about(submission.subject),
        "when": voice.when(submission.received_us),
        "mail": submission.id,
    }
    if list_name:
        return wrapped(voice.language.say("about_list", list=clean(list_name, 60), **told))
    return wrapped(voice.language.say("about", **told))


def one_number(report: JobReport, voice: Voice) -> list[str]:
    """Tell of one number: result, cause, advice, pages, and a table of calls."""
    job, say = report.job, voice.language.say
    lines = [f"{job.recipient.address.mailbox}: {voice.verdict(job.state).upper()}"]
    if job.outcome is not None or job.state.final:
        lines += wrapped(f"{voice.language.sentence(report.outcome)} {report.detail}".strip(), indent="  ")
    if job.state.final and not report.delivered:
        lines += wrapped(say("what_to_do", advice=_advice(report, voice)), indent="  ")
    if job.state is JobState.QUEUED and report.attempts:
        lines += wrapped(say("next_call", when=voice.when(job.not_before_us)), indent="  ")
    lines += wrapped(_pages_line(report, voice), indent="  ")
    for note in job.notes:
        lines += wrapped(say("note", note=voice.language.note(clean(note))), indent="  ")
    if report.attempts:
        lines += [f"  {say('calls')}", *_calls_table(report, voice)]
    return [*lines, f"  {say('job', job=job.id)}"]


def summary_csv(reports: Sequence[JobReport], voice: Voice) -> bytes:
    """Return every number with its result, for a spreadsheet. The heads and codes are the same in every language, so that programs can read them."""
    heads = (
        *("number", "address", "state", "code", "status", "sentence", "pages_confirmed", "pages", "calls", "seconds"),
        *("far_machine", "speed", "last_call", "job"),
    )
    return csv_table(heads, [_csv_row(report, voice) for report in reports])


def _csv_row(report: JobReport, voice: Voice) -> list[str]:
    job = report.job
    last = report.attempts[-1] if report.attempts else None
    return [
        job.number,
        job.recipient.address.mailbox,
        job.state.value,
        job.outcome.code if job.outcome else "",
        job.outcome.status if job.outcome else "",
        voice.language.sentence(job.outcome) if job.outcome else "",
        str(job.confirmed_pages),
        "" if job.pages is None else str(job.pages),
        str(len(report.attempts)),
        f"{report.seconds:.0f}",
        report.station_id,
        _speed(last.result) if last else "",
        moment(last.started_us, voice.zone).isoformat() if last else "",
        job.id,
    ]


def _summary(reports: Sequence[JobReport], voice: Voice) -> list[str]:
    heads = [voice.language.say(f"column_{name}") for name in ("number", "pages", "calls", "seconds", "result")]
    rows = [
        (
            report.job.number,
            report.pages,
            str(len(report.attempts)),
            f"{report.seconds:.0f}",
            _result(report, voice),
        )
        for report in reports
    ]
    return text_table(heads, rows, right=frozenset({1, 2, 3}))


def _result(report: JobReport, voice: Voice) -> str:
    verdict = voice.verdict(report.job.state)
    return (
        verdict
        if report.delivered or report.job.outcome is None
        else f"{verdict}: {voice.language.short(report.job.outcome)}"
    )


def _calls_table(report: JobReport, voice: Voice) -> list[str]:
    columns = ("call", "when", "seconds", "speed", "machine", "pages", "result")
    heads = [voice.language.say(f"column_{name}") for name in columns]
    rows, details = [], []
    for count, attempt in enumerate(report.attempts, start=1):
        result = attempt.result
        station = f'"{clean(result.station_id, 20)}"' if result.station_id else "-"
        pages = str(result.confirmed_pages)
        seconds = f"{result.seconds:.0f}"
        rows.append(
            (
                str(count),
                voice.when(attempt.started_us),
                seconds,
                _speed(result),
                station,
                pages,
                voice.language.short(result.outcome),
            )
        )
        if result.detail and count < len(report.attempts):  # the last one's stands above
            details += wrapped(f"{heads[0].capitalize()} {count}: {clean(result.detail)}", indent="    ")
    return [*text_table(heads, rows, indent="    ", right=frozenset({0, 2, 5})), *details]


def _speed(result: CallResult) -> str:
    return f"{result.modulation} {result.bit_rate}" if result.modulation else "-"


def _advice(report: JobReport, voice: Voice) -> str:
    """Return what to do. The table's advice on what is tried again would be a lie in a final answer."""
    if report.outcome.disposition is not Disposition.RETRY:
        return voice.language.advice(report.outcome)
    calls = len(report.attempts)
    return voice.language.count("given_up", calls) if calls else voice.language.say("given_up_uncalled")


def _pages_line(report: JobReport, voice: Voice) -> str:
    if not report.attempts:
        return voice.language.say("no_call")
    job, say = report.job, voice.language.say
    words = (
        say("pages_confirmed", confirmed=job.confirmed_pages)
        if job.pages is None
        else say("pages_confirmed_of", confirmed=job.confirmed_pages, pages=job.pages)
    )
    missing = first_pages(job.pages or 0) - job.confirmed
    if missing and job.confirmed:
        words += f" {say('pages_missing', missing=voice.pages(missing))}"
    words += f" {say('time_on_line', seconds=f'{report.seconds:.0f}')}"
    if report.station_id:
        words += f" {say('spoken_with', station=voice.about(report.station_id))}"
    return words


def _part_line(part: PartAccount, voice: Voice) -> str:
    say = voice.language.say
    name = clean(part.name)
    name = say("the_text") if name in {"", MESSAGE_TEXT} else name
    line = f"{name} ({clean(part.content_type, 80)}): {say(_FATE[part.fate])}"
    if part.first_page is not None and part.last_page is not None:
        many = part.first_page != part.last_page
        line += f", {say('part_pages' if many else 'part_page', first=part.first_page, last=part.last_page)}"
    note = clean(part.note, 1000)
    return f"{line}. {note[0].upper()}{note[1:].removesuffix('.')}." if note else line


def wrapped(text: str, indent: str = "") -> list[str]:
    """Return a paragraph as lines of a mail."""
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  " if indent else "") or [
        indent.rstrip()
    ]
