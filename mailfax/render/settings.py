"""What the administrator decides about rendering. Read from the configuration by `config`, used everywhere in this package."""

from dataclasses import dataclass
from pathlib import Path

from mailfax.model.photo import PhotoScreen


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderSettings:
    """Limits of one message and the look of text.

    `fonts` are tried first, in their order; then what is known of `font_dirs`; at last the font that Pillow brings
    along. The limits of seconds and memory are held by `sandbox`, that of pages by `story`.
    """

    max_pages: int = 50
    cpu_s: int = 60
    wall_s: float = 120.0
    memory_bytes: int = 1 << 30
    fonts: tuple[Path, ...] = ()
    font_dirs: tuple[Path, ...] = (Path("/usr/share/fonts"),)
    text_pt: float = 11.5
    margin_mm: float = 15.0
    photos: PhotoScreen = PhotoScreen.BALANCED
