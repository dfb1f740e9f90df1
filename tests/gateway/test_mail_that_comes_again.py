"""RL3: the same mail is one fax, whoever lost the answer; and what is meant to go twice goes twice."""

from collections.abc import Iterator

import pytest
from answerkit import GOOD, MINUTE_US, UNREACHABLE, Office, letter, opened, text_of

from mailfax.model.submission import Notify
from mailfax.smtp.door import Accepted


@pytest.fixture
def office() -> Iterator[Office]:
    with opened() as office:
        yield office


def posted(office: Office, octets: bytes, *numbers: str, sender: str = "anna@office.example") -> Accepted:
    answer = office.post(octets, *numbers, sender=sender)
    assert isinstance(answer, Accepted)
    return answer


def test_a_client_that_lost_the_250_and_sends_again_is_one_fax(office: Office) -> None:
    first = posted(office, b"Received: from a\r\n" + letter(), "5551234")
    again = posted(office, b"Received: from b\r\n" + letter(), "555-1234")
    assert again.submission_id == first.submission_id
    assert again.said == f"accepted as {first.submission_id}, since it came before"
    office.render()
    assert len(office.store.jobs()) == 1
    office.call(GOOD)
    office.tell()
    (report,) = office.sent()
    assert "Note: The same mail came again and was not faxed twice." in text_of(report)


def test_it_is_durable(office: Office) -> None:
    first = posted(office, letter(), "5551234")
    (job,) = office.store.jobs()
    kept = office.store.read(lambda c: c.exec_driver_sql("SELECT content_key, id FROM jobs").all())
    assert kept[0][1] == job.id
    assert kept[0][0]
    assert posted(office, letter(), "5551234").submission_id == first.submission_id


@pytest.mark.parametrize(
    "other",
    [
        letter(body="Something else"),
        letter(Message_ID="<2@office.example>"),
        letter(subject="Another"),
        letter(X_Fax_Resolution="standard"),
        letter(X_Fax_Duplicate="yes"),
    ],
)
def test_what_differs_is_another_fax_and_so_is_what_asks_to_be(office: Office, other: bytes) -> None:
    posted(office, letter(), "5551234")
    posted(office, other, "5551234")
    assert len(office.store.jobs()) == 2


def test_a_mail_without_any_name_or_date_is_never_taken_for_another(office: Office) -> None:
    for _ in range(2):
        posted(office, letter(Message_ID=""), "5551234")
    assert len(office.store.jobs()) == 2
    for _ in range(2):
        posted(office, letter(Message_ID="", Date="Fri, 27 Nov 2026 10:00:00 +0000"), "5551235")
    assert len(office.store.jobs()) == 3


def test_after_the_window_and_after_a_failure_it_goes_again(office: Office) -> None:
    posted(office, letter(), "5551234")
    office.now_us += 25 * 60 * MINUTE_US
    posted(office, letter(), "5551234")
    assert len(office.store.jobs()) == 2
    posted(office, letter(Message_ID="<2@x>"), "5551235")
    office.render()
    office.call(GOOD, GOOD, UNREACHABLE)
    posted(office, letter(Message_ID="<2@x>"), "5551235")
    assert len(office.store.jobs()) == 4


def test_of_a_mail_that_comes_again_to_more_numbers_only_the_new_ones_are_faxed(office: Office) -> None:
    first = posted(office, letter(), "5551234")
    second = posted(office, letter(), "5551234", "5551235")
    assert second.submission_id != first.submission_id
    office.render()
    office.call(GOOD, GOOD)
    office.tell()
    of_second = office.last()
    assert of_second["Subject"] == "Fax to 5551235 delivered"
    assert "5551234@fax.lan: this fax was accepted before, from the same mail" in text_of(of_second)


def test_who_sends_again_what_was_reported_is_told_by_mail(office: Office) -> None:
    first = posted(office, letter(), "5551234")
    office.render()
    office.call(GOOD)
    office.tell()
    posted(office, letter(), "5551234")
    again = office.last()
    assert again["Subject"] == "Faxed already: Order 7"
    assert f"5551234@fax.lan: delivered (mail {first.submission_id}" in text_of(again)
    assert "X-Fax-Duplicate: yes" in text_of(again)
    office.post(letter(body="status", Message_ID="<3@x>"), str(again["Reply-To"]))
    assert f"({first.submission_id})" in text_of(office.last()), "a reply is about the mail that was faxed"


def test_who_wants_no_notice_hears_nothing_of_a_second_mail_either(office: Office) -> None:
    posted(office, letter(), "5551234")
    office.render()
    office.call(GOOD)
    office.tell()
    before = len(office.store.deliveries())
    office.post(letter(), "5551234", notify=Notify.NEVER)
    assert len(office.store.deliveries()) == before


def test_another_sender_of_the_same_mail_hears_that_it_was_faxed(office: Office) -> None:
    posted(office, letter(), "5551234")
    posted(office, letter(), "5551234", sender="bob@office.example")
    assert len(office.store.jobs()) == 1
    assert office.last("bob@office.example")["Subject"] == "Faxed already: Order 7"
    assert office.last("bob@office.example")["Reply-To"] is None, "the secret of the first one's fax is not his"


def test_the_window_can_be_closed() -> None:
    with opened("[notices]\nduplicates_h = 0\n") as office:
        for _ in range(2):
            posted(office, letter(), "5551234")
        assert len(office.store.jobs()) == 2
