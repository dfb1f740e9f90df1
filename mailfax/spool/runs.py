"""Runs of schedules, one row for each occurrence that was met: so none is run twice. Called by `gateway.schedules`."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from mailfax.model.schedule import RunState, ScheduleRun
from mailfax.spool.store import Store
from mailfax.spool.tables import runs


def begin(store: Store, run: ScheduleRun) -> bool:
    """Keep a run; False, and nothing changed, where its occurrence was met before."""

    def keep(connection: Connection) -> bool:
        known = select(runs.c.name).where(runs.c.name == run.name, runs.c.due_us == run.due_us)
        if connection.scalar(known) is not None:
            return False
        values = {column.name: getattr(run, column.name) for column in runs.columns}
        connection.execute(insert(runs).values(values))
        return True

    return store.write(keep)


def end(store: Store, run: ScheduleRun, state: RunState, note: str, now_us: int) -> None:
    """Write down what came of a run."""
    mine = (runs.c.name == run.name) & (runs.c.due_us == run.due_us)
    store.write(lambda c: c.execute(update(runs).where(mine).values(state=state, note=note, at_us=now_us)))


def started(store: Store) -> tuple[ScheduleRun, ...]:
    """Return the runs of the calendar that were under way when a server died. Those by hand are their own process's."""
    return _listed(store, (runs.c.state == RunState.STARTED) & ~runs.c.by_hand, 1000)


def last_us(store: Store, name: str, until_us: int) -> int | None:
    """Return the newest occurrence of a schedule that was met and is not in the future: what a wrong clock met there counts for nothing."""
    mine = (runs.c.name == name) & (runs.c.due_us <= until_us) & ~runs.c.by_hand
    found: int | None = store.read(lambda c: c.scalar(select(func.max(runs.c.due_us)).where(mine)))
    return found


def met(store: Store, name: str, due_us: Collection[int]) -> set[int]:
    """Return which of these occurrences were met."""
    asked = select(runs.c.due_us).where(runs.c.name == name, runs.c.due_us.in_(list(due_us)))
    return store.read(lambda c: set(c.scalars(asked)))


def newest(store: Store, name: str, limit: int = 1) -> tuple[ScheduleRun, ...]:
    """Return the newest runs of a schedule, newest first."""
    return _listed(store, (runs.c.name == name) & (runs.c.state != RunState.KNOWN), limit)


def _listed(store: Store, condition: ColumnElement[bool], limit: int) -> tuple[ScheduleRun, ...]:
    asked = select(runs).where(condition).order_by(runs.c.due_us.desc()).limit(limit)
    return tuple(ScheduleRun(**row) for row in store.read(lambda c: c.execute(asked).mappings().all()))
