"""What cannot be faxed is said at once, in the SMTP dialogue, or told by a DSN that names the part."""

import smtplib
from email.message import Message
from pathlib import Path

import pytest
from gateway_books import mails
from gateway_patient import Patient
from gateway_server import letter

from mailfax.model.job import JobState

UNFAXABLE = Path(__file__).parents[2] / "fixtures" / "mail" / "unfaxable.eml"


@pytest.mark.parametrize(
    ("recipient", "code", "status", "sentence"),
    [
        ("5551234@example.net", 550, "5.7.1", "example.net"),
        ("john.smith2024@fax.lan", 550, "5.1.1", "john.smith2024"),
        ("55512@fax.lan", 550, "5.1.1", "digits"),
    ],
)
def test_a_recipient_that_is_none_gets_its_code_and_a_sentence(
    patient: Patient, recipient: str, code: int, status: str, sentence: str
) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        patient.server.post(letter("bob@example.org", recipient))
    said_code, said = refused.value.recipients[recipient]
    assert said_code == code
    assert said.decode().startswith(f"{status} ")
    assert sentence in said.decode()


def test_a_refused_recipient_costs_the_others_nothing(patient: Patient) -> None:
    posted = letter("carol@example.org", "5559001", "john.smith2024@fax.lan", "5559002", pages=1)
    assert patient.server.post(posted)
    with patient.server.store() as store:
        patient.server.wait_until_books_are_closed(store)
        mine = [job for job in store.jobs() if job.number in {"5559001", "5559002"}]
    assert [job.state for job in mine] == [JobState.DELIVERED] * 2


def test_a_part_that_cannot_be_faxed_fails_the_mail_by_name(patient: Patient) -> None:
    posted = patient.post(UNFAXABLE.read_bytes().replace(b"\n", b"\r\n"))
    story = patient.story(posted)
    assert (story.job.state, story.calls, story.arrived) == (JobState.FAILED, 0, ())
    (notice,) = mails(patient.server.mailboxes / posted.sender)
    assert notice.get_content_type() == "multipart/report"
    assert notice.get_param("report-type") == "delivery-status"
    words, status, _ = notice.get_payload()
    assert b"figures.zip" in words.get_payload(decode=True)
    _, about_recipient = status.get_payload()
    assert isinstance(about_recipient, Message)
    assert about_recipient["Final-Recipient"] == f"rfc822; {posted.numbers[0]}@fax.lan"
    assert (about_recipient["Action"], about_recipient["Status"]) == ("failed", "5.6.1")
