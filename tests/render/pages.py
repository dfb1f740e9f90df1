"""Looks at rendered pages with libtiff, so that our own codec does not judge itself."""

import io
from collections.abc import Callable
from email.message import EmailMessage

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mailfax.render.result import Rendered
from mailfax.t4codec.tiff import T6Page, write_t6_tiff

Render = Callable[..., Rendered]
MailOf = Callable[[str], bytes]


def pixels(page: T6Page) -> NDArray[np.bool_]:
    """Decode a page by libtiff; True is black."""
    with Image.open(io.BytesIO(write_t6_tiff([page]))) as tiff:
        assert tiff.size == (page.width_px, page.rows)
        return ~np.asarray(tiff.convert("1"))


def inked_bands(black: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the stretches of rows with ink: one for each line of text."""
    edges = np.flatnonzero(np.diff(black.any(axis=1).astype(np.int8), prepend=0, append=0))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def text_mail(text: str, **headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in headers.items():
        message[name] = value
    message.set_content(text)
    return message


def mail_with(octets: bytes, content_type: str, name: str) -> bytes:
    message = EmailMessage()
    maintype, subtype = content_type.split("/")
    message.add_attachment(octets, maintype=maintype, subtype=subtype, filename=name)
    return message.as_bytes()
