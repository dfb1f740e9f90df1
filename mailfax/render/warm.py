"""Loads what rendering needs before it is needed: the forkserver calls this once, every child then starts in milliseconds."""

import mimetypes
from datetime import UTC, datetime
from functools import cache

import pypdfium2 as pdfium
from PIL import Image

from mailfax.model.page import Resolution
from mailfax.render import screen, tints
from mailfax.render.fontset import SCRIPTS
from mailfax.render.header import HeaderLine, header_strip
from mailfax.render.settings import RenderSettings
from mailfax.render.text import TextBlock, text_source

_WORDS = HeaderLine(date=datetime(2000, 1, 1, tzinfo=UTC), sender="mailfax", number="0123456789", page=1, pages=1)


@cache
def warm() -> None:
    """Load the layout engine's fonts, pdfium, Pillow's decoders and the compiled kernels, once. Leaves no thread behind."""
    settings = RenderSettings()
    header_strip(_WORDS, Resolution.FINE, settings)
    text_source([TextBlock(text="\n".join(letter for _, letter, _ in SCRIPTS))], settings)
    pdfium.PdfDocument.new().close()
    Image.init()
    mimetypes.init()  # which reads files of the system
    screen.warm()
    tints.warm()
