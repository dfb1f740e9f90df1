"""Mails and pages as rows, where gateways that share a database have no folder in common. Used by `blobs` only."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from mailfax.spool.database import Database, translated
from mailfax.spool.nodes import clock_us
from mailfax.spool.tables import blobs

T = TypeVar("T")


class PageTable:
    """The table of blobs. Any thread may put and get. All raise SpoolError. When a blob was put last is its mark."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        """Give the connections back."""
        self._database.writing.dispose()
        self._database.reading.dispose()

    def put(self, digest: str, octets: bytes) -> None:
        """Keep the octets, or mark them as put now where they are there already; committed when it returns."""
        again = update(blobs).where(blobs.c.digest == digest).values(put_us=clock_us())
        new = insert(blobs).values(digest=digest, octets=octets, put_us=clock_us())
        # Another gateway may be putting them at this moment.
        new_or_again = new.on_conflict_do_update(index_elements=[blobs.c.digest], set_={"put_us": clock_us()})

        def put(connection: Connection) -> None:
            if connection.execute(again).rowcount == 0:
                connection.execute(new_or_again)

        _ask(self._database.writing, put)

    def get(self, digest: str) -> bytes | None:
        """Return the octets; None where there are none."""
        asked = select(blobs.c.octets).where(blobs.c.digest == digest)
        found = _ask(self._database.reading, lambda c: c.scalar(asked))
        return None if found is None else bytes(found)

    def stored(self, beginning: str) -> dict[str, tuple[int, int]]:
        """Return size and mark of every blob whose digest begins so."""
        size = func.octet_length(blobs.c.octets)
        asked = select(blobs.c.digest, size, blobs.c.put_us).where(blobs.c.digest.startswith(beginning))
        rows = _ask(self._database.reading, lambda c: c.execute(asked).all())
        return {digest: (size, mark) for digest, size, mark in rows}

    def remove(self, digest: str, mark: int) -> bool | None:
        """Remove a blob; False where it was put again since, None where it is not here."""
        known = select(blobs.c.put_us).where(blobs.c.digest == digest).with_for_update()
        doomed = blobs.delete().where(blobs.c.digest == digest)

        def remove(connection: Connection) -> bool | None:
            put_us = connection.scalar(known)
            if put_us == mark:
                connection.execute(doomed)
            return None if put_us is None else bool(put_us == mark)

        return _ask(self._database.writing, remove)


def _ask(engine: Engine, question: Callable[[Connection], T]) -> T:
    try:
        with engine.begin() as connection:
            return question(connection)
    except SQLAlchemyError as error:
        raise translated(error) from error
