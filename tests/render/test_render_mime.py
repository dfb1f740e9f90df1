from email.message import EmailMessage
from pathlib import Path

import pytest
from pages import MailOf, Render, inked_bands, mail_with, pixels, text_mail

from mailfax.model.document import Fate
from mailfax.model.outcome import Outcome
from mailfax.render.charset import decode_text
from mailfax.render.mime import parts_of
from mailfax.render.result import RenderFailure
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files, render_files

NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=a%d\n\n--a%d\n" % (depth, depth) for depth in range(500))


def test_every_part_is_faxed_in_mail_order_and_accounted_for(rendered: Render, mail_of: MailOf) -> None:
    account = rendered(mail_of("attachments.eml")).account
    assert [(row.name, row.fate, row.first_page, row.last_page) for row in account] == [
        ("message text", Fate.FAXED, 1, 1),
        ("offer.pdf", Fate.FAXED, 2, 3),
        ("ball.jpg", Fate.FAXED, 4, 4),
        ("tide.png", Fate.FAXED, 5, 5),
        ("old-fax.tif", Fate.FAXED, 6, 7),
    ]


def test_of_an_alternative_the_plain_text_is_faxed_and_its_twin_is_named(rendered: Render, mail_of: MailOf) -> None:
    plain, html = rendered(mail_of("alternative.eml")).account
    assert (plain.fate, html.fate) == (Fate.FAXED, Fate.SKIPPED)
    assert "same content in another form" in html.note


def test_a_file_among_the_alternatives_is_faxed_all_the_same(rendered: Render, mail_of: MailOf) -> None:
    pdf = next(part for part in parts_of(mail_of("attachments.eml")) if part.name == "offer.pdf")
    apple = EmailMessage()
    apple.set_content("See the file.\n")
    apple.add_alternative(pdf.octets, maintype="application", subtype="pdf", filename="offer.pdf")
    assert [row.fate for row in rendered(apple.as_bytes()).account] == [Fate.FAXED, Fate.FAXED]


def test_a_picture_that_only_the_html_shows_is_left_out_with_it(rendered: Render, mail_of: MailOf) -> None:
    picture = next(part for part in parts_of(mail_of("attachments.eml")) if part.name == "tide.png").octets
    message = EmailMessage()
    message.set_content("Hello\n")
    message.add_alternative('<p>Hello <img src="cid:logo@example.com"></p>', subtype="html")
    html = message.get_payload()[1]
    html.add_related(picture, "image", "png", cid="<logo@example.com>", filename="logo.png")
    account = rendered(message.as_bytes()).account
    assert [(row.name, row.fate) for row in account][-1] == ("logo.png", Fate.SKIPPED)


def test_an_unfaxable_part_refuses_the_whole_mail_by_name(rendered: Render, mail_of: MailOf) -> None:
    with pytest.raises(RenderFailure) as failure:
        rendered(mail_of("unfaxable.eml"))
    assert failure.value.outcome is Outcome.UNFAXABLE
    assert failure.value.detail == "figures.zip (application/zip) cannot be faxed."
    assert [(row.name, row.fate) for row in failure.value.account] == [
        ("message text", Fate.SKIPPED),
        ("figures.zip", Fate.FAILED),
    ]


@pytest.mark.parametrize(
    ("raw", "outcome", "named"),
    [
        (b"Content-Type: text/html\n\n<p>Hello</p>\n", Outcome.UNFAXABLE, "text/html"),
        (b"Subject: nothing\n\n  \n\n", Outcome.NOTHING_TO_FAX, "nothing"),
        (mail_with(b"", "application/pdf", "scan.pdf"), Outcome.UNREADABLE, "scan.pdf is empty"),
        (mail_with(b"%PDF-1.4 cut", "application/octet-stream", "cut.pdf"), Outcome.UNREADABLE, "cut.pdf"),
        (mail_with(b"\x89PNG\r\n\x1a\nxx", "image/png", "bad.png"), Outcome.UNREADABLE, "bad.png"),
        (NESTED, Outcome.UNREADABLE, "nested too deeply"),
    ],
    ids=["html alone", "blank", "empty file", "cut PDF", "cut PNG", "matryoshka"],
)
def test_what_cannot_be_faxed_is_said_by_name(rendered: Render, raw: bytes, outcome: Outcome, named: str) -> None:
    with pytest.raises(RenderFailure) as failure:
        rendered(raw)
    assert failure.value.outcome is outcome
    assert named in failure.value.detail


def test_a_file_of_no_declared_type_is_judged_by_its_content(rendered: Render, mail_of: MailOf) -> None:
    for part in parts_of(mail_of("attachments.eml"))[1:]:
        assert rendered(mail_with(part.octets, "application/octet-stream", "file")).pages
    assert rendered(mail_with(b"plain words", "application/octet-stream", "notes.txt")).pages


def test_a_signature_is_skipped_and_a_forwarded_mail_brings_its_own_headers(rendered: Render) -> None:
    inner = text_mail("the inner text\n", From="carol@example.com", Subject="inner")
    outer = text_mail("see below\n", From="alice@example.com", Subject="outer")
    outer.add_attachment(inner)
    outer.add_attachment(b"0\x80", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    result = rendered(outer.as_bytes())
    assert [row.fate for row in result.account] == [Fate.FAXED, Fate.FAXED, Fate.SKIPPED]
    rules = [band for band in inked_bands(pixels(result.pages[0].fine)) if band[1] - band[0] < 5]
    assert len(rules) == 2


@pytest.mark.parametrize(
    ("octets", "declared", "text"),
    [
        ("Grüße".encode("latin-1"), "iso-8859-1", "Grüße"),
        ("Grüße".encode(), None, "Grüße"),
        ("Grüße".encode(), "us-ascii", "Grüße"),
        ("Grüße".encode("cp1252"), "utf-8", "Grüße"),
        ("„Grüße“ €".encode("cp1252"), "ISO-8859-1", "„Grüße“ €"),
        ("Привет".encode("mac_cyrillic"), "x-mac-cyrillic", "Привет"),
        ("안녕".encode("cp949"), "ks_c_5601-1987", "안녕"),
        ("Grüße".encode("utf-16"), "utf-8", "Grüße"),
        (b"caf\xe9", "no-such-charset", "café"),
        (b"\x80abc", "zlib", "€abc"),
        (b"\x1b$B", "iso-2022-jp", ""),
    ],
)
def test_any_octets_become_text(octets: bytes, declared: str | None, text: str) -> None:
    assert decode_text(octets, declared) == text


@pytest.mark.parametrize(
    "line",
    [
        b'Content-Type: text/plain; charset="a\0b"',
        b"Content-Type: text/plain; charset*=undefined''x",
        b"Content-Type: text/plain; charset=idna",
        b"Content-Type: text/plain; name*0*=\0''%00",
        b"Content-Transfer-Encoding: base64; \xff",
        b"Subject: =?\0?b?x?= =?utf-8?b?!?=",
        b"Content-Disposition: \xff; filename==?x?",
    ],
)
def test_a_damaged_header_costs_nothing_else(rendered: Render, line: bytes) -> None:
    body = b"gr\xfc\xdfe and more words\n"
    assert pixels(rendered(line + b"\n\n" + body).pages[0].fine).any()


def test_names_are_read_however_they_were_written() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=a\n\n"
        b'--a\nContent-Type: application/pdf name="loose.pdf"\n\nx\n'
        b"--a\nContent-Type: image/png; name==?utf-8?q?Gr=C3=BCn.png?=\n\nx\n"
        b"--a\nContent-Type: image/png\nContent-Disposition: attachment; filename*=utf-8''%C3%A4.png\n\nx\n"
        b'--a\nContent-Type: image/png; name="\xc3\xb6.png"\n\nx\n--a--\n'
    )
    parts = parts_of(raw)
    assert [part.name for part in parts] == ["loose.pdf", "Grün.png", "ä.png", "ö.png"]
    assert parts[0].content_type == "application/pdf"


def test_files_of_the_shell_are_rendered_by_suffix_and_content(
    settings: RenderSettings, mail_of: MailOf, tmp_path: Path
) -> None:
    offer = tmp_path / "offer.pdf"
    offer.write_bytes(next(part for part in parts_of(mail_of("attachments.eml")) if part.name == "offer.pdf").octets)
    note = tmp_path / "note"
    note.write_text("a note\n", encoding="utf-8")
    result = render_files(read_files([note, offer]), settings, lambda _page, _total: None)
    assert [(row.name, row.first_page, row.last_page) for row in result.account] == [
        ("note", 1, 1),
        ("offer.pdf", 2, 3),
    ]
    page = tmp_path / "page.html"
    page.write_text("<p>Hello</p>", encoding="utf-8")
    with pytest.raises(RenderFailure, match=r"page\.html"):
        render_files(read_files([page]), settings, lambda _page, _total: None)
