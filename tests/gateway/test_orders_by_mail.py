"""MI10, MI11: orders by mail and previews, from the mail at the door to the answer; only the owner of a fax is heard."""

import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from answerkit import BUSY, GOOD, MINUTE_US, UNREACHABLE, Office, files_of, letter, opened, text_of

from mailfax.gateway.orders import Box, Verb, box_of, read_order
from mailfax.model.job import Job, JobState
from mailfax.model.secret import Secret
from mailfax.model.submission import Notify
from mailfax.model.user import Role, User
from mailfax.smtp.door import Accepted, Refused

DAY_US = 24 * 60 * MINUTE_US


@pytest.fixture
def office() -> Iterator[Office]:
    with opened() as office:
        yield office


def fax(office: Office, number: str = "5551234", **headers: str) -> Job:
    assert isinstance(office.post(letter(**headers), number), Accepted)
    office.render()
    return office.store.jobs()[0]


def order(
    office: Office, box: str, body: str = "", subject: str = "x", sender: str = "anna@office.example", **headers: str
) -> str:
    """Post an order and return the text of the answer."""
    fields = {"Message_ID": "<order@office.example>"} | headers
    answer = office.post(letter(subject=subject, body=body, **fields), box, sender=sender)
    assert isinstance(answer, Accepted), answer
    reply = office.last(sender)
    assert reply["Auto-Submitted"] == "auto-replied"
    assert office.store.deliveries()[-1].sender == "", "the null path"
    return text_of(reply)


def back(mail: EmailMessage) -> str:
    return str(mail["Reply-To"])


def test_status_and_list_are_tables(office: Office) -> None:
    job = fax(office)
    assert "Your faxes that have not ended:" in order(office, "list")
    told = order(office, "status")
    assert (
        f"{job.id} 2025-01-13 03:33:20 +0000 5551234 0/2 waiting" in re.sub(r"\d\d:\d\d:\d\d", "03:33:20", told)
        or job.id in told
    )
    office.call(GOOD)
    assert order(office, "list") == "None of your faxes is waiting."
    assert "delivered" in order(office, "status")
    assert order(office, "status", sender="bob@office.example").startswith("You have no fax in the queue")


def test_an_address_with_a_job_means_that_fax_alone(office: Office) -> None:
    office.post(letter(), "5551234", "5551235")
    office.render()
    one, other = office.store.jobs()
    assert order(office, f"cancel+{one.id}") == f"{one.id} to {one.number}: cancelled, nothing more is sent."
    assert {job.id: job.state for job in office.store.jobs()} == {
        one.id: JobState.CANCELLED,
        other.id: JobState.QUEUED,
    }


def test_a_post_to_a_list_orders_nothing_and_its_bounce_address_hears_nothing(office: Office) -> None:
    post = letter(body="status", List_Id="<news.lists.example>")
    assert isinstance(office.post(post, "status", sender="news-bounces@lists.example"), Refused)
    assert isinstance(office.post(post, "status", "5551234", sender="news-bounces@lists.example"), Accepted)
    assert len(office.store.jobs()) == 1
    assert office.store.deliveries() == ()


def test_a_robot_without_a_mark_is_not_answered_for_ever(office: Office) -> None:
    robot = letter(body="Your ticket is 7.", Message_ID="<r@x>")
    for _ in range(5):
        assert isinstance(office.post(robot, "fax"), Accepted)
    assert isinstance(office.post(robot, "fax"), Refused)
    assert "status@fax.lan" in order(office, "help"), "a word that is known is answered all the same"
    office.now_us += 61 * MINUTE_US
    assert isinstance(office.post(robot, "fax"), Accepted)
    answered = office.last()["Message-ID"]
    assert isinstance(office.post(letter(body="Thank you", In_Reply_To=str(answered)), "fax"), Refused)


def test_status_of_one_mail_is_its_interim_summary(office: Office) -> None:
    office.post(letter(), "5551234", "5551235")
    office.render()
    office.call(GOOD, BUSY)
    mail_id = office.store.jobs()[0].submission_id
    told = order(office, "status", subject=f"what of {mail_id.lower()}?")
    assert "5551234 2/2 1 61 delivered" in told
    assert "5551235: WAITING" not in told
    assert "5551235@fax.lan: WAITING The number was busy. The next call is due" in told
    assert f"{mail_id}.csv" in files_of(office.last())


def test_a_reply_to_the_acknowledgement_cancels(office: Office) -> None:
    job = fax(office, X_Fax_Notify="accepted, failed")
    (receipt,) = office.sent()
    told = order(
        office, back(receipt), body="Cancel!\r\n\r\n> Your mail was taken", subject=f"Re: {receipt['Subject']}"
    )
    assert told == f"{job.id} to 5551234: cancelled, nothing more is sent."
    now = office.store.job(job.id)
    assert now is not None
    assert now.state is JobState.CANCELLED
    assert "not cancelled, since it is cancelled" in order(office, back(receipt), body="cancel")


def test_an_html_reply_and_one_to_the_plain_address_are_understood_too(office: Office) -> None:
    job = fax(office, X_Fax_Notify="accepted")
    (receipt,) = office.sent()
    body = "<html><style>p {color: red}</style><body><p>status</p><blockquote>cancel</blockquote></body></html>"
    told = order(office, "fax", body=body, Content_Type="text/html", In_Reply_To=str(receipt["Message-ID"]))
    assert f"Job {job.id}" in told


def test_nobody_else_is_heard(office: Office) -> None:
    job = fax(office, X_Fax_Notify="accepted")
    (receipt,) = office.sent()
    for box, body, sender in (
        (f"cancel+{job.id}", "", "bob@office.example"),
        (back(receipt), "cancel", "bob@office.example"),
        (back(receipt).replace(".", ".f", 1), "cancel", "anna@office.example"),
        (f"reply+{job.submission_id.lower()}.@fax.lan", "send", "bob@office.example"),
    ):
        told = order(office, box, body=body, sender=sender)
        assert told.endswith("that fax is not yours, or there is none by that name."), box
    office.client = type(office.client)(ip="203.0.113.9", helo="stranger")
    assert isinstance(office.post(letter(), "status"), Refused)
    assert [one.state for one in office.store.jobs()] == [JobState.QUEUED]


def test_what_was_sent_with_a_login_needs_the_login_or_the_secret(office: Office) -> None:
    assert isinstance(office.post(letter(X_Fax_Notify="accepted"), "5551234", identity=""), Accepted)
    submission = office.store.submission(office.store.jobs()[0].submission_id)
    assert submission is not None
    office.store.write(lambda c: c.exec_driver_sql("UPDATE submissions SET identity = 'anna'"))
    job = office.store.jobs()[0]
    assert "not yours" in order(office, f"cancel+{job.id}")
    assert "cancelled" in order(office, back(office.sent()[0]), body="cancel")


def test_resend_sends_again_what_did_not_arrive_once(office: Office) -> None:
    office.post(letter(), "5551234", "5551235")
    office.render()
    office.call(GOOD, UNREACHABLE)
    office.tell()
    failed = office.last()
    told = order(office, back(failed), body="resend")
    assert "to 5551234: not sent again, since it is delivered." in told
    assert re.search(r"to 5551235: sent again as J\w{12}\.", told)
    again = order(office, back(failed), body="resend")
    assert "sent again already as" in again
    office.render()
    office.call(GOOD)
    office.tell()
    assert office.last()["Subject"] == "Fax to 5551235 delivered"
    assert office.last()["In-Reply-To"] == "<1@office.example>"


def test_resend_asks_the_rules_of_today(office: Office) -> None:
    with opened(
        '[permissions.only]\nwho = ["network:127.0.0.0/8"]\nto = ["internal"]\nhours = "mon-sun 13:00-15:00"\n'
    ) as strict:
        job = fax(strict)
        strict.call(UNREACHABLE)
        strict.now_us += 12 * 60 * MINUTE_US
        told = order(strict, f"resend+{job.id}")
        assert "not sent again." in told
        assert "is not allowed for you" in told
        assert len(strict.store.jobs()) == 1


def test_the_hours_of_a_rule_bind_what_is_to_go_later_too() -> None:
    with opened(
        '[permissions.only]\nwho = ["network:127.0.0.0/8"]\nto = ["internal"]\nhours = "mon-sun 13:00-15:00"\n'
    ) as strict:
        answer = strict.post(letter(X_Fax_Send_At="20:00"), "5551234")
        assert isinstance(answer, Refused)
        assert 'rule "only" allows it mon-sun 13:00-15:00 only' in answer.detail
        assert strict.store.jobs() == ()
        assert isinstance(strict.post(letter(X_Fax_Send_At="14:30"), "5551234"), Accepted)


def test_resend_asks_the_quotas_too(office: Office) -> None:
    with opened('[quotas]\neverybody = ["calls/day=1"]\n') as strict:
        job = fax(strict)
        strict.call(UNREACHABLE)
        told = " ".join(order(strict, f"resend+{job.id}").split())
        assert "not sent again. The quota of everybody is used up: quota 1 calls a day" in told
        assert len(strict.store.jobs()) == 1


def test_resend_by_the_secret_is_the_user_s_own(office: Office) -> None:
    rules = '[permissions.anna]\nwho = ["user:anna"]\nto = ["internal"]\n[quotas]\nuser = ["calls/day=2"]\n'
    with opened(rules) as strict:
        anna = User(name="anna", addresses=("anna@office.example",))
        strict.store.add_user(anna, Secret(argon2=""), strict.now_us)
        strict.post(letter(X_Fax_Not_After="+1h"), "5551234", identity="anna")
        strict.render()
        strict.call(UNREACHABLE)
        strict.tell()
        failed = back(strict.last())
        strict.now_us += 120 * MINUTE_US
        strict.store.remove_user("anna")
        assert "There is no user anna any more." in order(strict, failed, body="resend")
        strict.store.add_user(anna, Secret(argon2=""), strict.now_us)
        assert "sent again as" in order(strict, failed, body="resend"), "his rules, although he did not log in"
        again = max(strict.store.jobs(), key=lambda job: job.id)
        assert again.plan.not_after_us is None, "that time was for the first one"
        strict.render()
        strict.call(UNREACHABLE)
        strict.tell()
        told = " ".join(order(strict, back(strict.last()), body="resend", Message_ID="<o2@x>").split())
        assert "not sent again. The quota of" in told


def test_help_and_nonsense_are_answered_with_the_words(office: Office) -> None:
    assert "status@fax.lan" in order(office, "help")
    told = order(office, "fax@fax.lan", body="please stop it")
    assert told.startswith("The first line of your mail is no word that is known here.")
    assert "Which fax?" in order(office, "cancel")


def test_an_answer_is_in_the_language_of_the_order(office: Office) -> None:
    assert "Schreiben Sie an eine dieser Adressen" in order(office, "help", Accept_Language="de-DE")


def test_a_mail_may_be_a_fax_and_an_order(office: Office) -> None:
    answer = office.post(letter(subject="x"), "5551234", "list")
    assert isinstance(answer, Accepted)
    assert re.fullmatch(r"accepted as M\w{12}; the answer is D\w{12}", answer.said)


def test_the_signalling_is_given_to_the_owner(office: Office) -> None:
    job = fax(office)
    office.call(GOOD)
    (attempt,) = office.store.attempts(job.id)
    folder = office.config.data_dir / "transcripts"
    folder.mkdir()
    (folder / f"{attempt.call_id}.call").write_text("0.0 < DIS\n")
    order(office, f"trace+{job.id}")
    assert files_of(office.last()) == {f"{attempt.call_id}.call.txt": b"0.0 < DIS\n"}


# -- previews


def test_a_preview_shows_the_pages_and_dials_nothing_until_the_word(office: Office) -> None:
    job = fax(office, "preview+5551234")
    assert job.state is JobState.HELD
    assert office.store.claim_job("out", office.now_us) is None
    office.tell()
    (preview,) = office.sent()
    assert preview["Subject"] == "Preview of your fax to 5551234: 2 pages"
    assert "5551234@fax.lan: 2 pages, about" in text_of(preview)
    (pdf,) = files_of(preview).values()
    assert pdf.startswith(b"%PDF")
    assert order(office, back(preview), body="send") == f"{job.id} to 5551234: released, it is sent now."
    office.call(GOOD)
    office.tell()
    assert office.last()["Subject"] == "Fax to 5551234 delivered"
    assert "not released, since it is delivered" in order(office, back(preview), body="send")


def test_the_preview_of_a_list_s_post_goes_to_the_list_s_owner() -> None:
    with opened('[notices]\nlist_owner = "owner@office.example"\n') as office:
        office.post(letter(List_Id="<news.lists.example>"), "preview+5551234", sender="news-bounces@lists.example")
        office.render()
        office.tell()
        assert [one.recipient for one in office.store.deliveries()] == ["owner@office.example"]


def test_approval_is_asked_without_a_word_to_a_list_or_to_who_wants_none() -> None:
    rules = '[permissions.all]\nwho = ["*"]\nto = ["internal"]\napprove = true\n'
    with opened(rules + '[notices]\nlist_owner = "owner@office.example"\n') as office:
        office.post(letter(List_Id="<news.lists.example>"), "5551234", sender="news-bounces@lists.example")
        office.post(letter(Message_ID="<2@x>"), "5551235", notify=Notify.NEVER)
        office.render()
        office.tell()
        told = {one.recipient for one in office.store.deliveries()}
        assert "owner@office.example" in told
        assert not told & {"news-bounces@lists.example", "anna@office.example"}


def test_what_an_operator_holds_back_is_not_its_senders_to_release(office: Office) -> None:
    plain, preview = fax(office, "5551235", Message_ID="<2@x>"), fax(office, "preview+5551234")
    assert "released" in order(office, f"send+{preview.id}")
    for job in (plain, preview):
        assert office.store.hold_job(job.id, "held by root", office.now_us) is not None
        assert "not released, since it is held" in order(office, f"send+{job.id}")
        now = office.store.job(job.id)
        assert now is not None
        assert now.state is JobState.HELD


def test_who_may_not_send_any_more_releases_no_preview(office: Office) -> None:
    user = User(name="anna", addresses=("anna@office.example",), groups=())
    office.store.add_user(user, Secret(argon2=""), office.now_us)
    assert isinstance(office.post(letter(), "preview+5551234", identity="anna"), Accepted)
    office.render()
    office.tell()
    (job,), (preview,) = office.store.jobs(), office.sent()
    office.store.remove_user("anna")
    # The reply comes by the mail server of the house, with the secret of the preview.
    assert "There is no user anna any more." in order(office, back(preview), body="send")
    assert office.store.claim_job("out", office.now_us) is None
    office.store.add_user(user, Secret(argon2=""), office.now_us)
    assert order(office, back(preview), body="send") == f"{job.id} to 5551234: released, it is sent now."


def test_approval_is_asked_and_awaited_in_the_readers_languages() -> None:
    rules = '[permissions.all]\nwho = ["*"]\nto = ["internal"]\napprove = true\n'
    with opened(rules) as office:
        root = User(name="root", addresses=("root@office.example",), roles=(Role.OPERATOR,))
        office.store.add_user(root, Secret(argon2=""), 1)
        job = fax(office, Accept_Language="de")
        office.tell()
        waits, asked = office.last(), office.last("root@office.example")
        assert waits["Subject"] == "Ihr Fax an 5551234@fax.lan wartet auf Freigabe"
        assert "Operator dieses Faxservers freigegeben" in text_of(waits)
        assert (asked["Subject"], asked["Content-Language"]) == ("Please approve: fax to 5551234@fax.lan", "en")
        assert f"mailfax approve --refuse {job.id}" in text_of(asked)
        answer = letter(body="approve", From="root@office.example", In_Reply_To=str(asked["Message-ID"]))
        office.post(answer, "fax", sender="root@office.example", identity="root")
        assert "released" in text_of(office.last("root@office.example")), "the message is known by its id, too"


def test_a_preview_that_nobody_releases_is_dropped_and_told(office: Office) -> None:
    job = fax(office, "preview+5551234")
    office.tell()
    office.now_us += 7 * DAY_US + MINUTE_US
    office.tell()
    dropped = office.store.job(job.id)
    assert dropped is not None
    assert dropped.state is JobState.CANCELLED
    told = text_of(office.last())
    assert "The fax was held, and nobody released it in time." in told
    assert "Nobody released it within 7 days." in told


def test_a_preview_and_the_fax_itself_are_two_things(office: Office) -> None:
    fax(office, "preview+5551234")
    fax(office, "5551234")
    assert sorted(job.state for job in office.store.jobs()) == [JobState.HELD, JobState.QUEUED]
    fax(office, "PREVIEW+5551234")
    assert len(office.store.jobs()) == 2, "the same mail came again"


def test_a_preview_needs_the_same_permission(office: Office) -> None:
    answer = office.post(letter(), "preview+911")
    assert isinstance(answer, Refused)


def test_a_preview_says_what_a_call_would_cost() -> None:
    with opened('[prices]\ncurrency = "EUR"\ncall = { any = 0.10 }\nminute = { any = 0.05 }\n') as office:
        fax(office, "preview+5551234")
        office.tell()
        assert "A call of that length costs 0.15 EUR." in text_of(office.last())


def test_an_operator_approves_by_a_reply_and_nobody_else_does() -> None:
    rules = '[permissions.all]\nwho = ["*"]\nto = ["internal"]\napprove = true\n'
    with opened(rules) as office:
        root = User(name="root", addresses=("root@office.example",), roles=(Role.OPERATOR,))
        office.store.add_user(root, Secret(argon2=""), 1)
        job = fax(office)
        office.tell()
        asked = office.last("root@office.example")
        order_of_root = letter(body="Approve", From="root@office.example", Message_ID="<2@x>")
        for sender in ("anna@office.example", "root@office.example"):  # known by the network alone
            office.post(order_of_root, back(asked), sender=sender)
            assert "not yours" in text_of(office.last(sender))
        assert office.store.job(job.id).state is JobState.HELD  # type: ignore[union-attr]
        assert "not yours" in order(office, f"send+{job.id}") or "not released" in text_of(office.last())
        office.post(order_of_root, back(asked), sender="root@office.example", identity="root")
        assert text_of(office.last("root@office.example")) == f"{job.id} to 5551234: released, it is sent now."
        office.call(GOOD)
        office.tell()
        assert office.last()["Subject"] == "Fax to 5551234 delivered"


# -- the grammar

DOMAINS = {"fax.lan"}


@pytest.mark.parametrize(
    ("mailbox", "box"),
    [
        ("status@fax.lan", Box(verb=Verb.STATUS)),
        ('"Status"@FAX.lan', Box(verb=Verb.STATUS)),
        ("cancel+j0123456789ab@fax.lan", Box(verb=Verb.CANCEL, subject_id="J0123456789AB")),
        ("reply+m0123456789ab.ff@fax.lan", Box(subject_id="M0123456789AB", token="ff")),
        ("fax@office.example", Box()),
        ("status@elsewhere.example", None),
        ("5551234@fax.lan", None),
        ("preview+5551234@fax.lan", None),
        ("statusx@fax.lan", None),
    ],
)
def test_addresses_that_take_orders(mailbox: str, box: Box | None) -> None:
    assert box_of(mailbox, DOMAINS, "fax@office.example") == box


@pytest.mark.parametrize(
    ("octets", "verb"),
    [
        (letter(body="\r\n\r\n  *Cancel*, please"), Verb.CANCEL),
        (letter(body="> cancel\r\nstatus"), Verb.STATUS),
        (letter(body="Cancel J0123456789AB and J0123456789AC."), Verb.CANCEL),
        (letter(body="Send it, please!"), Verb.SEND),
        (letter(body="Send me the other logo first"), None),
        (letter(body="Resend? Not yet"), None),
        (letter(body="status of my faxes"), Verb.STATUS),
        (letter(body="cancelled"), None),
        (letter(body=""), None),
        (b"\xff\xfe", None),
        (b"Content-Type: text/plain; charset=nowhere\r\n\r\nhelp\r\n", None),
        (b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x", None),
    ],
)
def test_the_first_line_is_the_word(octets: bytes, verb: Verb | None) -> None:
    assert read_order(Box(), octets).verb is verb
