"""One writer: commits are shared, one that fails sinks nobody, a full or busy database is said as such."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from spoolkit import NOW_US, open_store, settings_for, submission
from sqlalchemy import Connection, text

from mailfax.model.ids import Kind
from mailfax.spool import sqlite
from mailfax.spool.disk import SpoolBusy, SpoolFault, SpoolFull
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store


def accept_one(store: Store) -> None:
    store.accept(submission(store.new_id(Kind.MAIL)), ["5551234"], NOW_US)


def test_thirty_two_threads_share_commits(store: Store) -> None:
    barrier = threading.Barrier(32)

    def accept_five(_: int) -> None:
        barrier.wait()
        for _ in range(5):
            accept_one(store)

    before = store.commits
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(accept_five, range(32)))
    assert len(store.jobs()) == 160
    assert store.commits - before < 80


def hold_the_writer(store: Store, release: threading.Event) -> None:
    """Make the writer busy with an operation that waits, so that what follows gathers behind it."""
    started = threading.Event()

    def wait(_: Connection) -> None:
        started.set()
        release.wait(10)

    store.write_async(wait)
    assert started.wait(10)


def test_an_operation_that_fails_takes_nobody_with_it(store: Store) -> None:
    release = threading.Event()
    hold_the_writer(store, release)

    def half_done(connection: Connection) -> None:
        connection.execute(
            text("INSERT INTO transitions (subject, at_us, was, became, why) VALUES ('X', 1, '', '', '')")
        )
        raise KeyError("our own fault")

    before = store.commits
    good = store.write_async(lambda c: c.execute(text("UPDATE transitions SET why = 'x'")).rowcount)
    bad = store.write_async(half_done)
    broken = store.write_async(
        lambda c: c.execute(
            text(
                "INSERT INTO recipients (submission_id, position, number, domain, notify, orcpt, job_id) VALUES ('none', 0, '', '', 0, '', 'none')"
            )
        )
    )
    after = store.write_async(lambda c: c.scalar(text("SELECT count(*) FROM transitions WHERE subject = 'X'")))
    release.set()
    assert good.result() == 0
    with pytest.raises(KeyError, match="our own fault"):
        bad.result()
    with pytest.raises(SpoolFault, match="FOREIGN KEY"):
        broken.result()
    assert after.result() == 0
    assert store.history("X") == ()
    assert store.commits - before <= 2


def test_a_full_database_says_so_to_all_and_works_again_when_there_is_room(store: Store) -> None:
    accept_one(store)
    pages = store.read(lambda c: c.scalar(text("PRAGMA page_count")))
    grow = text("INSERT INTO transitions (subject, at_us, was, became, why) VALUES ('X', 1, '', '', :much)")
    limit = lambda c, to: c.exec_driver_sql(f"PRAGMA max_page_count={to}")  # noqa: E731
    store.write(lambda c: limit(c, pages + 1))
    release = threading.Event()
    hold_the_writer(store, release)
    small = store.write_async(lambda c: c.execute(grow, {"much": ""}))
    large = store.write_async(lambda c: c.execute(grow, {"much": "x" * 1_000_000}))
    release.set()
    with pytest.raises(SpoolFull):
        large.result()
    # Whether the small one shared the transaction is a matter of time: it has been kept, or its caller knows.
    kept = small.exception() is None
    assert len(store.history("X")) == kept
    store.write(lambda c: limit(c, 1_000_000))
    accept_one(store)
    assert len(store.jobs()) == 2


def test_a_database_that_others_hold_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.05)
    store = open_store(tmp_path)
    other = sqlite3.connect(settings_for(tmp_path).database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(SpoolBusy):
        accept_one(store)
    other.execute("ROLLBACK")
    other.close()
    accept_one(store)
    store.close()


def test_closing_commits_what_is_queued_and_takes_nothing_more(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    release = threading.Event()
    hold_the_writer(store, release)
    last = store.write_async(
        lambda c: (
            c.execute(
                text("INSERT INTO transitions (subject, at_us, was, became, why) VALUES ('X', 1, '', '', '')")
            ).rowcount
        )
    )
    closing = threading.Thread(target=store.close)
    closing.start()
    release.set()
    closing.join()
    assert last.result() == 1
    with pytest.raises(RuntimeError):
        accept_one(store)
    again = open_store(tmp_path)
    assert len(again.history("X")) == 1
    again.close()


def test_room_is_what_is_left_above_the_reserve(tmp_path: Path) -> None:
    free = {"bytes": 1000}
    settings = SpoolSettings(directory=tmp_path / "spool", reserve_bytes=600)
    store = Store(settings, open_store(tmp_path).new_id, free_bytes=lambda _: free["bytes"])
    assert store.has_room(400)
    assert not store.has_room(401)
    free["bytes"] = 599
    assert not store.has_room()
    store.close()


def test_a_commit_of_another_process_ends_the_wait(tmp_path: Path, store: Store) -> None:
    other = open_store(tmp_path)
    never = threading.Event()
    mark = store.changed()
    assert store.wait_for_change(mark, 0.0, never) == mark
    accept_one(other)
    after = store.wait_for_change(mark, 10.0, never)
    assert after != mark
    accept_one(store)
    assert store.wait_for_change(after, 10.0, never) != after
    other.close()


def test_a_stop_ends_the_wait(store: Store) -> None:
    stop = threading.Event()
    stop.set()
    mark = store.changed()
    assert store.wait_for_change(mark, 600.0, stop) == mark
