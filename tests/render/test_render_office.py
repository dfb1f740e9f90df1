"""Office documents become pages by LibreOffice, or are refused with a plain answer; it is gone afterwards with all it wrote."""

import dataclasses
import io
import os
import resource
import subprocess
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from office_files import DOCX, archive, docx, paragraph, xlsx
from pages import Render, inked_bands, mail_with, pixels

from mailfax.model.outcome import Outcome
from mailfax.render import office
from mailfax.render.office import OfficeDesk, OfficeDocument, OfficeFailure
from mailfax.render.office_kinds import is_locked, office_suffix
from mailfax.render.pdf import PdfSource
from mailfax.render.result import RenderFailure
from mailfax.render.sandbox import render_in_child
from mailfax.render.settings import RenderSettings
from mailfax.render.story import render_message


def slides() -> bytes:
    """A flat OpenDocument presentation of two slides, packed."""
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
        'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.3"><office:body><office:presentation>'
        + "".join(
            f'<draw:page draw:name="{name}"><draw:frame svg:x="2cm" svg:y="2cm" svg:width="20cm" svg:height="3cm">'
            f"<draw:text-box><text:p>{name}</text:p></draw:text-box></draw:frame></draw:page>"
            for name in ("first", "second")
        )
        + "</office:presentation></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">'
        '<manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.presentation"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    kind = "application/vnd.oasis.opendocument.presentation"
    return archive({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest})


RTF = rb"{\rtf1\ansi Rich text with \u1046? and an \b important\b0  word.\par}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the desk puts its profiles; what a killed one left there is gone."""
    folder = tmp_path_factory.mktemp("office") / "profiles"
    (folder / "mailfax-office-left").mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def desk(folder: Path) -> Iterator[OfficeDesk]:
    """One desk, so that every document but the first finds its LibreOffice started."""
    assert office.office_program(), "LibreOffice is not installed"
    assert office.confinement() == "bwrap", "bubblewrap does not work here"
    desk = OfficeDesk(RenderSettings(), folder)
    assert not folder.exists()
    yield desk
    desk.close()
    assert not list(folder.iterdir())


def faxed(desk: OfficeDesk, octets: bytes, content_type: str, name: str) -> list[tuple[int, int]]:
    """Return of each page its rows, and how many bands of ink it has."""
    mail = mail_with(octets, content_type, name)
    pages = render_message(mail, RenderSettings(), lambda *_: None, convert=desk.convert).pages
    return [(page.fine.rows, len(inked_bands(pixels(page.fine)))) for page in pages]


def test_a_word_file_goes_through_the_limited_child(desk: OfficeDesk) -> None:
    context = get_context("forkserver")
    mail = mail_with(docx(paragraph("Dear Sir") + paragraph("Yours") * 2), DOCX, "letter.docx")
    rendered = render_in_child(mail, RenderSettings(), lambda *_: None, context, desk.convert)
    [page] = rendered.pages
    assert len(inked_bands(pixels(page.fine))) == 3
    [row] = rendered.account
    assert (row.name, row.first_page, row.last_page) == ("letter.docx", 1, 1)


def test_a_wide_sheet_is_one_page_wide_and_lies_on_its_side(desk: OfficeDesk) -> None:
    pdf = desk.convert(OfficeDocument(octets=xlsx(24), suffix="xlsx"))
    source = PdfSource(pdf)
    assert source.page_count == 1
    [sheet] = source.sheets()
    inked = np.flatnonzero(sheet.fine.to_bool().any(axis=1))
    assert inked[-1] - inked[0] > 1700, "turned: the row of cells runs along the paper"


def test_rich_text_and_slides(desk: OfficeDesk) -> None:
    assert [bands for _, bands in faxed(desk, RTF, "text/rtf", "note.rtf")] == [1]
    pages = faxed(desk, slides(), "application/octet-stream", "talk.odp")
    assert len(pages) == 2
    assert all(bands for _, bands in pages)


def test_a_document_reaches_neither_files_nor_network(desk: OfficeDesk, tmp_path: Path) -> None:
    """The macro's own eyes: from inside the sandbox the disk of this test is not there."""
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    field = f'<w:p><w:fldSimple w:instr=" INCLUDETEXT &quot;{secret}&quot; "><w:r><w:t>cached</w:t></w:r></w:fldSimple></w:p>'
    pdf = desk.convert(OfficeDocument(octets=docx(field + paragraph("end")), suffix="docx"))
    assert PdfSource(pdf).page_count == 1
    shown = tmp_path / "shown"
    shown.mkdir()
    script = f"cat {secret}; cat /etc/passwd; cat /proc/net/dev"
    looked = subprocess.run(
        [*office._bwrap(shown), "sh", "-c", script], capture_output=True, check=False, timeout=60, text=True
    )
    assert "SECRET" not in looked.stdout
    assert "root:" not in looked.stdout
    assert [line.split(":")[0].strip() for line in looked.stdout.splitlines() if ":" in line] == ["lo"]


def test_a_damaged_file_is_refused_and_leaves_nothing(desk: OfficeDesk, folder: Path) -> None:
    broken = docx(paragraph("x"))
    damaged = broken.replace(b"word/document.xml", b"word/document.xm_", 1)
    before = set(folder.iterdir())
    with pytest.raises(OfficeFailure, match="cannot be read by LibreOffice"):
        desk.convert(OfficeDocument(octets=damaged[: len(damaged) // 2], suffix="docx"))
    after = set(folder.iterdir())
    assert len(after) == 1, "only the one that waits for the next document"
    assert len(before) == 1
    assert not after & before


def bomb(rows: int, columns: int) -> bytes:
    """A sheet of a few octets in which every cell has a value."""
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{urn}:office:1.0" xmlns:table="{urn}:table:1.0" xmlns:text="{urn}:text:1.0" '
        'office:version="1.3"><office:body><office:spreadsheet><table:table table:name="a">'
        f'<table:table-row table:number-rows-repeated="{rows}"><table:table-cell table:number-columns-repeated="{columns}" '
        'office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell></table:table-row></table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<manifest:manifest xmlns:manifest="{urn}:manifest:1.0" manifest:version="1.3">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    return archive({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest})


@pytest.mark.interop
def test_a_bomb_gets_no_more_memory_than_is_given() -> None:
    """With all the memory it wants it takes gigabytes; the kernel counts the most that any process of ours has had."""
    desk = OfficeDesk(dataclasses.replace(RenderSettings(), memory_bytes=128 << 20, office_s=100))
    try:
        assert PdfSource(desk.convert(OfficeDocument(octets=bomb(3, 3), suffix="ods"))).page_count == 1
        with pytest.raises(OfficeFailure, match="LibreOffice"):
            desk.convert(OfficeDocument(octets=bomb(1_000_000, 1000), suffix="ods"))
    finally:
        desk.close()
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 420 << 10


def test_the_profile_that_is_kept_is_of_one_that_saw_no_document(desk: OfficeDesk) -> None:
    desk.convert(OfficeDocument(octets=docx(paragraph("secret plan")), suffix="docx"))
    kept = desk._profile._set_up
    assert Path("user/registrymodifications.xcu") in kept
    assert not any(b"document.docx" in octets for octets in kept.values())


def test_one_that_takes_too_long_is_ended() -> None:
    before = office_children()
    desk = OfficeDesk(dataclasses.replace(RenderSettings(), office_s=0.01))
    try:
        with pytest.raises(OfficeFailure, match=r"took LibreOffice more than 0\.01 s"):
            desk.convert(OfficeDocument(octets=docx(paragraph("word ") * 20000), suffix="docx"))
    finally:
        desk.close()
    assert office_children() <= before


def office_children() -> set[str]:
    return {
        entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_office_of(entry, os.getpid())
    }


def _is_office_of(entry: Path, parent: int) -> bool:
    try:
        status = (entry / "stat").read_text().rsplit(") ", 1)[1].split()
        command = (entry / "cmdline").read_bytes()
    except OSError:
        return False
    return int(status[1]) == parent and b"soffice" in command and status[0] != "Z"


def test_without_libreoffice_the_answer_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "office_program", lambda: None)
    desk = OfficeDesk(RenderSettings())
    with pytest.raises(RenderFailure) as failure:
        render_message(
            mail_with(docx(paragraph("x")), DOCX, "letter.docx"),
            RenderSettings(),
            lambda *_: None,
            convert=desk.convert,
        )
    assert failure.value.outcome is Outcome.UNREADABLE
    assert failure.value.detail.startswith("letter.docx needs LibreOffice, which this server does not have")
    assert "libreoffice-writer-nogui" in failure.value.detail


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def stream(name: str) -> bytes:
    return name.encode("utf-16-le").ljust(64, b"\0") + bytes(64)


@pytest.mark.parametrize(
    ("octets", "name", "suffix", "locked"),
    [
        (docx(""), "anything", "docx", False),
        (xlsx(1), "anything", "xlsx", False),
        (slides(), "anything", "odp", False),
        (RTF, "letter.doc", "rtf", False),
        (OLE + stream("WordDocument"), "a.doc", "doc", False),
        (OLE + stream("Workbook"), "a.bin", "xls", False),
        (OLE + stream("EncryptedPackage"), "plan.xlsx", "xlsx", True),
        (OLE + stream("__substg1.0_001A001E"), "mail.msg", None, False),
        (archive({"a.txt": "x"}), "a.docx", None, False),
        (b"PK\x03\x04 cut short", "a.docx", None, False),
        (
            archive(
                {"mimetype": "application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": "<encryption-data/>"}
            ),
            "a",
            "odt",
            True,
        ),
    ],
)
def test_kinds_are_told_by_content(octets: bytes, name: str, suffix: str | None, locked: bool) -> None:
    assert office_suffix(octets, name) == suffix
    assert is_locked(octets) is locked


def test_a_locked_file_says_so_before_libreoffice_is_asked(rendered: Render) -> None:
    mail = mail_with(OLE + stream("EncryptedPackage"), DOCX, "plan.docx")
    with pytest.raises(RenderFailure, match=r"plan\.docx needs a password to be opened \(the header X-Fax-Password"):
        rendered(mail)


def locked_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Let LibreOffice itself write an OpenDocument text under a password: by our macro, with another filter."""
    macro = office._MACRO.read_text()
    stored = 'out(2).Name = "Password"\n  out(2).Value = "pass"\n  document.storeToURL(target, out())'
    macro = macro.replace('filter = "writer_pdf_Export"', 'filter = "writer8"').replace("Dim out(1)", "Dim out(2)")
    changed = tmp_path / "lock.bas"
    changed.write_text(macro.replace("document.storeToURL(target, out())", stored))
    with monkeypatch.context() as patch:
        patch.setattr(office, "_MACRO", changed)
        writer = OfficeDesk(RenderSettings())
        try:
            return writer.convert(OfficeDocument(octets=docx(paragraph("secret plan")), suffix="docx"))
        finally:
            writer.close()


@pytest.mark.interop
def test_a_locked_text_opens_with_its_password(
    desk: OfficeDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    octets = locked_text(tmp_path, monkeypatch)
    assert is_locked(octets)
    mail = mail_with(octets, "application/vnd.oasis.opendocument.text", "plan.odt")
    with pytest.raises(RenderFailure, match="not opened by the password that was given"):
        render_message(b"X-Fax-Password: guess\r\n" + mail, RenderSettings(), lambda *_: None, convert=desk.convert)
    opened = render_message(b"X-Fax-Password: pass\r\n" + mail, RenderSettings(), lambda *_: None, convert=desk.convert)
    assert len(inked_bands(pixels(opened.pages[0].fine))) == 1


@pytest.mark.interop
def test_a_word_file_locked_as_word_does_opens_with_its_password(desk: OfficeDesk) -> None:
    """AES-256 with SHA-512 ("agile" encryption, MS-OFFCRYPTO 2.3.4.10), written by other people's software."""
    locked = io.BytesIO()
    as_long_as_real_ones = f"<!--{'x' * 8000}-->"
    OOXMLFile(io.BytesIO(docx(paragraph("secret plan") + as_long_as_real_ones))).encrypt("Geheim7", locked)
    mail = mail_with(locked.getvalue(), DOCX, "plan.docx")
    for header, said in ((b"", "needs a password"), (b"X-Fax-Password: guess\r\n", "not opened by the password")):
        with pytest.raises(RenderFailure, match=said):
            render_message(header + mail, RenderSettings(), lambda *_: None, convert=desk.convert)
    opened = render_message(
        b"X-Fax-Password: Geheim7\r\n" + mail, RenderSettings(), lambda *_: None, convert=desk.convert
    )
    assert len(inked_bands(pixels(opened.pages[0].fine))) == 1


@pytest.mark.interop
def test_without_bwrap_there_is_still_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "confinement", lambda: "unshare")
    looked = subprocess.run(
        [*office._unshare(), "cat", "/proc/net/dev"], capture_output=True, check=True, timeout=60, text=True
    )
    assert [line.split(":")[0].strip() for line in looked.stdout.splitlines() if ":" in line] == ["lo"]
    desk = OfficeDesk(RenderSettings())
    try:
        assert PdfSource(desk.convert(OfficeDocument(octets=RTF, suffix="rtf"))).page_count == 1
    finally:
        desk.close()
