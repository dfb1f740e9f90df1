"""What a list's owner is told: a moderator is asked, and one report says what became of every number, in words and as CSV. Called by `gateway.listreports`."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailfax.model.submission import Submission
from mailfax.smtp.compose import (
    Enclosure,
    Headers,
    Letterhead,
    address_of,
    answer_to,
    clean,
    mail_date,
    moment,
    text_message,
)

COLUMNS = ("number", "result", "code", "explanation", "pages", "of", "calls", "last_call", "station", "job")
_FORMULA = ("=", "+", "-", "@", "\t")  # what spreadsheets take for a formula


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportRow:
    """What became of one member. `result` is a word, `code` that of an outcome; `fields` are the list's own columns."""

    number: str
    result: str
    code: str = ""
    explanation: str = ""
    pages: int = 0
    of: int | None = None
    calls: int = 0
    last_call_us: int | None = None
    station: str = ""
    job: str = ""
    fields: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class PostFacts:
    """What a report is about. `paused` and `final` say where it stands."""

    list_name: str
    submission: Submission
    pages: int | None
    paused: bool = False
    final: bool = True


def csv_of(rows: Iterable[ReportRow], letterhead: Letterhead) -> bytes:
    """Write one line for each member, UTF-8 with a byte order mark, as spreadsheets want it; foreign text is no formula in it."""
    rows = list(rows)
    own = sorted({name for row in rows for name in row.fields})
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\r\n")
    table.writerow([*COLUMNS, *own])
    for row in rows:
        last = "" if row.last_call_us is None else f"{moment(row.last_call_us, letterhead.zone):%Y-%m-%d %H:%M:%S}"
        facts = (
            row.number,
            row.result,
            row.code,
            row.explanation,
            row.pages,
            row.of,
            row.calls,
            last,
            row.station,
            row.job,
        )
        foreign = [row.fields.get(name, "") for name in own]
        table.writerow([_harmless(value) for value in (*facts, *foreign)])
    return file.getvalue().encode("utf-8-sig")


def _harmless(value: str | int | None) -> str | int:
    """Keep a number or a plain word; put a quote before what a spreadsheet would run."""
    if not isinstance(value, str):
        return "" if value is None else value
    text = clean(value, 400)
    plain_number = text[1:].isdigit() and text[0] == "+"
    return f"'{text}" if text.startswith(_FORMULA) and not plain_number else text


def in_words(facts: PostFacts, rows: Sequence[ReportRow]) -> str:
    """Sum a post up: how many of what, and why not."""
    results = Counter(row.result for row in rows)
    head = f"Your fax to the list {facts.list_name}" + (" is over." if facts.final else " is under way.")
    if facts.paused:
        head += " It is paused."
    lines = [head, "", f"  Subject  {clean(facts.submission.subject)}", f"  Mail     {facts.submission.id}"]
    if facts.pages is not None:
        lines.append(f"  Pages    {facts.pages}")
    lines += ["", f"  {len(rows):>7}  numbers", *(f"  {count:>7}  {result}" for result, count in results.most_common())]
    reasons = Counter(
        (row.code, row.explanation) for row in rows if row.result not in {"delivered", "waiting"} and row.code
    )
    if reasons:
        lines += ["", "Why not:"]
        lines += [f"  {count:>7}  {code}: {clean(why)}" for (code, why), count in reasons.most_common(20)]
    lines += ["", "The table has a line for each number.", ""]
    return "\n".join(lines)


def report_mail(
    facts: PostFacts, rows: Sequence[ReportRow], pdf: bytes, recipient: str, letterhead: Letterhead, now_us: int
) -> bytes:
    """Return the report as a mail, with the table as CSV and as PDF."""
    delivered = sum(row.result == "delivered" for row in rows)
    word = "Faxed" if facts.final else "So far"
    headers: Headers = {
        "Date": mail_date(now_us, letterhead.zone),
        "From": address_of(letterhead.sender, "Fax server", domain=letterhead.hostname),
        "To": address_of(recipient, domain=letterhead.hostname),
        "Subject": f"{word} to {facts.list_name}: {delivered} of {len(rows)} delivered: {clean(facts.submission.subject, 80)}",
        "Message-ID": f"<{facts.submission.id}.{'report' if facts.final else now_us}.{len(recipient)}@{letterhead.hostname}>",
        **answer_to(facts.submission.message_id),
        "Auto-Submitted": "auto-generated",
    }
    name = f"{facts.list_name}-{facts.submission.id}"
    files = [
        Enclosure(octets=csv_of(rows, letterhead), content_type="text/csv", filename=f"{name}.csv"),
        Enclosure(octets=pdf, content_type="application/pdf", filename=f"{name}.pdf"),
    ]
    return text_message(headers, in_words(facts, rows), files)


def question_mail(
    facts: PostFacts, members: int, recipient: str, back: str, letterhead: Letterhead, now_us: int
) -> bytes:
    """Return the mail that asks a moderator; his answer goes to `back`, which holds its secret."""
    submission = facts.submission
    text = (
        f"{submission.sender} has sent a fax to the list {facts.list_name}, which is moderated. It waits for you.\n\n"
        f"  Subject  {clean(submission.subject)}\n  Mail     {submission.id}\n  Numbers  {members}\n"
        + (f"  Pages    {facts.pages}\n" if facts.pages is not None else "")
        + "\nAnswer this mail with the word SEND in the first line to have it sent, or CANCEL to drop it. By command:\n"
        + f"\nTo look at it:    mailfax show {submission.id}\nTo send it:       mailfax list release {submission.id}\n"
        f"To drop it:       mailfax list cancel {submission.id}\n"
    )
    headers: Headers = {
        "Date": mail_date(now_us, letterhead.zone),
        "From": address_of(letterhead.sender, "Fax server", domain=letterhead.hostname),
        "To": address_of(recipient, domain=letterhead.hostname),
        "Reply-To": address_of(back, domain=letterhead.hostname),
        "Subject": f"Waits for you: fax to {facts.list_name}: {clean(submission.subject, 80)}",
        "Message-ID": f"<{submission.id}.question.{len(recipient)}@{letterhead.hostname}>",
        "Auto-Submitted": "auto-generated",
    }
    return text_message(headers, text)
