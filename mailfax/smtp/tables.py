"""Tables in our mails: as text for a person, as CSV for a spreadsheet (RFC 4180). Used by `wording` and `messages`."""

import csv
import io
from collections.abc import Sequence

_GAP = "  "
_FORMULA = ("=", "@", "\t", "-", "+")


def text_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "", right: frozenset[int] = frozenset()
) -> list[str]:
    """Return the lines of a table; the columns of `right` are flush right. No line ends in spaces."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return [
        indent
        + _GAP.join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (heads, *rows)
    ]


def csv_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Return a table as CSV in UTF-8, with the mark that spreadsheets know it by. No cell of foreign text is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heads)
    writer.writerows([[_cell(cell) for cell in row] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def _cell(text: str) -> str:
    """Return text that a spreadsheet takes for text; a telephone number with its + is harmless and stays."""
    harmless = text[1:].replace(" ", "").isdigit() and text[:1] in {"+", "-"}
    return text if harmless or not text.startswith(_FORMULA) else f"'{text}"
