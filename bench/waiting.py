"""How long a line waits for its next fax when many others wait: claims under a full queue, on SQLite and on PostgreSQL.

    .venv/bin/python bench/waiting.py [--jobs 100000] [--claims 300]

Half of the jobs are due, a third of those for numbers that are being called or that the line may not send; the others wait for tonight. Prints the
time of a claim (the attempt committed, and on PostgreSQL the fence before dialling too), the time from the commit of an urgent fax in one process's store to
its claim in another's, and the plan of the question that a claim asks.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, insert
from sqlalchemy.dialects import postgresql

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "spool")]

from spoolkit import NOW_US, document, ids, recipient, submission  # noqa: E402

from mailfax.model.ids import Kind  # noqa: E402
from mailfax.model.job import JobState  # noqa: E402
from mailfax.model.plan import CallPlan, Priority  # noqa: E402
from mailfax.spool import jobs  # noqa: E402
from mailfax.spool.records import RenderState, Share  # noqa: E402
from mailfax.spool.settings import SharedDatabase, SpoolSettings  # noqa: E402
from mailfax.spool.store import Store  # noqa: E402
from mailfax.spool.tables import jobs as job_table  # noqa: E402
from mailfax.spool.tables import submissions  # noqa: E402
from postgres_server import running  # noqa: E402

SHARE = Share(domains=("fax.lan",))
TONIGHT_US = NOW_US + 8 * 3600 * 1_000_000


def fill(store: Store, count: int) -> None:
    """Put so many jobs into the queue, as if 100 users had sent them."""
    mail = submission(store.new_id(Kind.MAIL))
    store.accept(mail, ["5551234"], NOW_US)
    claimed = store.claim_render(NOW_US)
    assert claimed is not None
    store.set_document(mail.id, document(1), NOW_US)
    template = store.read(
        lambda c: dict(c.execute(job_table.select().where(job_table.c.submission_id == mail.id)).mappings().one())
    )

    def rows(first: int, last: int) -> Iterator[dict[str, object]]:
        for number in range(first, last):
            due_us = NOW_US if number % 2 else TONIGHT_US
            yield {
                **template,
                "id": store.new_id(Kind.JOB),
                "number": str(number) if number % 3 else "5550000",
                "to_domain": "fax.lan" if number % 5 else "elsewhere.lan",
                "account": f"user{number % 100}",
                "not_before_us": due_us,
                "turn_us": due_us + number * 1000,
            }

    for first in range(0, count, 5000):
        chunk = list(rows(first, min(first + 5000, count)))
        store.write(lambda c, chunk=chunk: c.execute(insert(job_table), chunk))
    on_line = {**template, "id": store.new_id(Kind.JOB), "number": "5550000", "state": JobState.ON_LINE, "owner": "x"}
    store.write(lambda c: c.execute(insert(job_table), [on_line]))


def claims(store: Store, count: int) -> list[float]:
    """Claim so many jobs; return the milliseconds of each."""
    taken = []
    for _ in range(count):
        begun = time.perf_counter()
        claim = store.claim_job("west", NOW_US + 3_600_000_000, share=SHARE)
        assert claim is not None
        assert store.dialling(claim.call_id, NOW_US)
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


def wakes(sender: Store, line: Store, count: int) -> list[float]:
    """Send an urgent fax in one store and claim it in another that waits for it; return the milliseconds from commit to claim."""
    taken, never = [], threading.Event()
    for number in range(count):
        mail_id = sender.new_id(Kind.MAIL)
        to = replace(recipient(f"777{number:04}"), plan=CallPlan(priority=Priority.HIGH))
        sender.accept(submission(mail_id, to), [f"777{number:04}"], NOW_US)
        assert sender.claim_render(NOW_US) is not None
        mark, got = line.changed(), threading.Event()
        while (later := line.wait_for_change(mark, 0.3, never)) != mark:  # until word of the above has come
            mark = later
        at: list[float] = []

        def wait(mark: int = mark, got: threading.Event = got, at: list[float] = at) -> None:
            line.wait_for_change(mark, 10.0, never)
            claim = line.claim_job("east", NOW_US, share=SHARE)
            at.append(time.perf_counter())
            assert claim is not None
            assert claim.job.number.startswith("777")
            got.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.1)
        sender.set_document(mail_id, document(1), NOW_US)
        committed = time.perf_counter()
        waiting.join(20)
        taken.append((at[0] - committed) * 1000)
    return taken


def explained(store: Store) -> list[str]:
    """Return the database's plan for the question of a claim."""
    question = jobs.due(NOW_US + 3_600_000_000, SHARE)

    def ask(connection: Connection) -> list[str]:
        if connection.dialect.name == "postgresql":
            asked = str(question.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
            return [
                row[0] for row in connection.exec_driver_sql(f"EXPLAIN (ANALYZE, COSTS OFF) {asked.replace('%', '%%')}")
            ]
        asked = question.compile(connection)
        values = tuple(asked.params[name] for name in asked.positiontup or ())
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", values)]

    return store.read(ask)


def told(name: str, taken: list[float]) -> None:
    ordered = sorted(taken)
    print(
        f"{name:<44} median {statistics.median(ordered):6.1f} ms, p99 {ordered[int(len(ordered) * 0.99)]:6.1f} ms, most {ordered[-1]:6.1f} ms"
    )


def measure(name: str, first: SpoolSettings, second: SpoolSettings, count: int, many: int) -> None:
    with contextlib.closing(Store(first, ids())) as sender, contextlib.closing(Store(second, ids())) as line:
        told(f"{name}: claim, empty queue otherwise", _few(sender, min(many, 50)))
        begun = time.perf_counter()
        fill(sender, count)
        print(f"{name}: {count} jobs in {time.perf_counter() - begun:.0f} s")
        told(f"{name}: claim under {count}", claims(sender, many))
        told(f"{name}: commit of an urgent fax to its claim", wakes(sender, line, min(many, 30)))
        for row in explained(sender):
            print(f"    {row}")


def _few(store: Store, count: int) -> list[float]:
    for number in range(count):
        store.accept(submission(store.new_id(Kind.MAIL), recipient(f"888{number:04}")), [f"888{number:04}"], NOW_US)
        claimed = store.claim_render(NOW_US)
        assert claimed is not None
        store.set_document(claimed.id, document(1), NOW_US)
    taken = claims(store, count)
    store.write(lambda c: c.execute(job_table.update().values(state=JobState.CANCELLED, owner=None)))
    store.write(lambda c: c.execute(submissions.update().values(state=RenderState.RENDERED)))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--claims", type=int, default=300)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running() as server:
        alone = SpoolSettings(directory=Path(name) / "alone", reserve_bytes=0)
        measure("SQLite", alone, alone, asked.jobs, asked.claims)
        shared = SharedDatabase(url=server.new_database(), node="a")
        a = SpoolSettings(directory=Path(name) / "a", reserve_bytes=0, shared=shared)
        b = SpoolSettings(directory=Path(name) / "b", reserve_bytes=0, shared=replace(shared, node="b"))
        measure("PostgreSQL", a, b, asked.jobs, asked.claims)


if __name__ == "__main__":
    main()
