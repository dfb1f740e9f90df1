"""What the administrator decides about rendering. Read from the configuration by `config`, used everywhere in this package."""

from dataclasses import dataclass
from pathlib import Path

from mailfax.model.options import PaperSize
from mailfax.model.page import Resolution
from mailfax.model.photo import PhotoScreen


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderSettings:
    """Limits of one message and the look of text.

    `fonts` are tried first, in their order; then those of the system; where there is none, the font that Pillow brings
    along. `stamp` is what every page says at its foot (`model.stamp`). `dense` is the third raster of the pages, one of `paper.DENSE`. `prefer_html` is which form of a mail that has both is faxed. The limits of seconds and memory are held by `sandbox`, that of pages by `story`.
    """

    max_pages: int = 50
    prefer_html: bool = True
    cpu_s: int = 60
    wall_s: float = 120.0
    memory_bytes: int = 1 << 30
    fonts: tuple[Path, ...] = ()
    text_pt: float = 11.5
    margin_mm: float = 15.0
    paper: PaperSize = PaperSize.A4
    photos: PhotoScreen = PhotoScreen.BALANCED
    office_s: float = 60.0
    stamp: str = ""
    dense: Resolution | None = None
