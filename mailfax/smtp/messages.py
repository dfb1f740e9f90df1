"""Our mails that are no end of a fax: accepted, delayed, held for a preview, came again, answers to commands, and what could not be delivered.

Made by the desks of `gateway`. Each is the same octets whenever it is made again from the same values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mailfax.model.job import JobState
from mailfax.model.submission import Submission
from mailfax.smtp.compose import (
    Enclosure,
    Headers,
    Letterhead,
    address_of,
    answer_to,
    clean,
    mail_date,
    multipart_message,
    raw_part,
    text_message,
    text_part,
)
from mailfax.smtp.language import Language
from mailfax.smtp.notices import Story
from mailfax.smtp.wording import Voice, about_mail, one_number, wrapped

_SHOWN_NUMBERS = 50  # in the list of a message about many


def accepted_words(story: Story) -> str:
    """Return what the acknowledgement of a mail says; the story has no reports yet."""
    mailboxes = [recipient.address.mailbox for recipient in story.submission.recipients]
    lines = wrapped(story.voice.language.count("intro_accepted", len(mailboxes)))
    lines += [f"  {mailbox}" for mailbox in mailboxes[:_SHOWN_NUMBERS]]
    if len(mailboxes) > _SHOWN_NUMBERS:
        lines.append("  …")
    return paragraphs(about_mail(story.submission, story.voice), lines, *map(wrapped, story.last_words))


def accepted_subject(submission: Submission, language: Language) -> str:
    """Return its subject."""
    recipients = submission.recipients
    return language.count("subject_accepted", len(recipients), number=recipients[0].address.number)


def delayed_words(story: Story, retry_until_us: int) -> str:
    """Return what is said of jobs that wait longer than people expect."""
    language, voice = story.voice.language, story.voice
    each = [one_number(report, voice) for report in story.reports[:_SHOWN_NUMBERS]]
    until = language.say("given_up_when", when=voice.when(retry_until_us))
    first = language.count("intro_delayed", len(story.reports))
    return paragraphs(
        about_mail(story.submission, voice, story.list_name),
        wrapped(f"{first} {until}"),
        *each,
        *map(wrapped, story.last_words),
    )


def delayed_subject(story: Story) -> str:
    """Return its subject."""
    say = story.voice.language.say
    if len(story.reports) > 1:
        return say("subject_delayed_many", count=len(story.reports))
    (report,) = story.reports
    outcome = report.job.outcome
    why = story.voice.verdict(report.job.state) if outcome is None else story.voice.language.sentence(outcome)
    return say("subject_delayed", number=report.job.number, why=why)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One held fax as it is shown: its address, its pages and the time they would take on the line; `more` are further sentences."""

    mailbox: str
    pages: int
    seconds: float
    more: tuple[str, ...] = ()


def held_words(story: Story, shown: Sequence[Shown], until_us: int) -> str:
    """Return what goes with the preview of faxes that are held."""
    voice, language = story.voice, story.voice.language
    facts = [line for one in shown for line in shown_lines(one, voice)]
    first = wrapped(language.count("intro_held", len(shown)))
    until = wrapped(language.say("held_until", when=voice.when(until_us)))
    return paragraphs(about_mail(story.submission, voice), first, facts, until, *map(wrapped, story.last_words))


def shown_lines(one: Shown, voice: Voice) -> list[str]:
    """Return the facts of one held fax."""
    language = voice.language
    pages = language.count("page_count", one.pages)
    lines = wrapped(language.say("held_facts", address=one.mailbox, pages=pages, seconds=f"{one.seconds:.0f}"), "  ")
    return [*lines, *(line for words in one.more for line in wrapped(words, indent="  "))]


def held_subject(story: Story, shown: Sequence[Shown]) -> str:
    """Return its subject."""
    language = story.voice.language
    pages = language.count("page_count", shown[0].pages)
    return language.count("subject_held", len(shown), number=shown[0].mailbox.partition("@")[0], pages=pages)


def again_words(submission: Submission, earlier: Sequence[tuple[str, JobState, str, str]], voice: Voice) -> str:
    """Return what is said to whoever sent a mail again; `earlier` are address, state, mail and job of each fax of it."""
    told = voice.language.say("again", subject=voice.about(submission.subject), when=voice.when(submission.received_us))
    lines = []
    for mailbox, state, mail, job in earlier:
        verdict = voice.verdict(state)
        lines += wrapped(voice.language.say("again_line", address=mailbox, verdict=verdict, mail=mail, job=job), "  ")
    return paragraphs(wrapped(told), lines)


def again_subject(submission: Submission, voice: Voice) -> str:
    """Return its subject."""
    return voice.language.say("subject_again", subject=clean(submission.subject) or voice.about(""))


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """The answer to an order by mail: `verb` is what was ordered, `asked_by` the Message-ID of the mail that ordered, `id` names the answer."""

    id: str
    to: str
    verb: str
    asked_by: str
    text: str
    enclosures: Sequence[Enclosure] = ()


def answer_message(answered: Answered, voice: Voice, letterhead: Letterhead, now_us: int) -> bytes:
    """Return the whole answer."""
    headers: Headers = {
        "Date": mail_date(now_us, letterhead.zone),
        "From": address_of(letterhead.sender, "Fax server", domain=letterhead.hostname),
        "To": address_of(answered.to, domain=letterhead.hostname),
        "Subject": voice.language.say("subject_answer", verb=answered.verb),
        "Message-ID": f"<{answered.id}.answer@{letterhead.hostname}>",
        **answer_to(answered.asked_by),
        "Content-Language": voice.language.code,
        "Auto-Submitted": "auto-replied",
    }
    return text_message(headers, answered.text, answered.enclosures)


def undelivered_message(
    delivery_id: str,
    message: bytes,
    recipient: str,
    why: str,
    administrator: str,
    voice: Voice,
    letterhead: Letterhead,
    now_us: int,
) -> bytes:
    """Return the alarm for a message of ours that no mail server takes, with the message in it."""
    say = voice.language.say
    subject = say("subject_undelivered", recipient=clean(recipient))
    headers = _alarm_headers(delivery_id, subject, administrator, voice, letterhead, now_us)
    text = paragraphs(wrapped(say("undelivered")), wrapped(say("undelivered_why", why=clean(why, 600))))
    return multipart_message(headers, "mixed", [text_part(text), raw_part("message/rfc822", message)])


def untaken_hook_message(
    delivery_id: str,
    body: bytes,
    hook: str,
    why: str,
    administrator: str,
    voice: Voice,
    letterhead: Letterhead,
    now_us: int,
) -> bytes:
    """Return the alarm for what a webhook of that name does not take, with its JSON."""
    say = voice.language.say
    headers = _alarm_headers(
        delivery_id, say("subject_untaken", hook=clean(hook)), administrator, voice, letterhead, now_us
    )
    text = paragraphs(wrapped(say("untaken", hook=clean(hook))), wrapped(clean(why, 600)))
    file = Enclosure(octets=body, content_type="application/json", filename=f"{delivery_id}.json")
    return text_message(headers, text, [file])


def _alarm_headers(
    delivery_id: str, subject: str, administrator: str, voice: Voice, letterhead: Letterhead, now_us: int
) -> Headers:
    return {
        "Date": mail_date(now_us, letterhead.zone),
        "From": address_of(letterhead.sender, "Fax server", domain=letterhead.hostname),
        "To": address_of(administrator, domain=letterhead.hostname),
        "Subject": subject,
        "Message-ID": f"<{delivery_id}.undelivered@{letterhead.hostname}>",
        "Content-Language": voice.language.code,
        "Auto-Submitted": "auto-generated",
    }


def paragraphs(*texts: Sequence[str]) -> str:
    """Return paragraphs of lines as a text, those that are empty left out."""
    return "\n\n".join("\n".join(lines) for lines in texts if lines) + "\n"
