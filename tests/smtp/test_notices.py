"""What senders read, taken apart again by Python's email package and held against RFC 3464 field by field."""

import email
from dataclasses import replace
from datetime import timedelta, timezone
from email.message import EmailMessage
from email.policy import default

import pytest

from mailfax.model.address import FaxAddress
from mailfax.model.call import CallResult
from mailfax.model.document import Fate, PartAccount
from mailfax.model.job import Job, JobState
from mailfax.model.outcome import Outcome
from mailfax.model.submission import Notify, Recipient, Repeated, Submission
from mailfax.model.telling import Event
from mailfax.smtp.compose import Enclosure, Letterhead
from mailfax.smtp.language import load_languages
from mailfax.smtp.messages import delayed_subject, delayed_words
from mailfax.smtp.notices import NoticeKind, Story, dsn, report, wanted_notice
from mailfax.smtp.wording import Attempt, JobReport, Voice, summary_csv
from tests.smtp.running import NOW_US

LANGUAGES = load_languages()
HEAD = Letterhead(hostname="fax.example", sender="postmaster@fax.example", zone=timezone(timedelta(hours=1)))
ORIGINAL = b"Message-ID: <orig-1@example.com>\r\nSubject: Order 7\r\nFrom: anna@example.com\r\n\r\nThe body \xc3\xa4\r\n--x\r\n"
ACCOUNT = (
    PartAccount(
        name="", content_type="text/plain", fate=Fate.FAXED, first_page=1, last_page=1, note="2 glyphs missing: 漢, 字."
    ),
    PartAccount(name="plan.pdf", content_type="application/pdf", fate=Fate.FAXED, first_page=2, last_page=3),
    PartAccount(name="logo.ico", content_type="image/x-icon", fate=Fate.SKIPPED, note="Icons are not faxed."),
)
GOOD = CallResult(
    outcome=Outcome.DELIVERED,
    confirmed=frozenset({1, 2, 3}),
    station_id="+49 30 1234",
    modulation="V.17",
    bit_rate=14400,
    seconds=61.4,
)
BUSY = CallResult(outcome=Outcome.BUSY)


def submission(**changes: object) -> Submission:
    base = Submission(
        id="M0000000000AA",
        received_us=NOW_US,
        sender="anna@example.com",
        client="127.0.0.1",
        identity="",
        message_digest="0" * 64,
        size=len(ORIGINAL),
        subject="Order 7",
        message_id="<orig-1@example.com>",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def job(
    state: JobState, outcome: Outcome | None, *results: CallResult, orcpt: str = "", **changes: object
) -> JobReport:
    address = FaxAddress(number="5551234", domain="fax.lan")
    base = Job(
        id="J0000000000BB",
        submission_id="M0000000000AA",
        recipient=Recipient(address=address, orcpt=orcpt),
        number="5551234",
        state=state,
        created_us=NOW_US,
        not_before_us=NOW_US,
        pages=3,
        confirmed=frozenset({1, 2, 3} if state is JobState.DELIVERED else ()),
        outcome=outcome,
        finished_us=NOW_US,
    )
    attempts = tuple(
        Attempt(started_us=NOW_US + count * 60_000_000, result=result) for count, result in enumerate(results)
    )
    return JobReport(job=replace(base, **changes), attempts=attempts)  # type: ignore[arg-type]


FAILED = job(JobState.FAILED, Outcome.BUSY, BUSY, BUSY)
DELIVERED = job(JobState.DELIVERED, Outcome.DELIVERED, GOOD)
UNCERTAIN = job(
    JobState.UNCERTAIN,
    Outcome.UNCERTAIN,
    CallResult(outcome=Outcome.UNCERTAIN, confirmed=frozenset({1, 2}), unconfirmed_page=3),
)


def parsed(octets: bytes) -> EmailMessage:
    assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r"), "CR LF and nothing else"
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(octets, policy=default)
    assert isinstance(message, EmailMessage)
    assert [defect for part in message.walk() for defect in part.defects] == []
    return message


def story(*reports: JobReport, language: str = "en", **changes: object) -> Story:
    sent = submission(**changes)
    voice = Voice(language=LANGUAGES[language], zone=HEAD.zone)
    return Story(submission=sent, reports=reports, account=ACCOUNT, voice=voice, hears=sent.sender)


def make_dsn(*reports: JobReport, original: bytes = ORIGINAL, **changes: object) -> EmailMessage:
    return parsed(dsn(story(*reports, **changes), reports, original, HEAD, NOW_US))


def status_of(message: EmailMessage) -> list[dict[str, str]]:
    """Return the field groups of message/delivery-status: per message, then per recipient."""
    _, status, _ = message.iter_parts()
    assert status.get_content_type() == "message/delivery-status"
    blocks = status.get_payload()
    assert isinstance(blocks, list)
    return [dict(block.items()) for block in blocks if isinstance(block, EmailMessage)]


def words_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def test_a_failure_says_everything_that_rfc_3464_asks_for() -> None:
    message = make_dsn(FAILED, envid="QQ+2B314159")
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert message["To"] == "anna@example.com"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["In-Reply-To"] == message["References"] == "<orig-1@example.com>"
    assert message["Subject"] == "Fax to 5551234 not delivered: The number was busy."
    assert message["Date"].datetime.isoformat() == "2025-11-22T15:00:00+01:00"
    assert message["MIME-Version"] == "1.0"
    per_message, per_recipient = status_of(message)
    assert per_message == {
        "Original-Envelope-Id": "QQ+314159",
        "Reporting-MTA": "dns; fax.example",
        "Arrival-Date": "Sat, 22 Nov 2025 15:00:00 +0100",
    }
    assert per_recipient == {
        "Final-Recipient": "rfc822; 5551234@fax.lan",
        "Action": "failed",
        "Status": "4.4.5",
        "Diagnostic-Code": "x-fax; busy: The number was busy.",
        "Last-Attempt-Date": "Sat, 22 Nov 2025 15:01:00 +0100",
        "Final-Log-ID": "J0000000000BB",
        "X-Fax-Number": "5551234",
        "X-Fax-Pages-Confirmed": "0/3",
        "X-Fax-Calls": "2",
        "X-Fax-Seconds": "0",
    }


def test_the_human_part_has_cause_table_advice_and_account() -> None:
    words = words_of(make_dsn(FAILED))
    assert '"Order 7" of 2025-11-22 15:00:00 +0100 (M0000000000AA)' in words
    assert "5551234@fax.lan: NOT DELIVERED The number was busy." in words
    assert "What to do: 2 calls were made. The number is not called again." in words
    assert "by itself" not in words
    assert "call when s speed far machine pages result" in words
    assert "1 2025-11-22 15:00:00 +0100 0 - - 0 busy 2 2025-11-22 15:01:00 +0100 0 - - 0 busy" in words
    assert "message text (text/plain): faxed, page 1. 2 glyphs missing: 漢, 字." in words
    assert "plan.pdf (application/pdf): faxed, pages 2-3" in words
    assert "logo.ico (image/x-icon): NOT faxed. Icons are not faxed." in words


def test_pages_are_those_of_each_recipients_own_fax() -> None:
    covered = PartAccount(name="offer.pdf", content_type="application/pdf", fate=Fate.FAXED, first_page=2, last_page=4)
    with_cover = replace(job(JobState.DELIVERED, Outcome.DELIVERED, GOOD), account=(covered,))
    other = replace(with_cover, account=(replace(covered, first_page=1, last_page=3),))
    words = words_of(make_dsn(with_cover, other))
    assert "What was in the mail, on the fax to 5551234@fax.lan: offer.pdf (application/pdf): faxed, pages 2-4" in words
    assert "What was in the mail, on the fax to 5551234@fax.lan: offer.pdf (application/pdf): faxed, pages 1-3" in words
    assert "What was in the mail: offer.pdf (application/pdf): faxed, pages 2-4" in words_of(make_dsn(with_cover))
    assert words_of(make_dsn(with_cover, with_cover)).count("offer.pdf") == 1


def test_delivered_and_failed_recipients_share_one_dsn() -> None:
    good = job(JobState.DELIVERED, Outcome.DELIVERED, BUSY, GOOD, orcpt="rfc822;Fax+2BSales@else.example")
    message = make_dsn(good, FAILED)
    assert message["Subject"] == "Fax to 2 numbers: 1 delivered, 1 not"
    _, first, second = status_of(message)
    assert first["Original-Recipient"] == "rfc822; Fax+Sales@else.example"
    assert (first["Action"], first["Status"], first["Remote-MTA"]) == ("delivered", "2.1.5", "x-fax; +49 30 1234")
    assert "Diagnostic-Code" not in first
    assert (second["Action"], second["Status"]) == ("failed", "4.4.5")


def test_what_went_into_a_mailbox_of_our_own_is_relayed_and_not_confirmed_by_a_machine() -> None:
    _, fields = status_of(make_dsn(job(JobState.DELIVERED, Outcome.DELIVERED_INSIDE)))
    assert (fields["Action"], fields["Status"]) == ("relayed", "2.1.5")


def test_uncertain_is_never_called_delivered() -> None:
    message = make_dsn(replace(UNCERTAIN, job=replace(UNCERTAIN.job, notes=("Page 2 may have arrived twice.",))))
    _, fields = status_of(message)
    assert (fields["Action"], fields["Status"]) == ("failed", "4.4.2")
    assert "UNCERTAIN The last page was sent, but its confirmation was not heard" in words_of(message)
    assert "Ask the receiver before you send it again." in words_of(message)
    assert "Note: Page 2 may have arrived twice." in words_of(message)


def test_the_header_comes_back_and_the_whole_only_where_asked_and_failed() -> None:
    header = b"Message-ID: <orig-1@example.com>\r\nSubject: Order 7\r\nFrom: anna@example.com\r\n"
    for message in (make_dsn(FAILED), make_dsn(DELIVERED, return_full=True)):
        *_, returned = message.iter_parts()
        assert returned.get_content_type() == "text/rfc822-headers"
        assert returned.get_payload(decode=True) == header
    octets = dsn(story(FAILED, return_full=True), [FAILED], ORIGINAL, HEAD, NOW_US)
    *_, returned = parsed(octets).iter_parts()
    assert returned.get_content_type() == "message/rfc822"
    assert b"\r\n\r\n" + ORIGINAL + b"\r\n--=_" in octets
    assert octets.count(b"Content-Transfer-Encoding: 8bit\r\n") == 2  # on the part and on the whole


@pytest.mark.parametrize(
    "original", [b"", b"no header at all", b"\xff\x00\r\n" * 9, b"A: " + b"x" * 3000 + b"\n\nb", ORIGINAL * 30_000]
)
def test_any_original_can_be_answered(original: bytes) -> None:
    octets = dsn(story(FAILED, return_full=True), [FAILED], original, HEAD, NOW_US)
    message = email.message_from_bytes(octets, policy=default)
    assert [part.get_content_type() for part in message.iter_parts()][:2] == ["text/plain", "message/delivery-status"]
    assert len(octets) < 1_200_000


def test_nothing_foreign_can_forge_a_field() -> None:
    evil = "x\r\nAction: delivered\r\n\r\nFinal-Recipient: rfc822; evil\x00\u2028é"
    broken = CallResult(outcome=Outcome.NO_RESPONSE, station_id=evil, detail=evil)
    message = make_dsn(
        job(JobState.FAILED, Outcome.NO_RESPONSE, broken, orcpt="rfc822;a+0D+0AAction:+20delivered"),
        subject=evil,
        message_id="<a@b>\r\nBcc: all@example.com",
        envid="a+0Ab",
    )
    assert message["Bcc"] is None
    assert message["In-Reply-To"] is None
    per_message, per_recipient = status_of(message)
    assert "Original-Envelope-Id" not in per_message
    assert "Original-Recipient" not in per_recipient
    assert per_recipient["Action"] == "failed"


def test_a_long_message_id_stays_whole() -> None:
    identifier = f"<{'a' * 120}@mail.example.com>"
    octets = dsn(story(FAILED, message_id=identifier), [FAILED], ORIGINAL, HEAD, NOW_US)
    assert f"In-Reply-To: {identifier}\r\n".encode() in octets


def test_a_notice_is_the_same_octets_each_time() -> None:
    first, second = (dsn(story(FAILED), [FAILED], ORIGINAL, HEAD, NOW_US) for _ in range(2))
    assert first == second
    assert parsed(first)["Message-ID"] == "<J0000000000BB.notice@fax.example>"


def test_the_report_of_a_delivered_fax_is_plain_text() -> None:
    message = parsed(report(story(DELIVERED), HEAD, NOW_US))
    assert message.get_content_type() == "text/plain"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == "Fax to 5551234 delivered"
    assert message["References"] == "<orig-1@example.com>"
    words = words_of(message)
    assert "5551234@fax.lan: DELIVERED Every page was confirmed by the far machine." in words
    assert 'Pages confirmed: 3 of 3. 61 s on the line. The far machine called itself "+49 30 1234".' in words
    assert '1 2025-11-22 15:00:00 +0100 61 V.17 14400 "+49 30 1234" 3 delivered' in words
    assert "What to do" not in words


def test_a_cancelled_fax_says_so() -> None:
    message = make_dsn(job(JobState.CANCELLED, None))
    assert message["Subject"] == "Fax to 5551234 cancelled: The job was cancelled."
    assert status_of(message)[1]["Status"] == "5.7.0"
    assert "No call was made." in words_of(message)


def test_a_delay_is_told_with_what_was_tried_and_until_when() -> None:
    waiting = job(JobState.QUEUED, Outcome.BUSY, BUSY, finished_us=None)
    told = story(waiting)
    until_us = NOW_US + 86_400_000_000
    octets = dsn(
        told,
        [waiting],
        ORIGINAL,
        HEAD,
        NOW_US,
        subject=delayed_subject(told),
        words=delayed_words(told, until_us),
        retry_until_us=until_us,
    )
    message = parsed(octets)
    assert message["Subject"] == "Fax to 5551234 delayed: The number was busy."
    _, fields = status_of(message)
    assert (fields["Action"], fields["Status"]) == ("delayed", "4.4.5")
    assert fields["Will-Retry-Until"] == "Sun, 23 Nov 2025 15:00:00 +0100"
    words = words_of(message)
    assert "tried again by itself; you need do nothing. It is given up 2025-11-23 15:00:00 +0100." in words
    assert "The next call is due" in words
    assert "What to do" not in words
    assert parsed(octets)["Message-ID"] != make_dsn(FAILED)["Message-ID"]


def test_what_was_never_called_is_delayed_by_the_want_of_a_line() -> None:
    waiting = job(JobState.QUEUED, None, finished_us=None)
    octets = dsn(story(waiting), [waiting], ORIGINAL, HEAD, NOW_US, words="x", retry_until_us=NOW_US)
    _, fields = status_of(parsed(octets))
    assert (fields["Action"], fields["Status"]) == ("delayed", "4.4.7")
    assert "Diagnostic-Code" not in fields


def test_one_mail_tells_of_many_numbers_with_a_table_and_details_of_those_that_failed() -> None:
    good = [
        replace(DELIVERED, job=replace(DELIVERED.job, id=f"J000000000{number}", number=f"555{number}"))
        for number in range(100, 104)
    ]
    reports = [*good, FAILED]
    csv = Enclosure(
        octets=summary_csv(reports, Voice(language=LANGUAGES["en"])), content_type="text/csv", filename="x.csv"
    )
    told = replace(story(*reports), enclosures=(csv,))
    message = parsed(dsn(told, [FAILED], ORIGINAL, HEAD, NOW_US))
    words = words_of(message)
    assert message["Subject"] == "Fax to 5 numbers: 4 delivered, 1 not"
    assert "number pages calls s result 555100 3/3 1 61 delivered" in words
    assert "5551234 0/3 2 0 not delivered: busy" in words
    assert words.count("NOT DELIVERED") == 1
    assert " DELIVERED Every page" not in words, "of many, only those that failed are told at length"
    human, status, _ = message.iter_parts()
    assert human.get_content_type() == "multipart/mixed"
    assert len(status.get_payload()) == 2, "a DSN is due of one of them only"
    (_, table) = human.iter_parts()
    rows = table.get_payload(decode=True).decode("utf-8-sig").split("\r\n")
    assert rows[0].startswith(
        "number,address,state,code,status,sentence,pages_confirmed,pages,calls,seconds,far_machine"
    )
    assert rows[1].startswith("555100,5551234@fax.lan,delivered,delivered,2.1.5,Every page was confirmed")
    assert len(rows) == 7


def test_no_cell_of_the_table_is_a_formula() -> None:
    evil = CallResult(outcome=Outcome.NO_RESPONSE, station_id="=cmd|' /C calc'!A0")
    rows = summary_csv([job(JobState.FAILED, Outcome.NO_RESPONSE, evil), DELIVERED], Voice(language=LANGUAGES["en"]))
    assert b",'=cmd" in rows
    assert b",+49 30 1234," in rows


def test_who_had_it_already_is_named() -> None:
    repeated = (Repeated(mailbox="5559999@fax.lan", job_id="J0000000000ZZ", submission_id="M0000000000ZZ"),)
    words = words_of(make_dsn(FAILED, repeated=repeated))
    assert (
        "5559999@fax.lan: this fax was accepted before, from the same mail (M0000000000ZZ, job J0000000000ZZ)." in words
    )


def test_a_reply_finds_its_fax_by_an_address_that_nobody_guesses() -> None:
    recipients = (Recipient(address=FaxAddress(number="5551234", domain="fax.lan")),)
    message = make_dsn(FAILED, token="0123456789abcdef0123", recipients=recipients)
    assert message["Reply-To"] == "reply+m0000000000aa.0123456789abcdef0123@fax.lan"
    assert make_dsn(FAILED)["Reply-To"] is None


NO, DSN, REPORT = NoticeKind.NONE, NoticeKind.DSN, NoticeKind.REPORT
USUAL = (Event.DELIVERED, Event.DELAYED, Event.FAILED)


@pytest.mark.parametrize(
    ("notify", "delivered", "delayed", "failed"),
    [
        (Notify.UNSET, REPORT, DSN, DSN),
        (Notify.NEVER, NO, NO, NO),
        (Notify.SUCCESS, DSN, NO, NO),
        (Notify.FAILURE, NO, NO, DSN),
        (Notify.DELAY, NO, DSN, NO),
        (Notify.SUCCESS | Notify.FAILURE, DSN, NO, DSN),
        (Notify.FAILURE | Notify.DELAY, NO, DSN, DSN),
    ],
)
def test_notify_decides_what_is_told(
    notify: Notify, delivered: NoticeKind, delayed: NoticeKind, failed: NoticeKind
) -> None:
    told = {event: wanted_notice(notify, event, USUAL) for event in USUAL}
    assert told == {Event.DELIVERED: delivered, Event.DELAYED: delayed, Event.FAILED: failed}
    assert wanted_notice(notify, Event.ACCEPTED, USUAL) is NO


def test_where_notify_says_nothing_the_sender_s_wish_decides() -> None:
    assert wanted_notice(Notify.UNSET, Event.DELIVERED, (Event.FAILED,)) is NO
    assert wanted_notice(Notify.UNSET, Event.FAILED, (Event.FAILED,)) is DSN
    assert wanted_notice(Notify.UNSET, Event.ACCEPTED, (Event.ACCEPTED,)) is REPORT
    assert wanted_notice(Notify.UNSET, Event.FAILED, ()) is NO


def test_the_owner_of_a_list_gets_reports_and_never_a_dsn_unless_it_was_asked_for() -> None:
    assert wanted_notice(Notify.UNSET, Event.FAILED, USUAL, to_owner=True) is REPORT
    assert wanted_notice(Notify.FAILURE, Event.FAILED, USUAL, to_owner=True) is DSN
