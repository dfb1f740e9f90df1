"""What a person would read of HTML, and what it refers to, without laying it out. Used by `alternative`, `mime` and `html`."""

import re

from lxml import etree

from mailfax.render.charset import decode_text, html_charset

_PICTURE = re.compile(rb"<(?:img|svg|object|input|hr|table)\b|background", re.IGNORECASE)
_UNSEEN = {"script", "style", "template", "title", "noscript"}


class _Reader:
    """Collects text outside of what no reader sees: a parser target of lxml."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._unseen = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Hear of an opening tag."""
        if tag in _UNSEEN and not self._unseen:
            self._unseen = tag
        self._pieces.append(f" {attributes.get('alt', '')} ")

    def end(self, tag: str) -> None:
        """Hear of a closing tag."""
        if tag == self._unseen:
            self._unseen = ""
        self._pieces.append(" ")

    def data(self, data: str) -> None:
        """Hear of text, or of a piece of it."""
        if not self._unseen:
            self._pieces.append(data)

    def close(self) -> str:
        """Return what was collected."""
        return " ".join("".join(self._pieces).split())


def visible_text(html: str | bytes) -> str:
    """Return the text of a document, with that of its pictures; scripts, styles and titles left out.

    By lxml: the time of Python's own parser goes by the square of what is not closed, so a mail of `<!--` stopped a renderer for minutes.
    """
    text = decode_text(html, html_charset(html, None)) if isinstance(html, bytes) else html
    parser = etree.HTMLParser(target=_Reader(), recover=True, huge_tree=True, no_network=True)
    parser.feed(f"<body>{text}")  # a parser that was fed nothing cannot be closed
    return str(parser.close())


def shows_something(html: bytes) -> bool:
    """Say whether there is text or a picture in a document."""
    return bool(_PICTURE.search(html)) or bool(visible_text(html))
