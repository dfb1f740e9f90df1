"""What every kind of content is turned into: sheets, one a page, black and white at both resolutions.

`text`, `pdf` and `image` make Sources of them; `story` numbers and codes the sheets.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from mailfax.t4codec.bitmap import Bitmap


class PartUnreadable(Exception):
    """The content is damaged, locked or beyond a limit; the text says which, as the end of a sentence about the part."""


class PartTooLong(Exception):
    """The content is so far beyond the limit of pages that it is not even laid out; holds a guess of its pages."""

    def __init__(self, pages: int) -> None:
        super().__init__(f"about {pages} pages")
        self.pages = pages


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """The body of one page. All bitmaps show the same stretch of paper; `dense` is finer than fine, where that was asked for (`dense`)."""

    fine: Bitmap
    standard: Bitmap
    dense: Bitmap | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Portion:
    """Which sheets of a source (0-based, both included) one part of the mail became, and what is to say of it."""

    first: int
    last: int
    note: str = ""


class Source(Protocol):
    """Content that was opened and counted, but not drawn yet."""

    @property
    def page_count(self) -> int:
        """Return how many sheets there will be at most; known before any is drawn."""
        ...

    @property
    def least_pages(self) -> int:
        """Return how many sheets there will be at least, of a file that is not damaged."""
        ...

    def sheets(self) -> Iterator[Sheet]:
        """Draw the sheets one by one. Raises PartUnreadable."""
        ...

    def portions(self) -> tuple[Portion, ...]:
        """Return one portion for each part in this source; asked after the last sheet was drawn."""
        ...
