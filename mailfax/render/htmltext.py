"""What a person would read of HTML, and what it refers to, without laying it out. Used by `alternative`, `mime` and `html`."""

import re
from html.parser import HTMLParser

from mailfax.render.charset import decode_text, html_charset

_PICTURE = re.compile(rb"<(?:img|svg|object|input|hr|table)\b|background", re.IGNORECASE)
_UNSEEN = {"script", "style", "template", "title", "noscript"}


class _Reader(HTMLParser):
    """Collects text outside of what no reader sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Hear of an opening tag."""
        if tag in _UNSEEN and not self._unseen:
            self._unseen = tag
        self.pieces.extend(value for name, value in attrs if name == "alt" and value)

    def handle_endtag(self, tag: str) -> None:
        """Hear of a closing tag."""
        if tag == self._unseen:
            self._unseen = ""

    def handle_data(self, data: str) -> None:
        """Hear of text."""
        if not self._unseen:
            self.pieces.append(data)


def visible_text(html: str | bytes) -> str:
    """Return the text of a document, with that of its pictures; scripts, styles and titles left out."""
    text = decode_text(html, html_charset(html, None)) if isinstance(html, bytes) else html
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return " ".join(" ".join(reader.pieces).split())


def shows_something(html: bytes) -> bool:
    """Say whether there is text or a picture in a document."""
    return bool(_PICTURE.search(html)) or bool(visible_text(html))
