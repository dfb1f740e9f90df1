"""What became of a fax, in plain words: cause, what was tried, what to do. The human part of DSNs and of reports."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from mailfax.model.call import CallResult
from mailfax.model.document import Fate, PartAccount
from mailfax.model.job import Job, JobState
from mailfax.model.outcome import Disposition, Outcome
from mailfax.model.pageset import first_pages, pages_in_words
from mailfax.model.submission import Submission
from mailfax.smtp.compose import clean, moment

_WIDTH = 76
_VERDICT = {JobState.DELIVERED: "delivered", JobState.UNCERTAIN: "uncertain", JobState.CANCELLED: "cancelled"}
_FATE = {Fate.FAXED: "faxed", Fate.SKIPPED: "NOT faxed", Fate.FAILED: "FAILED"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One call that was made for a job."""

    started_us: int
    result: CallResult


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
        """Return how the job ended; one that ended without an outcome was cancelled."""
        return self.job.outcome or Outcome.CANCELLED

    @property
    def verdict(self) -> str:
        """Return the result in one word or two."""
        return _VERDICT.get(self.job.state, "not delivered")

    @property
    def station_id(self) -> str:
        """Return what the far machine last called itself, on one line."""
        names = [attempt.result.station_id for attempt in self.attempts if attempt.result.station_id]
        return clean(names[-1], 40) if names else ""

    @property
    def detail(self) -> str:
        """Return what the last call knew beyond its outcome, on one line."""
        return clean(self.attempts[-1].result.detail) if self.attempts else ""


def subject_line(reports: Sequence[JobReport]) -> str:
    """Return the subject of the answer: the number and its result, or the counts of several."""
    if len(reports) == 1:
        (report,) = reports
        result = f"Fax to {report.job.number} {report.verdict}"
        return result if report.delivered else f"{result}: {report.outcome.sentence}"
    delivered = sum(report.delivered for report in reports)
    return f"Fax to {len(reports)} numbers: {delivered} delivered, {len(reports) - delivered} not"


def plain_words(
    submission: Submission, reports: Sequence[JobReport], account: Sequence[PartAccount], zone: tzinfo
) -> str:
    """Return the whole story for the sender."""
    about = f'"{clean(submission.subject)}"' if submission.subject else "without a subject"
    lines = _wrapped(f"This is about your mail {about} of {_when(submission.received_us, zone)} ({submission.id}).")
    for report in reports:
        lines += ["", *_one_number(report, zone)]
    for title, parts in _accounts(reports, account):
        lines += ["", title]
        for part in parts:
            lines += _wrapped(_part_line(part), indent="  ")
    return "\n".join(lines) + "\n"


def _accounts(
    reports: Sequence[JobReport], account: Sequence[PartAccount]
) -> Iterator[tuple[str, Sequence[PartAccount]]]:
    """Yield each account with its title; faxes whose covers differ in length, or that have none, have page numbers of their own."""
    of_each: dict[tuple[PartAccount, ...], list[str]] = {}
    for report in reports:
        of_each.setdefault(report.account or tuple(account), []).append(report.job.recipient.address.mailbox)
    for parts, mailboxes in of_each.items():
        if parts:
            whose = f", on the fax to {', '.join(mailboxes)}" if len(of_each) > 1 else ""
            yield f"What was in the mail{whose}:", parts


def _one_number(report: JobReport, zone: tzinfo) -> list[str]:
    """Tell of one number: result, cause, advice, pages, and a table of calls."""
    job = report.job
    lines = [f"{job.recipient.address.mailbox}: {report.verdict.upper()}"]
    lines += _wrapped(f"{report.outcome.sentence} {report.detail}".strip(), indent="  ")
    if not report.delivered:
        lines += _wrapped(f"What to do: {_advice(report)}", indent="  ")
    lines += _wrapped(_pages_line(report), indent="  ")
    for note in job.notes:
        lines += _wrapped(f"Note: {clean(note)}", indent="  ")
    if report.attempts:
        lines.append("  Calls:")
    for count, attempt in enumerate(report.attempts, start=1):
        lines += _wrapped(f"{count}. {_when(attempt.started_us, zone)}: {_call_line(attempt.result)}", indent="    ")
    return [*lines, f"  Job {job.id}"]


def _advice(report: JobReport) -> str:
    """Return what to do. The table's advice on what is tried again would be a lie in a final answer."""
    if report.outcome.disposition is not Disposition.RETRY:
        return report.outcome.advice
    calls = len(report.attempts)
    tried = f"{calls} {'call was' if calls == 1 else 'calls were'} made. " if calls else ""
    return f"{tried}The number is not called again. Ask the receiver or check the number, then send the mail again."


def _pages_line(report: JobReport) -> str:
    if not report.attempts:
        return "No call was made."
    seconds = sum(attempt.result.seconds for attempt in report.attempts)
    of = f" of {report.job.pages}" if report.job.pages is not None else ""
    spoken_to = f' with "{report.station_id}"' if report.station_id else ""
    missing = first_pages(report.job.pages or 0) - report.job.confirmed
    if missing and report.job.confirmed:
        of += f" (not {pages_in_words(missing)})"
    return f"Pages confirmed: {report.job.confirmed_pages}{of}, {seconds:.0f} s on the line{spoken_to}."


def _call_line(result: CallResult) -> str:
    pages = f"{result.confirmed_pages} page{'' if result.confirmed_pages == 1 else 's'}"
    words = f"{result.outcome.code}, {pages}, {result.seconds:.0f} s"
    if result.modulation:
        words += f", {result.modulation} {result.bit_rate} bit/s"
    if result.station_id:
        words += f', "{clean(result.station_id, 40)}"'
    return f"{words} ({clean(result.detail)})" if result.detail else words


def _part_line(part: PartAccount) -> str:
    line = f"{clean(part.name) or 'the text'} ({clean(part.content_type, 80)}): {_FATE[part.fate]}"
    if part.first_page is not None and part.last_page is not None:
        many = part.first_page != part.last_page
        line += f", pages {part.first_page}-{part.last_page}" if many else f", page {part.first_page}"
    note = clean(part.note, 1000)
    return f"{line}. {note[0].upper()}{note[1:].removesuffix('.')}." if note else line


def _when(at_us: int, zone: tzinfo) -> str:
    return moment(at_us, zone).strftime("%Y-%m-%d %H:%M:%S %z")


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ") or [indent.rstrip()]
