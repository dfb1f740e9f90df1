"""Which mails are refused because no person sent them, and which are posts to a list: headers as real programs write them."""

import pytest

from mailfax.smtp.automatic import list_name
from mailfax.smtp.reading import accepted_form, header_of

OURS = "fax.example"


def refused(*lines: str) -> str:
    return accepted_form("\r\n".join((*lines, "", "Hello", "")).encode(), 1000, OURS)


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated (rejected)",
        "Auto-Submitted: auto-notified; owner-email=me@example.com",
        "Precedence: bulk",
        "Precedence: junk",
        "Precedence: auto_reply",
        "X-Autoreply: yes",
        "X-Autorespond: Re: hello",
        "Return-Path: <>",
        "From: Mail Delivery System <MAILER-DAEMON@example.org>",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=x",
        'Content-Type: multipart/report; report-type="delivery-status"; boundary=x',
    ],
)
def test_what_a_machine_wrote_is_refused(line: str) -> None:
    said = refused("Subject: x", line)
    assert said.startswith("550 5.7.1 ")
    assert "(automatic-mail)" in said


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: no",
        "Precedence: normal",
        "Precedence: list",
        "X-Auto-Response-Suppress: None",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "From: daemon@example.org",
        "Return-Path: <anna@example.org>",
        "List-Unsubscribe: <mailto:x@example.org>",
        "Message-ID: <F0123456789AB.fax@elsewhere.example>",
        "Received: from a by fax.example (Postfix) with ESMTP",
        "Received: from a by elsewhere.example (mailfax) with ESMTP",
    ],
)
def test_what_a_person_may_have_sent_is_taken(line: str) -> None:
    assert refused("Subject: x", line) == ""


@pytest.mark.parametrize(
    "lines",
    [
        ("Received: from a ([127.0.0.1])\r\n\tby fax.example (mailfax) with ESMTP;\r\n\tFri, 27 Nov 2026",),
        ("Message-ID: <F0123456789AB.fax@fax.example>",),
        ("Message-ID: <j0123456789ab.notice@FAX.example>",),
        ("Message-ID: <M0123456789AB.accepted@fax.example>",),
    ],
)
def test_what_was_here_before_is_a_loop(lines: tuple[str, ...]) -> None:
    assert refused("Subject: x", *lines).startswith("554 5.4.6 ")


def test_fifty_servers_are_a_loop() -> None:
    assert refused(*["Received: from a by b"] * 51).startswith("554 5.4.6 ")
    assert refused(*["Received: from a by b"] * 50) == ""


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (("List-Id: The News <News.Lists.example>",), "news.lists.example"),
        (("List-Id: news",), "news"),
        (('List-Id: "a" <b>',), "b"),
        (("X-BeenThere: news@lists.example",), "news@lists.example"),
        (("List-Post: <mailto:news@lists.example>",), "news@lists.example"),
        (("Mailing-List: contact x@y.example; run by ezmlm",), "contact x@y.example"),
        (("Precedence: list",), "a list"),
        (("Precedence: bulk", "List-Id: <news.lists.example>"), "news.lists.example"),
        (("Subject: [news] hello",), ""),
    ],
)
def test_posts_to_lists_are_known(lines: tuple[str, ...], name: str) -> None:
    assert list_name(header_of("\r\n".join((*lines, "", "")).encode())) == name
    assert refused(*lines) == ""
