import binascii
import io
import resource
import socket
import struct
from email.message import EmailMessage
from pathlib import Path

import pytest
from pages import MailOf, Render, inked_bands, mail_with, pixels, text_mail
from PIL import Image

from mailfax.model.document import Fate
from mailfax.model.outcome import Outcome
from mailfax.render.charset import decode_text
from mailfax.render.enriched import enriched_to_html
from mailfax.render.mime import parts_of
from mailfax.render.result import RenderFailure
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files, render_files
from mailfax.render.uuencoded import split_uuencoded

LOCKED_ZIP = (  # one stored file of one octet, its flags saying that it is encrypted
    b"PK\x03\x04\x14\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0ax"
    b"PK\x01\x02\x14\0\x14\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a"
    b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0\x20\0\0\0\0\0"
)
MANY_PARTS = b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nx\n" * 1100
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


def test_of_an_alternative_one_form_is_faxed_and_its_twin_is_named(rendered: Render, mail_of: MailOf) -> None:
    plain, html = rendered(mail_of("alternative.eml")).account
    assert (plain.fate, html.fate) == (Fate.SKIPPED, Fate.FAXED)
    assert "same content in another form" in plain.note
    plain, html = rendered(mail_of("alternative.eml"), RenderSettings(prefer_html=False)).account
    assert (plain.fate, html.fate) == (Fate.FAXED, Fate.SKIPPED)


def test_html_that_says_far_less_than_the_plain_text_is_not_chosen(rendered: Render) -> None:
    message = EmailMessage()
    message.set_content("All that there is to say. " * 20)
    message.add_alternative("<p>Use another program.</p>", subtype="html")
    message.add_alternative(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar")
    assert [row.fate for row in rendered(message.as_bytes()).account] == [Fate.FAXED, Fate.SKIPPED, Fate.SKIPPED]


def test_a_file_among_the_alternatives_is_faxed_all_the_same(rendered: Render, mail_of: MailOf) -> None:
    pdf = next(part for part in parts_of(mail_of("attachments.eml")) if part.name == "offer.pdf")
    apple = EmailMessage()
    apple.set_content("See the file.\n")
    apple.add_alternative(pdf.octets, maintype="application", subtype="pdf", filename="offer.pdf")
    assert [row.fate for row in rendered(apple.as_bytes()).account] == [Fate.FAXED, Fate.FAXED]


def test_a_picture_goes_where_the_html_shows_it_and_nowhere_without_it(rendered: Render, mail_of: MailOf) -> None:
    picture = next(part for part in parts_of(mail_of("attachments.eml")) if part.name == "tide.png").octets
    message = EmailMessage()
    message.set_content("Hello\n")
    message.add_alternative('<p>Hello <img src="cid:logo@example.com"></p>', subtype="html")
    html = message.get_payload()[1]
    html.add_related(picture, "image", "png", cid="<logo@example.com>", filename="logo.png")
    shown = rendered(message.as_bytes())
    assert [(row.name, row.fate, row.first_page) for row in shown.account][-1] == ("logo.png", Fate.FAXED, 1)
    assert len(shown.pages) == 1
    plain = rendered(message.as_bytes(), RenderSettings(prefer_html=False))
    assert [(row.name, row.fate) for row in plain.account][-1] == ("logo.png", Fate.SKIPPED)
    assert pixels(shown.pages[0].fine).sum() > pixels(plain.pages[0].fine).sum() + 2000


def test_design_is_left_out_and_a_small_photograph_is_not(rendered: Render) -> None:
    dot = io.BytesIO()
    Image.new("L", (20, 20)).save(dot, "PNG")
    message = text_mail("Hello\n")
    message.add_attachment(dot.getvalue(), "image", "png", disposition="inline", filename="image001.png")
    message.add_attachment(dot.getvalue(), "image", "png", filename="dot.png")
    message.add_attachment(b"BEGIN:VCARD", maintype="text", subtype="x-vcard", filename="me.vcf")
    rows = rendered(message.as_bytes()).account
    assert [(row.name, row.fate) for row in rows[1:]] == [
        ("image001.png", Fate.SKIPPED),
        ("dot.png", Fate.FAXED),
        ("me.vcf", Fate.SKIPPED),
    ]
    assert "design" in rows[1].note
    assert "visiting card" in rows[3].note


def test_an_unfaxable_part_refuses_the_whole_mail_by_name(rendered: Render, mail_of: MailOf) -> None:
    with pytest.raises(RenderFailure) as failure:
        rendered(mail_of("unfaxable.eml"))
    assert failure.value.outcome is Outcome.UNFAXABLE
    assert failure.value.detail == "figures.zip (application/zip) is a zip archive; attach its files one by one."
    assert [(row.name, row.fate) for row in failure.value.account] == [
        ("message text", Fate.SKIPPED),
        ("figures.zip", Fate.FAILED),
    ]


@pytest.mark.parametrize(
    ("raw", "outcome", "named"),
    [
        (b"Content-Type: audio/basic\n\n...\n", Outcome.UNFAXABLE, "audio/basic) cannot be faxed"),
        (b"Content-Type: application/pkcs7-mime\n\n...\n", Outcome.UNFAXABLE, "is encrypted or sealed (S/MIME)"),
        (
            mail_with(LOCKED_ZIP, "application/zip", "secret.zip"),
            Outcome.UNFAXABLE,
            "secret.zip (application/zip) is an archive with a password",
        ),
        (
            b"Content-Type: multipart/report; boundary=a\n\n--a\n\nbounced\n--a--\n",
            Outcome.AUTOMATIC_MAIL,
            "never faxed",
        ),
        (MANY_PARTS, Outcome.UNREADABLE, "more than 1000 parts"),
        (b"Subject: nothing\n\n  \n\n", Outcome.NOTHING_TO_FAX, "nothing"),
        (mail_with(b"", "application/pdf", "scan.pdf"), Outcome.UNREADABLE, "scan.pdf is empty"),
        (mail_with(b"%PDF-1.4 cut", "application/octet-stream", "cut.pdf"), Outcome.UNREADABLE, "cut.pdf"),
        (mail_with(b"\x89PNG\r\n\x1a\nxx", "image/png", "bad.png"), Outcome.UNREADABLE, "bad.png"),
        (NESTED, Outcome.UNREADABLE, "nested too deeply"),
    ],
    ids=[
        "sound",
        "sealed",
        "locked zip",
        "bounce",
        "too many parts",
        "blank",
        "empty file",
        "cut PDF",
        "cut PNG",
        "matryoshka",
    ],
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


DRAWING = b'<?xml version="1.0"?>\n<!-- by hand -->\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="5" height="5"/></svg>'
BITMAP = io.BytesIO()
Image.new("L", (40, 40)).save(BITMAP, "BMP")


@pytest.mark.parametrize(
    ("octets", "content_type", "name"),
    [
        ("Stra\u00dfe".encode("cp1252"), "application/octet-stream", "brief.txt"),
        ("Stra\u00dfe".encode("cp1252"), "text/x-notes", "brief"),
        (b"a;b\n1;2\n", "application/vnd.ms-excel", "table.csv"),
        (BITMAP.getvalue(), "application/octet-stream", "drawing.bmp"),
        (DRAWING, "application/octet-stream", "drawing"),
    ],
    ids=["ANSI text", "text of a rare type", "CSV from Windows", "BMP", "SVG with a declaration"],
)
def test_what_mail_programs_give_a_poor_type_is_told_by_its_name_and_content(
    rendered: Render, octets: bytes, content_type: str, name: str
) -> None:
    [row] = rendered(mail_with(octets, content_type, name)).account
    assert row.fate is Fate.FAXED


def test_a_program_is_no_text_whatever_its_name_says(rendered: Render) -> None:
    with pytest.raises(RenderFailure):
        rendered(mail_with(b"MZ\x90\0\x03\0\0\0", "application/octet-stream", "notes.txt"))


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
        (
            "顏是家訓  北齊  顏之推，夫九州之人，言語不同，生民已來，固常然矣。".encode("big5"),
            None,
            "顏是家訓  北齊  顏之推，夫九州之人，言語不同，生民已來，固常然矣。",
        ),
        ("Съешь же ещё этих мягких булок".encode("cp1251"), "utf-8", "Съешь же ещё этих мягких булок"),
        ("Grüße".encode("utf-16-le"), "utf-8", "Grüße"),
        (
            "Съешь же ещё этих".encode() + b"\xd0" + " булок".encode(),
            "utf-8",
            "Съешь же ещё этих\N{REPLACEMENT CHARACTER} булок",
        ),
        ("Grüße".encode("utf-7"), "unicode-1-1-utf-7", "Grüße"),
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
    [row] = render_files(read_files([page]), settings, lambda _page, _total: None).account
    assert (row.content_type, row.fate) == ("text/html", Fate.FAXED)


def test_a_uuencoded_file_is_taken_out_of_the_text(rendered: Render) -> None:
    picture = io.BytesIO()
    Image.new("L", (300, 200)).save(picture, "GIF")
    octets = picture.getvalue()
    lines = [binascii.b2a_uu(octets[start : start + 45]).decode() for start in range(0, len(octets), 45)]
    text = f"see the picture\n\nbegin 644 box.gif\n{''.join(lines)}`\nend\n\nbye\n"
    body, file = rendered(text_mail(text).as_bytes()).account
    assert (body.last_page, file.name, file.fate, file.first_page) == (1, "box.gif", Fate.FAXED, 2)
    assert split_uuencoded(b"begin 7 of us went\nend") == (b"begin 7 of us went\nend", [])


def test_what_is_kept_elsewhere_is_named_and_not_fetched(rendered: Render) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        port = listener.getsockname()[1]
        body = f'message/external-body; access-type=url; url="http://127.0.0.1:{port}/x"'
        [row] = rendered(f"Content-Type: {body}\n\nContent-Type: text/plain\n\n".encode()).account
        assert (row.name, row.fate) == ("external body", Fate.FAXED)
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize("subtype", ["enriched", "richtext"])
def test_enriched_text_is_formatted(rendered: Render, subtype: str) -> None:
    raw = f"Content-Type: text/{subtype}\n\n<bold>Heavy</bold> and <param>unseen</param><unknown>light</unknown>\n"
    assert pixels(rendered(raw.encode()).pages[0].fine).any()
    assert enriched_to_html("<bold>a</bold><<b <param>c</param>", richtext=subtype == "richtext") == "<b>a</b>&lt;b "


def tnef(*attributes: tuple[int, int, bytes]) -> bytes:
    """Pack attributes as Outlook does (MS-OXTNEF 2.1): level, id, length, data, sum."""
    packed = b"".join(
        struct.pack("<BII", level, name, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
        for level, name, data in attributes
    )
    return struct.pack("<IH", 0x223E9F78, 1) + packed


WINMAIL = tnef(
    (1, 0x00089006, struct.pack("<I", 0x00010000)),  # attTnefVersion
    (1, 0x0002800C, b"The body inside.\0"),  # attBody
    (2, 0x00069002, bytes(14)),  # attAttachRenddata begins a file
    (2, 0x00018010, b"notes.txt\0"),  # attAttachTitle
    (2, 0x0006800F, b"what was noted\n"),  # attAttachData
)


def test_a_winmail_dat_is_opened_and_its_body_is_not_faxed_twice(rendered: Render) -> None:
    alone = mail_with(WINMAIL, "application/ms-tnef", "winmail.dat")
    assert [(row.name, row.fate) for row in rendered(alone).account] == [
        ("winmail.dat", Fate.SKIPPED),
        ("message text", Fate.FAXED),
        ("notes.txt", Fate.FAXED),
    ]
    message = text_mail("The same body outside.\n")
    message.add_attachment(WINMAIL, "application", "ms-tnef", filename="winmail.dat")
    footer = text_mail("--\n")
    footer.add_attachment(WINMAIL, "application", "ms-tnef", filename="winmail.dat")
    assert [row.fate for row in rendered(footer.as_bytes()).account][2] is Fate.FAXED
    fates = [(row.name, row.fate) for row in rendered(message.as_bytes()).account]
    assert fates[2:] == [("message text", Fate.SKIPPED), ("notes.txt", Fate.FAXED)]


def test_a_winmail_dat_that_is_none_is_refused_by_name(rendered: Render) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(RenderFailure, match=r"winmail\.dat .* is a winmail\.dat that cannot be read"):
        rendered(mail_with(b"no TNEF at all", "application/ms-tnef", "winmail.dat"))
    assert resource.getrlimit(resource.RLIMIT_AS) == before
