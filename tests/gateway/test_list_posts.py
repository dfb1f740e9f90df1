"""MI7: a post to a list is faxed once for each number, and its owner hears of it once; the list and its bounce address hear nothing."""

from collections.abc import Iterator

import pytest
from answerkit import GOOD, MINUTE_US, UNREACHABLE, Office, letter, opened, text_of

from mailfax.model.submission import Notify

BOUNCES = "news-bounces+fax=5551234@lists.example"


@pytest.fixture
def office() -> Iterator[Office]:
    with opened(
        '[notices]\nlist_owner = "owner@office.example"\nlists = { "press.lists.example" = "press@office.example" }\n'
    ) as office:
        yield office


def post(footer: str = "", **headers: str) -> bytes:
    fields = {"List_Id": "News <news.lists.example>", "Precedence": "list"} | headers
    return letter(body=f"The news\r\n{footer}", **fields)


def test_each_number_gets_it_once_and_the_owner_one_summary(office: Office) -> None:
    office.post(post("-- 5551234"), "5551234", sender=BOUNCES)
    office.post(post("-- 5551235"), "5551235", sender="news-bounces+fax=5551235@lists.example")
    office.post(post("-- 5551234 again"), "555 1234".replace(" ", "-"), sender=BOUNCES)
    office.render()
    assert len(office.store.jobs()) == 2
    office.call(GOOD, UNREACHABLE)
    office.tell()
    assert office.store.deliveries() == (), "other copies may still come"
    office.now_us += 11 * MINUTE_US
    office.tell()
    (summary,) = office.sent("owner@office.example")
    assert summary["Subject"] == "Post to news.lists.example, faxed to 2 numbers: 1 delivered, 1 not"
    assert summary.get_content_type() == "multipart/mixed"
    assert "5551235 0/2 1 12 not delivered" in text_of(summary)
    assert len(office.store.deliveries()) == 1, "neither the list nor its bounce address hears of it"


def test_a_list_can_have_an_owner_of_its_own(office: Office) -> None:
    office.post(post(List_Id="<press.lists.example>"), "5551234", sender=BOUNCES)
    office.render()
    office.call(GOOD)
    office.now_us += 11 * MINUTE_US
    office.tell()
    assert len(office.sent("press@office.example")) == 1


def test_a_copy_that_is_late_waits_for_those_that_are_still_open(office: Office) -> None:
    office.post(post("1"), "5551234", sender=BOUNCES)
    office.render()
    office.call(GOOD)
    office.post(post("2"), "5551235", sender=BOUNCES)
    office.now_us += 30 * MINUTE_US
    office.tell()
    assert office.store.deliveries() == ()
    office.render()
    office.call(GOOD)
    office.now_us += 11 * MINUTE_US
    office.tell()
    (summary,) = office.sent("owner@office.example")
    assert "2 delivered, 0 not" in summary["Subject"]


def test_who_asks_with_notify_gets_what_he_asked_for(office: Office) -> None:
    office.post(post(), "5551234", sender=BOUNCES, notify=Notify.FAILURE)
    office.render()
    office.call(UNREACHABLE)
    office.now_us += 11 * MINUTE_US
    office.tell()
    (dsn,) = office.sent(BOUNCES)
    assert dsn.get_content_type() == "multipart/report"
    assert office.sent("owner@office.example") == []
