"""The page that text, HTML and covers are laid out on: the body of a fax page; and the sheets of what was laid out on it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mailfax.model.options import PaperSize
from mailfax.model.page import Resolution
from mailfax.model.photo import PhotoScreen
from mailfax.render.engine import PageBox
from mailfax.render.paper import MM_PER_INCH, PT_PER_INCH, body_inches, body_width_inches
from mailfax.render.pdf import PdfSource
from mailfax.render.settings import RenderSettings
from mailfax.render.sheet import Portion, Sheet

TOP_MM, _BOTTOM_MM = 6.0, 10.0
BOTTOM_PT = _BOTTOM_MM / MM_PER_INCH * PT_PER_INCH


def body_page(settings: RenderSettings) -> PageBox:
    """Return the size of the pages."""
    paper = settings.paper
    return PageBox(width_pt=body_width_inches(paper) * PT_PER_INCH, height_pt=body_inches(paper) * PT_PER_INCH)


def page_style(settings: RenderSettings) -> str:
    """Return the rule for size and margins of the pages; it wins over what a document wants."""
    box = body_page(settings)
    size = f"{box.width_pt:.3f}pt {box.height_pt:.3f}pt"
    margins = f"{TOP_MM}mm {settings.margin_mm}mm {_BOTTOM_MM}mm {settings.margin_mm}mm"
    return f"@page{{size:{size} !important;margin:{margins} !important}}"


def room_above(millimetres: float) -> str:
    """Return HTML that leaves the top of the first page free, for what is laid over it."""
    return f'<div style="display:block !important;height:{millimetres:.1f}mm !important;margin:0;padding:0"></div>'


@dataclass(slots=True)
class LaidOutSource:
    """Laid-out pages (a sheet.Source). `pages` and `notes` hold one entry for each part in them; pages count from 0."""

    pdf: bytes
    pages: tuple[tuple[int, int], ...]
    notes: tuple[str, ...]
    photos: PhotoScreen
    paper: PaperSize = PaperSize.A4
    dense: Resolution | None = None
    _source: PdfSource = field(init=False)

    def __post_init__(self) -> None:
        self._source = PdfSource(self.pdf, self.photos, paper=self.paper, dense=self.dense)

    @property
    def page_count(self) -> int:
        """Return how many sheets there are."""
        return self._source.page_count

    @property
    def least_pages(self) -> int:
        """Return the same: the pages are laid out."""
        return self._source.page_count

    def sheets(self) -> Iterator[Sheet]:
        """Draw the sheets."""
        return self._source.sheets()

    def portions(self) -> tuple[Portion, ...]:
        """Return the pages of every part, in order."""
        return tuple(
            Portion(first=first, last=last, note=note)
            for (first, last), note in zip(self.pages, self.notes, strict=True)
        )
