"""Which font draws which character: a chain of fonts, asked in order for every character.

The chain is: the fonts of the settings, then the known ones of Debian that are installed, at last the font inside
Pillow, so that text can be drawn on a machine without any font. Used by `typeset`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import ImageFont

from mailfax.render.settings import RenderSettings

# Files of the Debian packages fonts-dejavu-core, fonts-noto-core, fonts-noto-cjk, fonts-liberation and fonts-freefont-ttf.
KNOWN_FILES = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "NotoSansMono-Regular.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansArmenian-Regular.ttf",
    "NotoSansGeorgian-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansMath-Regular.ttf",
    "NotoSansSymbols-Regular.ttf",
    "NotoSansSymbols2-Regular.ttf",
    "FreeSans.ttf",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Face:
    """One font and the characters it has. `path` is None for the one inside Pillow."""

    path: Path | None
    characters: frozenset[int]

    def sized(self, size_px: int) -> ImageFont.FreeTypeFont:
        """Return the font at this size of an em."""
        return _sized(self.path, size_px)


@lru_cache(maxsize=64)
def _sized(path: Path | None, size_px: int) -> ImageFont.FreeTypeFont:
    if path is None:
        return _built_in(size_px)
    # The basic layout gives the same widths wherever Pillow was built; shaping is another task.
    return ImageFont.truetype(path, size_px, layout_engine=ImageFont.Layout.BASIC)


def _built_in(size_px: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size_px)
    if not isinstance(font, ImageFont.FreeTypeFont):  # Pillow built without FreeType cannot draw any text of ours
        raise TypeError("Pillow was built without FreeType; install the wheel from the package index.")
    return ImageFont.truetype(BytesIO(font.font_bytes), size_px, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=64)
def _face(path: Path | None) -> Face:
    source = BytesIO(_built_in(16).font_bytes) if path is None else path
    with TTFont(source, lazy=True, fontNumber=0) as font:
        return Face(path=path, characters=frozenset(font.getBestCmap() or ()))


@lru_cache(maxsize=16)
def _installed(folder: Path) -> tuple[Path, ...]:
    found = {path.name: path for path in sorted(folder.rglob("*.tt?")) if path.name in KNOWN_FILES}
    return tuple(found[name] for name in KNOWN_FILES if name in found)


def font_chain(settings: RenderSettings) -> tuple[Face, ...]:
    """Return the fonts to ask, in order. Raises OSError or TTLibError for a configured font that cannot be read."""
    return tuple(_face(path) for path in _paths(settings))


def _paths(settings: RenderSettings) -> Iterator[Path | None]:
    yield from settings.fonts
    for folder in settings.font_dirs:
        yield from _installed(folder)
    yield None
