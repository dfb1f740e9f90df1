"""A received fax as its reader gets it."""

import email
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default

from hypothesis import given
from hypothesis import strategies as st

from mailfax.model.fax import InboundFax, Kept, ReceivedPage
from mailfax.model.outcome import Outcome
from mailfax.model.page import PageBlob, Resolution
from mailfax.smtp.compose import Letterhead
from mailfax.smtp.faxmail import fax_mail
from tests.smtp.running import NOW_US

HEAD = Letterhead(hostname="fax.example", sender="postmaster@fax.example")
PAGE = ReceivedPage(
    blob=PageBlob(digest="0" * 64, resolution=Resolution.FINE, width_px=1728, rows=2287, size=9), confirmed=True
)
FAX = InboundFax(
    id="F0000000000CC",
    call_id="C0000000000DD",
    line="line1",
    called="5551234",
    caller="+49 30 1234",
    caller_name="",
    station_id="+49 30 1234 ",
    started_us=NOW_US,
    finished_us=NOW_US + 60_000_000,
    outcome=Outcome.RECEIVED,
    pages=(PAGE, PAGE),
    seconds_on_line=58.7,
    bit_rate=14400,
)
PDF = b"%PDF-1.7\n\x00\xff\r\nbytes"


def read(fax: InboundFax, pdf: bytes = PDF, mailbox: str = "anna@example.com") -> EmailMessage:
    octets = fax_mail(fax, pdf, mailbox, "fax.lan", HEAD)
    assert octets.isascii()
    assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r")
    message = email.message_from_bytes(octets, policy=default)
    assert isinstance(message, EmailMessage)
    assert [defect for part in message.walk() for defect in part.defects] == []
    return message


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_good_fax_is_a_mail_with_one_pdf_and_its_facts() -> None:
    message = read(FAX)
    assert message["From"] == "Fax +49301234 <+49301234@fax.lan>"
    assert message["To"] == "anna@example.com"
    assert message["Subject"] == "Fax from +49301234, 2 pages"
    assert message["Message-ID"] == "<F0000000000CC.fax@fax.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert {name: value for name, value in message.items() if name.startswith("X-Fax")} == {
        "X-Fax-Id": "F0000000000CC",
        "X-Fax-From": "+49 30 1234",
        "X-Fax-To": "5551234",
        "X-Fax-CSID": "+49 30 1234",
        "X-Fax-Pages": "2",
        "X-Fax-Quality": "good",
    }
    (attached,) = message.iter_attachments()
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_filename() == "fax-2025-11-22-140000-49301234.pdf"
    assert attached.get_content() == PDF
    assert "WARNING" not in text_of(message)
    assert "Line:       line1, 59 s, 14400 bit/s" in text_of(message)
    assert fax_mail(FAX, PDF, "anna@example.com", "fax.lan", HEAD) == fax_mail(
        FAX, PDF, "anna@example.com", "fax.lan", HEAD
    )


def test_a_cut_call_and_damaged_pages_are_said_first() -> None:
    bad = replace(FAX, outcome=Outcome.CALL_DROPPED, pages=(PAGE, replace(PAGE, bad_rows=14, confirmed=False)))
    message = read(bad)
    assert message["Subject"] == "Fax from +49301234, 2 pages, INCOMPLETE OR DAMAGED"
    assert message["X-Fax-Quality"] == "damaged"
    first, second, third, *_ = text_of(message).splitlines()
    assert first.startswith("WARNING: this fax may be incomplete. The far end hung up")
    assert second == "WARNING: page 2 is damaged: 14 of 2287 rows were not readable."
    assert (
        third
        == "WARNING: page 2 may be damaged or end too soon: it was not confirmed to the sender, who may send it again."
    )


def test_pages_that_our_own_disk_damaged_are_named() -> None:
    kept = (PAGE, replace(PAGE, kept=Kept.EARLIER), replace(PAGE, kept=Kept.LOST))
    message = read(replace(FAX, pages=kept))
    assert message["Subject"] == "Fax from +49301234, 3 pages, INCOMPLETE OR DAMAGED"
    earlier, lost, where, *_ = text_of(message).splitlines()
    assert earlier.startswith("WARNING: page 2 was damaged on the fax server's disk. This is an earlier copy of it")
    assert lost.startswith("WARNING: page 3 was lost on the fax server's disk. A crossed-out page stands in its place")
    assert "the folder of call C0000000000DD" in where


def test_a_call_without_a_page_and_without_a_caller_is_still_told() -> None:
    message = read(
        replace(FAX, outcome=Outcome.NO_RESPONSE, pages=(), caller="", station_id="", called=""), pdf=b"", mailbox="fax"
    )
    assert message.get_content_type() == "text/plain"
    assert message["From"] == "Fax unknown caller <unknown@fax.lan>"
    assert message["To"] == "fax@fax.example"
    assert message["Subject"] == "Fax from unknown caller, 0 pages, INCOMPLETE OR DAMAGED"


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_the_far_end_can_send_any_octets_and_add_no_header(caller: str, name: str, station_id: str) -> None:
    plain = set(read(FAX).keys())
    message = read(replace(FAX, caller=caller, caller_name=name, station_id=station_id))
    assert set(message.keys()) == plain
    assert len(message.keys()) == len(plain)
    assert message["To"] == "anna@example.com"


def test_an_injected_line_end_becomes_a_space() -> None:
    message = read(replace(FAX, caller_name="Evil\r\nBcc: all@example.com\r\n\r\nbody", station_id="a\nX-Fax-Id: F9"))
    assert message["Bcc"] is None
    assert message.get_all("X-Fax-Id") == ["F0000000000CC"]
    assert message["X-Fax-CSID"] == "a X-Fax-Id: F9"
