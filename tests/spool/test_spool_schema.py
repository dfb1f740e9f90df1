"""The schema that alembic makes is the one that the code believes in."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from spoolkit import open_store, settings_for
from sqlalchemy import create_engine, text

import mailfax.spool
from mailfax.spool.disk import SpoolFault
from mailfax.spool.store import Store
from mailfax.spool.tables import REVISION, metadata


def normal(sql: str) -> str:
    return " ".join(sql.replace('"', "").split())


def test_the_migrations_make_what_the_tables_say(store: Store) -> None:
    assert store.read(lambda c: compare_metadata(MigrationContext.configure(c), metadata)) == []
    # alembic does not compare the conditions of partial indexes; SQLite's own words do.
    made = store.read(
        lambda c: dict(
            c.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")).all()
        )
    )
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        meant = dict(
            connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")).all()
        )
    engine.dispose()
    assert {name: normal(sql) for name, sql in made.items()} == {name: normal(sql) for name, sql in meant.items()}


def test_the_newest_migration_is_the_one_that_the_store_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(mailfax.spool.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        store = open_store(tmp_path)
        version = store.read(lambda c: c.scalar(text("SELECT version_num FROM alembic_version")))
        schema = store.read(lambda c: c.scalar(text("PRAGMA schema_version")))
        store.close()
    assert version == REVISION
    again = open_store(tmp_path)
    assert again.read(lambda c: c.scalar(text("PRAGMA schema_version"))) == schema
    again.close()


def test_a_spool_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    store.close()
    with pytest.raises(SpoolFault, match="newer mailfax"):
        open_store(tmp_path)


def test_the_database_is_as_durable_as_promised(tmp_path: Path, store: Store) -> None:
    pragma = {
        name: store.write(lambda c, name=name: c.scalar(text(f"PRAGMA {name}")))
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert settings_for(tmp_path).database.exists()


def test_claims_and_work_lists_are_answered_from_an_index(store: Store) -> None:
    questions = {
        "jobs due": "SELECT id FROM jobs WHERE state = 'queued' AND not_before_us <= 5 ORDER BY not_before_us, id LIMIT 1",
        "untold": "SELECT id FROM jobs WHERE finished_us IS NOT NULL AND notified_us IS NULL ORDER BY finished_us LIMIT 1",
        "mails due": "SELECT id FROM deliveries WHERE state = 'waiting' AND not_before_us <= 5 ORDER BY not_before_us, id",
        "unrouted": "SELECT id FROM faxes WHERE routed_us IS NULL ORDER BY id LIMIT 1",
        "renders": "SELECT id FROM submissions WHERE state = 'waiting' ORDER BY id LIMIT 1",
    }
    for name, sql in questions.items():
        plan = store.read(lambda c, sql=sql: " ".join(str(row) for row in c.execute(text(f"EXPLAIN QUERY PLAN {sql}"))))
        assert "INDEX" in plan, (name, plan)
        assert "TEMP B-TREE" not in plan, (name, plan)
