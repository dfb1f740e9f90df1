"""Rows of a database that is not ours, by a query that the administrator wrote: the members of a list. Called by `gateway.members`."""

from collections.abc import Sequence

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError


class ForeignFault(Exception):
    """The database was not reached, or the query failed; the text is one plain sentence without the password."""


def rows_of(database: str, password: str, sql: str) -> tuple[Sequence[str], list[tuple[str, ...]]]:
    """Return the names of the columns and the rows, as text; what is NULL is empty. `database` is an SQLAlchemy URL. Raises ForeignFault."""
    try:
        url = make_url(database)
        engine = create_engine(url.set(password=password) if password else url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ForeignFault(f"The database cannot be used: {error}.") from error
    try:
        with engine.connect() as connection:
            result = connection.execute(text(sql))
            columns = tuple(result.keys())
            return columns, [tuple("" if value is None else str(value) for value in row) for row in result]
    except SQLAlchemyError as error:
        said = getattr(error, "orig", None) or error
        raise ForeignFault(f"The query of {url.render_as_string(hide_password=True)} failed: {said}") from error
    finally:
        engine.dispose()
