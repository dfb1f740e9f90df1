"""What one mail asks of its rendering, in headers that its sender wrote. Read by `story`.

    X-Fax-Photo: fast | balanced | best     how photographs are screened
    X-Fax-Password: secret                  opens PDFs and office documents that are locked

A value that is none of these is as good as no header: the administrator's setting holds.
"""

import re
from dataclasses import dataclass
from email.parser import BytesHeaderParser

from mailfax.model.photo import PhotoScreen
from mailfax.render.part import decode_words

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderRequest:
    """The wishes of one mail; `photos` is None and `password` empty where it has none."""

    photos: PhotoScreen | None = None
    password: str = ""


def request_of(raw: bytes) -> RenderRequest:
    """Read the headers of a mail."""
    headers = BytesHeaderParser().parsebytes(_BLANK_LINE.split(raw, maxsplit=1)[0])

    def value(name: str) -> str:
        return decode_words(str(headers.get(name, ""))).strip()

    photo = value("X-Fax-Photo").lower()
    return RenderRequest(
        photos=PhotoScreen(photo) if photo in set(PhotoScreen) else None,
        password=value("X-Fax-Password"),
    )
