"""Loads what rendering needs before it is needed: the forkserver calls this once, every child then starts in milliseconds."""

import pypdfium2 as pdfium
from PIL import Image

from mailfax.render import screen
from mailfax.render.fonts import font_chain
from mailfax.render.settings import RenderSettings


def warm(settings: RenderSettings | None = None) -> None:
    """Load fonts, pdfium, Pillow's decoders and the compiled kernels. Leaves no thread behind."""
    for face in font_chain(settings or RenderSettings()):
        face.sized(16)
    pdfium.PdfDocument.new().close()
    Image.preinit()
    screen.warm()
