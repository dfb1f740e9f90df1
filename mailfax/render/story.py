"""The story of rendering: parse, decide what becomes of every part, open and count, then draw and code page by page.

Nothing is drawn before every part is known to be faxable and the pages are counted, so a message that fails does so at
once and names all that is wrong. Called by `sandbox` in a limited child, and by the command line for files of the shell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from mimetypes import guess_type
from pathlib import Path
from typing import assert_never

from mailfax.model.document import Fate, PartAccount
from mailfax.model.options import OptionFault, PageOptions
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, Resolution
from mailfax.model.stamp import is_numbered, stamp_text
from mailfax.render.bodypage import room_above
from mailfax.render.charset import decode_text, language_of_charset, looks_like_text
from mailfax.render.cover import CoverFault, CoverOrder, draw_cover
from mailfax.render.covertext import CoverText
from mailfax.render.flowed import unflow
from mailfax.render.html import HtmlPart, InlinePicture, html_source, svg_source
from mailfax.render.htmltext import shows_something
from mailfax.render.image import ImageSource
from mailfax.render.kinds import Kind, kind_of, sniff, why_not
from mailfax.render.mime import AutomaticMail, NotParsed, parts_of
from mailfax.render.office import Convert, OfficeDocument, OfficeFailure, no_office
from mailfax.render.office_kinds import is_locked, office_suffix
from mailfax.render.packed import unpacked
from mailfax.render.part import Part
from mailfax.render.pdf import PdfSource
from mailfax.render.request import request_of
from mailfax.render.result import Rendered, RenderedCover, RenderedPage, RenderFailure
from mailfax.render.settings import RenderSettings
from mailfax.render.sheet import PartTooLong, PartUnreadable, Portion, Sheet, Source
from mailfax.render.stamp import stamped
from mailfax.render.text import TextBlock, text_source
from mailfax.t4codec import encode
from mailfax.t4codec.bitmap import Bitmap
from mailfax.t4codec.tiff import T6Page

Progress = Callable[[int, int | None], None]
OnAccount = Callable[[tuple[PartAccount, ...]], None]

NO_COVERS = CoverOrder()
_NAMED_AT_MOST = 5
_REFUSED_WHOLE = "not faxed, because the message was refused as a whole"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Planned:
    """A part and how it is faxed; `kind` is None for one that is skipped or cannot be faxed."""

    part: Part
    kind: Kind | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    """A source and the parts (as indexes into the plan) that it holds."""

    source: Source
    members: tuple[int, ...]


def render_message(
    raw: bytes,
    settings: RenderSettings,
    progress: Progress,
    on_account: OnAccount | None = None,
    convert: Convert = no_office,
    covers: CoverOrder = NO_COVERS,
) -> Rendered:
    """Turn a mail into pages, in this process. Raises RenderFailure.

    `progress` hears of every page before it is drawn; `on_account` hears, before each part is touched, the account as it
    would stand if that part were the end of it; `convert` makes office documents PDF.
    """
    try:
        request = request_of(raw)
        parts = parts_of(raw, prefer_html=settings.prefer_html, password=request.password)
    except OptionFault as error:
        raise RenderFailure(Outcome.BAD_OPTION, str(error)) from error
    except NotParsed as error:
        raise RenderFailure(Outcome.UNREADABLE, str(error)) from error
    except AutomaticMail as error:
        raise RenderFailure(Outcome.AUTOMATIC_MAIL, Outcome.AUTOMATIC_MAIL.sentence) from error
    return _Rendering(parts, settings, request, progress, on_account, convert, covers).run()


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedFile:
    """A file of the shell, read before the child that renders it loses its sight of the disk."""

    name: str
    octets: bytes


def read_files(paths: Sequence[Path]) -> tuple[NamedFile, ...]:
    """Read files of the shell. Raises OSError."""
    return tuple(NamedFile(name=path.name, octets=path.read_bytes()) for path in paths)


def render_files(
    files: Sequence[NamedFile],
    settings: RenderSettings,
    progress: Progress,
    on_account: OnAccount | None = None,
    convert: Convert = no_office,
    covers: CoverOrder = NO_COVERS,
) -> Rendered:
    """Turn files into pages, in their order. Raises RenderFailure."""
    parts = [part for file in files for part in unpacked(_part_of_file(file.name, file.octets))]
    return _Rendering(parts, settings, PageOptions(), progress, on_account, convert, covers).run()


def _part_of_file(name: str, octets: bytes) -> Part:
    """Type a file by its suffix as a mail program would; one without a known suffix is text if it looks so."""
    guessed, _ = guess_type(name, strict=False)
    if guessed is None and sniff(octets) is None and looks_like_text(octets):
        guessed = "text/plain"
    return Part(name=name, content_type=guessed or "application/octet-stream", octets=octets, attached=True)


class _Rendering:
    """One message on its way to pages; holds the account."""

    def __init__(
        self,
        parts: Sequence[Part],
        settings: RenderSettings,
        request: PageOptions,
        progress: Progress,
        on_account: OnAccount | None,
        convert: Convert,
        covers: CoverOrder,
    ) -> None:
        self._settings = replace(
            settings,
            photos=request.photos or settings.photos,
            paper=request.paper or settings.paper,
            stamp=" - ".join(filter(None, (settings.stamp, request.stamp))),
            dense=settings.dense or request.dense,
        )
        self._password = request.password
        self._progress = progress
        self._on_account = on_account
        self._convert = convert
        self._covers = covers
        self._plan = [_decide(part) for part in parts]
        self._account = [
            PartAccount(
                name=item.part.name, content_type=item.part.content_type, fate=Fate.SKIPPED, note=item.part.skip
            )
            for item in self._plan
        ]
        self._pages: list[RenderedPage] = []

    def run(self) -> Rendered:
        self._refuse_what_cannot_be_faxed()
        works = [self._open(members) for members in self._runs()]
        self._refuse_nothing(works)
        total = sum(work.source.page_count for work in works)
        if (least := sum(work.source.least_pages for work in works)) > self._settings.max_pages:
            raise self._too_long(f"{least} pages")
        for work in works:
            self._draw(work, total)
        self._refuse_nothing(self._pages)
        return Rendered(pages=tuple(self._pages), account=tuple(self._account), covers=self._draw_covers(works))

    def _refuse_nothing(self, found: Sequence[object]) -> None:
        if not found and not self._covers.alone:
            raise RenderFailure(Outcome.NOTHING_TO_FAX, Outcome.NOTHING_TO_FAX.sentence, tuple(self._account))

    def _draw_covers(self, works: Sequence[_Work]) -> tuple[RenderedCover, ...]:
        """Draw the covers that were ordered, now that the pages behind them are counted; the first of `works` is what follows them."""
        order, drawn, total = self._covers, [], len(self._pages)
        members = works[0].members if works else ()
        text = self._text_below_covers(members) if members and any(facts.with_text for facts in order.wanted) else None
        text_pages = max((self._account[index].last_page or 0 for index in members), default=0)
        try:
            for facts in order.wanted:
                below = text if facts.with_text else None
                replaced = text_pages if below else 0
                made = draw_cover(facts, order.covers, self._settings, total - replaced, below)
                drawn.append(
                    RenderedCover(
                        pages=tuple(_coded(self._stamped(sheet), self._settings.dense) for sheet in made.sheets),
                        cover_pages=made.cover_sheets,
                        replaces=replaced,
                        text=tuple((first + 1, last + 1) for first, last in made.parts),
                    )
                )
        except CoverFault as fault:
            raise RenderFailure(Outcome.BAD_COVER, str(fault), self._refused(())) from fault
        return tuple(drawn)

    def _text_below_covers(self, members: tuple[int, ...]) -> CoverText | None:
        """Return the text of the mail, to be laid out below covers; None where the fax begins with something else.

        The headers of the mail are not repeated: the cover says the same. Where pages are numbered for evidence they have to be the same for all.
        """
        lead = self._plan[members[0]]
        if is_numbered(self._settings.stamp) or lead.part.attached or lead.kind not in {Kind.TEXT, Kind.HTML}:
            return None

        def lay_out(free_mm: float) -> Source:
            parts = [replace(self._plan[index].part, headers=()) for index in members]
            if lead.kind is Kind.TEXT:
                return text_source([_text_block(part) for part in parts], self._settings, room_above(free_mm))
            pictures = [_inline_picture(part) for part in parts[1:]]
            return html_source(_html_part(parts[0]), pictures, self._settings, room_above(free_mm))

        return CoverText(lay_out=lay_out, settings=self._settings)

    def _stamped(self, sheet: Sheet, page: int | None = None) -> Sheet:
        """Stamp a page, if pages are stamped: that of a cover has no number."""
        pattern = self._settings.stamp
        if not pattern or (page is None and is_numbered(pattern)):
            return sheet
        return stamped(sheet, stamp_text(pattern, page or 0), self._settings)

    def _refuse_what_cannot_be_faxed(self) -> None:
        refused = [index for index, item in enumerate(self._plan) if item.kind is None and not item.part.skip]
        if not refused:
            return
        by_reason: dict[str, list[str]] = {}
        for part in (self._plan[index].part for index in refused[:_NAMED_AT_MOST]):
            by_reason.setdefault(part.refuse, []).append(f"{part.name} ({part.content_type})")
        rest = len(refused) - _NAMED_AT_MOST
        said = "; ".join(f"{', '.join(names)} {reason}" for reason, names in by_reason.items())
        detail = f"{said}{f'; and {rest} more' if rest > 0 else ''}."
        raise RenderFailure(Outcome.UNFAXABLE, detail, self._refused(refused))

    def _refused(self, failed: Sequence[int], note: str = "") -> tuple[PartAccount, ...]:
        """Return the account of a message of which nothing is faxed, because of the parts `failed`."""
        account = []
        for index, row in enumerate(self._account):
            if index in failed:
                why = note or self._plan[index].part.refuse
                account.append(replace(row, fate=Fate.FAILED, first_page=None, last_page=None, note=why))
            elif self._plan[index].part.skip:
                account.append(row)
            else:
                account.append(replace(row, fate=Fate.SKIPPED, first_page=None, last_page=None, note=_REFUSED_WHOLE))
        return tuple(account)

    def _runs(self) -> list[tuple[int, ...]]:
        """Group the parts to fax: neighbouring texts flow on together, pictures go with the HTML that shows them."""
        runs: list[tuple[int, ...]] = []
        for index, item in enumerate(self._plan):
            if item.kind is None or item.part.shown_in is not None:
                continue
            if item.kind is Kind.HTML:
                shown = [other for other, each in enumerate(self._plan) if each.kind and each.part.shown_in == index]
                runs.append((index, *shown))
                continue
            if item.kind is Kind.TEXT and runs and self._plan[runs[-1][-1]].kind is Kind.TEXT:
                runs[-1] = (*runs[-1], index)
            else:
                runs.append((index,))
        return runs

    def _open(self, members: tuple[int, ...]) -> _Work:
        self._announce(members)
        first = self._plan[members[0]]
        if not first.part.octets:
            raise self._unreadable(members, PartUnreadable("is empty"))
        try:
            match first.kind:
                case Kind.TEXT:
                    blocks = [_text_block(self._plan[index].part) for index in members]
                    source: Source = text_source(blocks, self._settings)
                case Kind.HTML:
                    pictures = [_inline_picture(self._plan[index].part) for index in members[1:]]
                    source = html_source(_html_part(first.part), pictures, self._settings)
                case Kind.SVG:
                    source = svg_source(first.part.octets, self._settings)
                case Kind.PDF:
                    look = self._settings
                    source = PdfSource(first.part.octets, look.photos, self._password, look.paper, look.dense)
                case Kind.IMAGE:
                    look = self._settings
                    source = ImageSource(first.part.octets, look.photos, look.paper, look.dense)
                case Kind.OFFICE:
                    look, pdf = self._settings, self._converted(first.part)
                    source = PdfSource(pdf, look.photos, paper=look.paper, dense=look.dense)
                case None:
                    raise AssertionError("only parts with a kind are opened")
                case _:
                    assert_never(first.kind)
        except PartUnreadable as error:
            raise self._unreadable(members, error) from error
        except PartTooLong as error:
            raise self._too_long(str(error)) from error
        return _Work(source=source, members=members)

    def _too_long(self, length: str) -> RenderFailure:
        detail = f"The document has {length}; this server sends at most {self._settings.max_pages}."
        return RenderFailure(Outcome.TOO_MANY_PAGES, detail, self._refused(()))

    def _converted(self, part: Part) -> bytes:
        """Have an office document made a PDF. Raises PartUnreadable."""
        if not self._password and is_locked(part.octets):
            raise PartUnreadable("needs a password to be opened (the header X-Fax-Password gives one)")
        suffix = office_suffix(part.octets, part.name) or ""
        try:
            return self._convert(OfficeDocument(octets=part.octets, suffix=suffix, password=self._password))
        except OfficeFailure as error:
            raise PartUnreadable(str(error)) from error

    def _unreadable(self, members: tuple[int, ...], error: PartUnreadable) -> RenderFailure:
        detail = f"{self._plan[members[0]].part.name} {error}."
        return RenderFailure(Outcome.UNREADABLE, detail, self._refused(members, str(error)))

    def _announce(self, members: tuple[int, ...]) -> None:
        if self._on_account:
            self._on_account(self._refused(members, "was being read when rendering ended"))

    def _draw(self, work: _Work, total: int) -> None:
        before, ink = len(self._pages), False
        self._announce(work.members)
        self._progress(before + 1, total)
        try:
            for sheet in work.source.sheets():
                if len(self._pages) == self._settings.max_pages:  # a long picture took more than it might have
                    raise self._too_long(f"more than {self._settings.max_pages} pages")
                ink = ink or bool(sheet.fine.packed.any())
                self._pages.append(_coded(self._stamped(sheet, len(self._pages) + 1), self._settings.dense))
                if len(self._pages) < before + work.source.page_count:
                    self._progress(len(self._pages) + 1, total)
        except PartUnreadable as error:
            raise self._unreadable(work.members, error) from error
        first = self._plan[work.members[0]]
        if not ink and first.kind is Kind.HTML:  # its styles hide all there is, or it shows only what is not fetched
            del self._pages[before:]
            if first.part.attached:
                raise self._unreadable(work.members, PartUnreadable("shows nothing"))
            for index in work.members:
                self._account[index] = replace(self._account[index], note="came out blank")
            return
        for index, portion in zip(work.members, work.source.portions(), strict=True):
            self._account[index] = _faxed(self._account[index], portion, before + 1)


def _decide(part: Part) -> _Planned:
    if part.skip or part.refuse:
        return _Planned(part=part, kind=None)
    kind = kind_of(part.content_type, part.name, part.octets)
    if kind in {Kind.TEXT, Kind.HTML} and not part.octets.strip():
        return _Planned(part=replace(part, skip="empty"), kind=None)
    if kind is Kind.HTML and not shows_something(part.octets):
        if part.attached:
            return _Planned(part=replace(part, refuse="shows nothing"), kind=None)
        return _Planned(part=replace(part, skip="empty"), kind=None)
    if kind is None:
        return _Planned(part=replace(part, refuse=why_not(part.content_type, part.octets)), kind=None)
    return _Planned(part=part, kind=kind)


def _text_block(part: Part) -> TextBlock:
    text = decode_text(part.octets, part.charset)
    return TextBlock(
        text=unflow(text.replace("\r\n", "\n"), delete_space=part.delete_space) if part.flowed else text,
        name=part.name,
        headers=part.headers,
        new_page=part.attached,
        language=language_of_charset(part.charset),
    )


def _html_part(part: Part) -> HtmlPart:
    return HtmlPart(
        name=part.name, content_type=part.content_type, octets=part.octets, charset=part.charset, headers=part.headers
    )


def _inline_picture(part: Part) -> InlinePicture:
    return InlinePicture(name=part.name, content_id=part.content_id, octets=part.octets)


def _faxed(row: PartAccount, portion: Portion, first_page: int) -> PartAccount:
    return replace(
        row,
        fate=Fate.FAXED,
        first_page=first_page + portion.first,
        last_page=first_page + portion.last,
        note=portion.note,
    )


def _coded(sheet: Sheet, dense: Resolution | None) -> RenderedPage:
    return RenderedPage(
        fine=_page(sheet.fine, Resolution.FINE),
        standard=_page(sheet.standard, Resolution.STANDARD),
        dense=_page(sheet.dense, dense) if sheet.dense is not None and dense is not None else None,
    )


def _page(bitmap: Bitmap, resolution: Resolution) -> T6Page:
    return T6Page(octets=encode(bitmap, Coding.MMR), width_px=bitmap.width_px, rows=bitmap.rows, resolution=resolution)
