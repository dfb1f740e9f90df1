"""The log of every change of state: when, from what, to what, why. Written in the same transaction as the change."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from mailfax.spool.records import Transition
from mailfax.spool.tables import transitions

_INSERT = insert(transitions)  # made once: making the statement costs more than running it


def log(connection: Connection, subject: str, at_us: int, *, was: StrEnum | None, became: StrEnum, why: str) -> None:
    """Write one line; `was` is None for what is new."""
    row = {"subject": subject, "at_us": at_us, "was": was or "", "became": str(became), "why": why}
    connection.execute(_INSERT, row)


def log_new(connection: Connection, subjects: Sequence[str], at_us: int, *, became: StrEnum, why: str) -> None:
    """Write the first line of many at once."""
    rows = [{"subject": each, "at_us": at_us, "was": "", "became": str(became), "why": why} for each in subjects]
    connection.execute(insert(transitions), rows)


def of(connection: Connection, subject: str) -> tuple[Transition, ...]:
    """Return the whole life of one id, oldest first."""
    table = transitions.c
    rows = connection.execute(
        select(table.subject, table.at_us, table.was, table.became, table.why)
        .where(table.subject == subject)
        .order_by(table.number)
    )
    return tuple(Transition(**row) for row in rows.mappings())


def newest(connection: Connection, limit: int) -> tuple[Transition, ...]:
    """Return the newest lines of all, oldest first."""
    table = transitions.c
    asked = select(table.subject, table.at_us, table.was, table.became, table.why)
    rows = connection.execute(asked.order_by(table.number.desc()).limit(limit)).mappings().all()
    return tuple(Transition(**row) for row in reversed(rows))
