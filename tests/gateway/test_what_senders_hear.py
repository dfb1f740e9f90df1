"""What is mailed back, from the mail at the door to the notice in the sender's mailbox, on a virtual clock."""

import csv
import io
from collections.abc import Iterator

import pytest
from answerkit import BUSY, GOOD, MINUTE_US, UNREACHABLE, Office, files_of, letter, opened, text_of
from PIL import Image

from mailfax.model.secret import Secret
from mailfax.model.submission import Notify
from mailfax.model.telling import Telling
from mailfax.model.user import User
from mailfax.smtp.door import Accepted, Refused
from mailfax.spool.records import DeliveryKind, DeliveryState
from tests.smtp.test_notices import status_of


@pytest.fixture
def office() -> Iterator[Office]:
    with opened() as office:
        yield office


def sent(office: Office, *numbers: str, **headers: str) -> None:
    assert isinstance(office.post(letter(**headers), *numbers), Accepted)
    office.render()


def test_a_delivered_fax_comes_back_with_its_first_page(office: Office) -> None:
    sent(office, "5551234")
    office.call(GOOD)
    office.tell()
    (report,) = office.sent()
    assert report["Subject"] == "Fax to 5551234 delivered"
    assert report["In-Reply-To"] == "<1@office.example>"
    assert report["Content-Language"] == "en"
    picture = Image.open(io.BytesIO(files_of(report)["page-1.png"]))
    assert picture.width == 864
    assert abs(picture.height / picture.width - (200 + 36) / 1728 * 204 / 196) < 0.05, (
        "the header line is on it, the aspect is right"
    )
    darkest, lightest = picture.convert("L").getextrema()
    assert (darkest, lightest) == (0, 255)


def test_many_numbers_are_one_mail_when_the_last_has_ended(office: Office) -> None:
    sent(office, "5551234", "5551235", "5551236")
    office.call(GOOD, UNREACHABLE)
    office.tell()
    assert office.sent() == [], "one is still open"
    office.call(GOOD)
    office.tell()
    (summary,) = office.sent()
    assert summary["Subject"] == "Fax to 3 numbers: 2 delivered, 1 not"
    assert summary.get_param("report-type") == "delivery-status"
    _, fields = status_of(summary)
    assert fields["Final-Recipient"] == "rfc822; 5551235@fax.lan", "a DSN of success has to be asked for"
    (table,) = [octets for name, octets in files_of(summary).items() if name.endswith(".csv")]
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    assert [(row["number"], row["state"], row["code"]) for row in rows] == [
        ("5551234", "delivered", "delivered"),
        ("5551235", "failed", "remote-cannot-receive"),
        ("5551236", "delivered", "delivered"),
    ]


def test_a_fax_that_waits_for_an_hour_is_told_once(office: Office) -> None:
    sent(office, "5551234")
    office.call(BUSY)
    office.now_us += 70 * MINUTE_US
    office.tell()
    office.now_us += 5 * MINUTE_US
    office.tell()
    (delay,) = office.sent()
    _, fields = status_of(delay)
    assert (fields["Action"], fields["Status"]) == ("delayed", "4.4.5")
    assert "Will-Retry-Until" in fields
    assert "The number was busy." in text_of(delay)
    office.call(GOOD)
    office.tell()
    assert office.last()["Subject"] == "Fax to 5551234 delivered"


@pytest.mark.parametrize(
    ("wish", "subjects"),
    [
        ("none", []),
        ("failed", []),
        ("accepted", ["Fax to 5551234 accepted"]),
        ("accepted, delivered", ["Fax to 5551234 accepted", "Fax to 5551234 delivered"]),
    ],
)
def test_the_sender_chooses_what_he_hears(office: Office, wish: str, subjects: list[str]) -> None:
    sent(office, "5551234", X_Fax_Notify=wish)
    office.call(GOOD)
    office.tell()
    assert [mail["Subject"] for mail in office.sent()] == subjects


def test_notify_of_smtp_goes_before_the_header(office: Office) -> None:
    office.post(letter(X_Fax_Notify="accepted, delivered"), "5551234", notify=Notify.FAILURE)
    office.render()
    office.call(UNREACHABLE)
    office.tell()
    (dsn,) = office.sent()
    assert status_of(dsn)[1]["Action"] == "failed"


@pytest.mark.parametrize("wish", ["delivrd", "failed none", ""])
def test_a_wish_that_is_none_is_refused_by_name(office: Office, wish: str) -> None:
    answer = office.post(letter(X_Fax_Notify=wish or " "), "5551234")
    assert isinstance(answer, Refused)
    assert "accepted, delivered, delayed, failed" in answer.detail


@pytest.mark.parametrize(
    ("headers", "subject"),
    [
        ({"X_Fax_Language": "de"}, "Fax an 5551234 zugestellt"),
        ({"Content_Language": "fr, de-AT"}, "Fax an 5551234 zugestellt"),
        ({"Accept_Language": "de-DE, en-US"}, "Fax an 5551234 zugestellt"),
        ({"Accept_Language": "fr-FR"}, "Fax to 5551234 delivered"),
        ({"Content_Language": "de", "X_Fax_Language": "en"}, "Fax to 5551234 delivered"),
    ],
)
def test_the_mail_says_in_which_language_it_is_answered(office: Office, headers: dict[str, str], subject: str) -> None:
    sent(office, "5551234", **headers)
    office.call(GOOD)
    office.tell()
    assert office.last()["Subject"] == subject


def test_user_domain_and_house_have_a_language_and_the_nearest_wins() -> None:
    house = '[notices]\nlanguage = "de"\n[domains."fax.test"]\nlengths = [7]\nlanguage = "en"\n'
    with opened(house) as office:
        anna = User(name="anna", addresses=("anna@office.example",), telling=Telling(language="de"))
        office.store.add_user(anna, Secret(argon2="x"), office.now_us)
        office.post(letter(Message_ID="<1@x>"), "5551234")
        office.post(letter(Message_ID="<2@x>"), "5551235@fax.test")
        office.post(letter(Message_ID="<3@x>"), "5551236@fax.test", identity="anna")
        office.render()
        office.call(GOOD, GOOD, GOOD)
        office.tell()
        told = {mail["In-Reply-To"]: mail["Content-Language"] for mail in office.sent()}
        assert told == {"<1@x>": "de", "<2@x>": "en", "<3@x>": "de"}


def test_the_administrator_can_bring_a_language(tmp_path: object) -> None:
    with opened() as office:
        folder = office.config.data_dir
        (folder / "fr.toml").write_text('[phrases]\ndelivered = "remis"\nsubject_one = "Fax au {number} {verdict}"\n')
        with opened(f'[notices]\nlanguages = "{folder}"\nlanguage = "fr"\n') as french:
            sent(french, "5551234")
            french.call(GOOD)
            french.tell()
            assert french.last()["Subject"] == "Fax au 5551234 remis"


def test_a_second_address_gets_a_copy_as_a_plain_report() -> None:
    with opened('[notices]\nconfirm = ["boss@office.example"]\n') as office:
        sent(office, "5551234")
        office.call(UNREACHABLE)
        office.tell()
        (copy,) = office.sent("boss@office.example")
        assert copy.get_content_type() != "multipart/report"
        assert copy["Reply-To"] is None, "the secret of the answer is the sender's"
        assert "confirmations of anna@office.example" in text_of(copy)
        assert office.last().get_content_type() == "multipart/report"


def test_all_pages_come_back_as_a_pdf_behind_a_sheet_of_facts(office: Office) -> None:
    sent(office, "5551234", X_Fax_Proof="all")
    office.call(GOOD)
    office.tell()
    (pdf,) = [octets for name, octets in files_of(office.last()).items() if name.endswith(".pdf")]
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") == 3 or pdf.count(b"/MediaBox") == 3


def test_the_signalling_comes_on_demand_only(office: Office) -> None:
    sent(office, "5551234", X_Fax_Trace="yes")
    (job,) = office.call(GOOD)
    (attempt,) = office.store.attempts(job.id)
    folder = office.config.data_dir / "transcripts"
    folder.mkdir()
    (folder / f"{attempt.call_id}.call").write_text("0.0 < DIS\n")
    office.tell()
    assert files_of(office.last())[f"{attempt.call_id}.call.txt"] == b"0.0 < DIS\n"
    sent(office, "5551235", Message_ID="<2@office.example>")
    office.call(GOOD)
    office.tell()
    assert [name for name in files_of(office.last()) if name.endswith(".txt")] == []


def test_a_stranger_hears_his_refusal_in_the_dialogue_and_never_by_mail(office: Office) -> None:
    office.client = type(office.client)(ip="203.0.113.9", helo="spammer")
    answer = office.post(letter(), "5551234", sender="boss@office.example")
    assert isinstance(answer, Refused)
    office.render()
    office.tell()
    assert office.store.deliveries() == ()


def test_a_notice_that_nobody_takes_is_tried_again_and_then_told_to_the_administrator(office: Office) -> None:
    import asyncio

    from answerkit import alarms_of

    from mailfax.gateway import delivery as delivering
    from mailfax.smtp.outgoing import Deferred as MailDeferred

    sent(office, "5551234")
    office.call(UNREACHABLE)
    office.tell()

    async def refuse(*_: object) -> MailDeferred:
        return MailDeferred(detail="450 not now")

    desk = delivering.DeliveryDesk(
        store=office.store,
        blobs=office.blobs,
        outgoing=None,  # type: ignore[arg-type]
        catch_all="faxmaster@fax.lan",
        alarms=alarms_of(office.blobs),
        now_us=office.clock,
        emit=lambda _live: None,
    )
    original, delivering.deliver = delivering.deliver, refuse  # type: ignore[assignment]
    try:
        waits = []
        for _ in range(300):
            if asyncio.run(desk.step()):
                (first, *_) = office.store.deliveries()
                waits.append(first.not_before_us - office.now_us)
                if first.state is DeliveryState.FAILED:
                    break
            office.now_us += 30 * MINUTE_US
    finally:
        delivering.deliver = original
    assert waits[0] < waits[3], "it backs off"
    alarm = next(one for one in office.store.deliveries() if one.kind is DeliveryKind.ALARM)
    assert alarm.recipient == "root@office.example"
    told = office.read(alarm)
    assert "450 not now" in text_of(told)
    assert [part.get_content_type() for part in told.iter_parts()] == ["text/plain", "message/rfc822"]
