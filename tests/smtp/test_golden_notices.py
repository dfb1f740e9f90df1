"""The words that people read, whole, in each language, held against files to be looked at: tests/smtp/golden/*.txt.

A change of wording changes the file: run with MAILFAX_GOLDEN=write, read the difference, and commit it if it is good.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from mailfax.model.address import FaxAddress
from mailfax.model.call import CallResult
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.submission import Recipient
from mailfax.smtp.messages import (
    Shown,
    accepted_subject,
    accepted_words,
    again_subject,
    again_words,
    delayed_subject,
    delayed_words,
    held_subject,
    held_words,
)
from mailfax.smtp.notices import Story
from mailfax.smtp.wording import JobReport, Voice, plain_words, subject_line
from tests.smtp.running import NOW_US
from tests.smtp.test_notices import DELIVERED, FAILED, HEAD, LANGUAGES, UNCERTAIN, job, story

GOLDEN = Path(__file__).parent / "golden"
CUT = CallResult(
    outcome=Outcome.CALL_DROPPED,
    confirmed=frozenset({1}),
    station_id="+49 30 1234",
    modulation="V.29",
    bit_rate=9600,
    seconds=38.2,
    detail="Silence after page 2.",
)
DAY_US = 86_400_000_000
RESUMED = replace(
    job(JobState.DELIVERED, Outcome.DELIVERED, CUT, DELIVERED.attempts[0].result),
    job=replace(DELIVERED.job, notes=("Page 2 may have arrived twice: its confirmation was not heard.",)),
)
WAITING = job(JobState.QUEUED, Outcome.BUSY, FAILED.attempts[0].result, finished_us=None)


def _story(*reports: JobReport, language: str) -> Story:
    recipients = tuple(
        Recipient(address=FaxAddress(number=number, domain="fax.lan")) for number in ("5551234", "5559999")
    )
    return story(*reports, language=language, recipients=recipients)


def ended(*reports: JobReport, language: str) -> str:
    told = story(*reports, language=language)
    last = (told.voice.language.say("reply_ended"),)
    words = plain_words(told.submission, reports, told.account, told.voice, last_words=last)
    return f"{subject_line(reports, told.voice)}\n\n{words}"


def many(language: str) -> str:
    good = [
        replace(DELIVERED, job=replace(DELIVERED.job, id=f"J00000000{n}", number=f"5550{n}")) for n in range(100, 105)
    ]
    return ended(*good, replace(FAILED, job=replace(FAILED.job, number="5551234")), language=language)


def delayed(language: str) -> str:
    told = story(WAITING, language=language)
    return f"{delayed_subject(told)}\n\n{delayed_words(told, NOW_US + 5 * DAY_US)}"


def accepted(language: str) -> str:
    told = _story(language=language)
    told = replace(told, last_words=(told.voice.language.say("reply_waiting"),))
    return f"{accepted_subject(told.submission, told.voice.language)}\n\n{accepted_words(told)}"


def held(language: str) -> str:
    told = story(job(JobState.HELD, None), language=language)
    told = replace(told, last_words=(told.voice.language.say("reply_held"),))
    shown = [Shown(mailbox="5551234@fax.lan", pages=3, seconds=61.4)]
    return f"{held_subject(told, shown)}\n\n{held_words(told, shown, NOW_US + 7 * DAY_US)}"


def again(language: str) -> str:
    told = story(language=language)
    earlier = [("5551234@fax.lan", JobState.DELIVERED, "M0000000000ZZ", "J0000000000ZZ")]
    return f"{again_subject(told.submission, told.voice)}\n\n{again_words(told.submission, earlier, told.voice)}"


def orders(language: str) -> str:
    return Voice(language=LANGUAGES[language]).language.say("answer_help", domain="fax.lan")


TEXTS = {
    "delivered": lambda language: ended(RESUMED, language=language),
    "failed": lambda language: ended(FAILED, language=language),
    "uncertain": lambda language: ended(UNCERTAIN, language=language),
    "many": many,
    "delayed": delayed,
    "accepted": accepted,
    "held": held,
    "again": again,
    "help": orders,
}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", TEXTS)
def test_the_words_are_those_of_the_file(name: str, language: str) -> None:
    file, words = GOLDEN / f"{name}.{language}.txt", TEXTS[name](language)
    if os.environ.get("MAILFAX_GOLDEN") == "write":
        file.write_text(words, encoding="utf-8")
    assert words == file.read_text("utf-8")
    assert "{" not in words
    assert HEAD.hostname not in words
