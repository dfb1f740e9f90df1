"""Checks of [spool]: the database that is shared."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from mailfax.config.check import Problem
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import At

_SCHEMES = {"postgresql", "postgres"}


def spool_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find why the database could not be opened, whatever it is."""
    spool = config.spool
    if spool.database:
        yield from _url(spool.database, at)
        return
    for key, value in (
        ("password_file", spool.password_file),
        ("node", spool.node),
        ("pages_folder", spool.pages_folder),
    ):
        if value:
            yield Problem(
                line=at("spool", key),
                text=f"spool.{key}: SQLite has none.",
                advice="It belongs to  spool.database ; add that, or leave this out.",
            )


def _url(url: str, at: At) -> Iterator[Problem]:
    wrong = ""
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here, since it may be no number
        if parts.scheme not in _SCHEMES or not parts.path.strip("/"):
            wrong = f"{url!r} names no PostgreSQL database"
        elif parts.password is not None:
            wrong = "a password does not belong here"
    except ValueError as error:
        wrong = str(error)
    if wrong:
        advice = (
            'Write for example "postgresql://mailfax@db.example.org/mailfax" , and the password in spool.password_file.'
        )
        yield Problem(line=at("spool", "database"), text=f"spool.database: {wrong}.", advice=advice)
