"""Which blobs the rows name. Asked by `orphans` before a blob is removed, and by `backup`.

`REFERENCES` lists every column that names blobs; a test walks the schema and finds what is missing here. A row whose content was
removed by retention names nothing any more.
"""

import re
from array import array
from collections.abc import Iterator

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, Text, select, type_coerce, union_all

from mailfax.spool.tables import deliveries, faxes, offers, posts, submissions

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHORT = (
    16  # hexadecimal digits of a digest that are kept in memory: 8 octets a blob; two that share them are both kept
)

# (a column with a digest or with JSON that holds digests, when it counts)
REFERENCES: tuple[tuple[ColumnElement[object], ColumnElement[bool] | None], ...] = (
    (submissions.c.message_digest, submissions.c.mail_gone_us.is_(None)),
    (submissions.c.document, submissions.c.pages_gone_us.is_(None)),
    (faxes.c.pages, faxes.c.pages_gone_us.is_(None)),
    (deliveries.c.message_digest, deliveries.c.mail_gone_us.is_(None)),
    (offers.c.document, None),
    (posts.c.plan_digest, posts.c.finished_us.is_(None)),
)


def named(connection: Connection) -> Iterator[str]:
    """Return the digests that rows name, some more than once.

    It is one statement, so one view: a row that is committed later names a blob that was put, or touched, later.
    """
    each = union_all(*(_text(column, counts) for column, counts in REFERENCES))
    texts = connection.execute(each, execution_options={"yield_per": 500})
    for (text,) in texts:
        yield from _DIGEST.findall(text)


def _text(column: ColumnElement[object], counts: ColumnElement[bool] | None) -> Select[str]:
    text = select(type_coerce(column, Text))
    return text.where(column.is_not(None)) if counts is None else text.where(column.is_not(None), counts)


class Named:
    """The blobs that rows named at one moment, in 8 octets each."""

    def __init__(self, connection: Connection) -> None:
        short = array("Q", (int(digest[:_SHORT], 16) for digest in named(connection)))
        self._short = np.unique(np.frombuffer(short, dtype=np.uint64)) if short else np.zeros(0, dtype=np.uint64)

    def __contains__(self, digest: str) -> bool:
        wanted = np.uint64(int(digest[:_SHORT], 16))
        place = int(np.searchsorted(self._short, wanted))
        return place < len(self._short) and bool(self._short[place] == wanted)
