"""Files inside a PDF: of a portfolio each is faxed in its place, in any other PDF each is named as left out (RE4, RE15)."""

from io import BytesIO

import pikepdf
from pages import Render, mail_with
from simple_pdf import PdfPage, write_pdf

from mailfax.model.document import Fate
from mailfax.render.result import Rendered

SHEET = "For the best experience, open this PDF portfolio in Acrobat."


def simple_pdf(lines: list[str]) -> bytes:
    """Write a PDF with a page for each line."""
    pages = [PdfPage(width_pt=400, height_pt=500) for _ in lines]
    for page, line in zip(pages, lines, strict=True):
        page.text(40, 400, line, size_pt=11)
    return write_pdf(pages)


def with_files(pdf: bytes, *, portfolio: bool, password: str = "", **files: bytes) -> bytes:
    """Put files into a PDF, by other people's software."""
    octets = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as document:
        for name, content in files.items():
            full = name.replace("_", ".")
            document.attachments[full] = pikepdf.AttachedFileSpec(document, content, filename=full)
        if portfolio:
            document.Root.Collection = pikepdf.Dictionary(Type=pikepdf.Name.Collection, View=pikepdf.Name.D)
        document.save(octets, encryption=pikepdf.Encryption(owner=password, user=password) if password else None)
    return octets.getvalue()


def rows(made: Rendered) -> list[tuple[str, Fate, int | None, int | None]]:
    return [(row.name, row.fate, row.first_page, row.last_page) for row in made.account]


def test_the_files_of_a_portfolio_are_faxed_in_order_and_its_sheet_is_not(rendered: Render) -> None:
    inner = with_files(simple_pdf([SHEET]), portfolio=True, d_txt=b"the innermost")
    pdf = with_files(
        simple_pdf([SHEET]), portfolio=True, a_pdf=simple_pdf(["one", "two"]), b_txt=b"Hello there", c_pdf=inner
    )
    assert rows(rendered(mail_with(pdf, "application/pdf", "all.pdf"))) == [
        ("all.pdf", Fate.SKIPPED, None, None),
        ("a.pdf", Fate.FAXED, 1, 2),
        ("b.txt", Fate.FAXED, 3, 3),
        ("c.pdf", Fate.SKIPPED, None, None),
        ("d.txt", Fate.FAXED, 4, 4),
    ]


def test_a_page_of_a_portfolio_that_says_something_is_faxed_too(rendered: Render) -> None:
    pdf = with_files(simple_pdf(["Dear Sir, all our plans"]), portfolio=True, plan_pdf=simple_pdf(["plan"]))
    assert rows(rendered(mail_with(pdf, "application/pdf", "all.pdf"))) == [
        ("all.pdf", Fate.FAXED, 1, 1),
        ("plan.pdf", Fate.FAXED, 2, 2),
    ]


def test_the_data_inside_an_invoice_are_named_and_not_faxed(rendered: Render) -> None:
    pdf = with_files(simple_pdf(["Invoice"]), portfolio=False, factur_xml=b"<invoice/>", sound_mp3=b"\0")
    made = rendered(mail_with(pdf, "application/pdf", "invoice.pdf"))
    assert rows(made) == [
        ("invoice.pdf", Fate.FAXED, 1, 1),
        ("factur.xml", Fate.SKIPPED, None, None),
        ("sound.mp3", Fate.SKIPPED, None, None),
    ]
    assert made.account[1].note == "kept inside invoice.pdf, not one of its pages"


def test_a_locked_portfolio_is_opened_by_its_password(rendered: Render) -> None:
    pdf = with_files(simple_pdf([SHEET]), portfolio=True, password="Geheim7", a_txt=b"inside")
    mail = b"X-Fax-Password: Geheim7\n" + mail_with(pdf, "application/pdf", "all.pdf")
    assert rows(rendered(mail)) == [("all.pdf", Fate.SKIPPED, None, None), ("a.txt", Fate.FAXED, 1, 1)]
