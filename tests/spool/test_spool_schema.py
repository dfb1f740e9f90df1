"""The schema that alembic makes is the one that the code believes in."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from spoolkit import NOW_US, open_store, settings_for
from sqlalchemy import Connection, Select, create_engine, text

import mailfax.spool
from mailfax.spool import deliveries, faxes, held, jobs, notices, sqlite, submissions
from mailfax.spool.disk import SpoolFault
from mailfax.spool.records import Share
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


def test_a_count_of_pages_becomes_the_set_that_it_meant(tmp_path: Path) -> None:
    """0002: until then a job's pages were confirmed from its first on."""
    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    script = Config()
    script.set_main_option("script_location", str(Path(mailfax.spool.__file__).parent / "migrations"))
    columns = "submission_id, to_number, to_domain, notify, orcpt, number, state, created_us, not_before_us, dials, tries, line, notes"
    with engine.begin() as connection:
        script.attributes["connection"] = connection
        upgrade(script, "0001")
        for count in (0, 1, 7):
            row = f"'J{count}', {count}, 'M', '5', 'fax.lan', 0, '', '5', 'queued', 0, 0, 1, 0, '', '[]'"
            connection.execute(text(f"INSERT INTO jobs (id, confirmed_pages, {columns}) VALUES ({row})"))
        upgrade(script, "head")
        found = connection.execute(text("SELECT confirmed FROM jobs ORDER BY id")).scalars().all()
    engine.dispose()
    assert found == ["", "1", "1-7"]


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


def plan(connection: Connection, question: Select[str]) -> str:
    """Return SQLite's plan for the question as it is really asked, with its parameters bound."""
    asked = question.compile(connection, compile_kwargs={"render_postcompile": True})
    values = tuple(asked.params[name] for name in asked.positiontup or ())
    return " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", values))


@pytest.mark.parametrize(
    ("question", "indexes"),
    [
        (jobs.due(NOW_US, Share(domains=("fax.lan",))), {"ix_jobs_due", "ux_jobs_on_line_number"}),
        (deliveries.due(NOW_US), {"ix_deliveries_due"}),
        (submissions.waiting_render(), {"ix_submissions_state"}),
        (notices.untold(), {"ix_submissions_untold", "ix_jobs_submission"}),
        (notices.untold((), NOW_US), {"ix_submissions_untold", "ix_jobs_submission", "ix_submissions_post"}),
        (held.unshown(), {"ix_jobs_unshown"}),
        (faxes.unrouted(), {"ix_faxes_unrouted"}),
    ],
)
def test_work_lists_are_read_from_their_index_in_order(store: Store, question: Select[str], indexes: set[str]) -> None:
    steps = store.read(lambda c: plan(c, question))
    assert {word for word in steps.split() if word.startswith(("ix_", "ux_"))} == indexes, steps
    assert "TEMP B-TREE" not in steps


def test_attempts_of_an_older_spool_are_kept_when_a_call_may_have_several(tmp_path: Path) -> None:
    """0003 makes the table again, since SQLite cannot change a primary key."""
    settings = settings_for(tmp_path)
    settings.directory.mkdir()
    engine = sqlite.open_engine(settings.database, "BEGIN IMMEDIATE")
    config = Config()
    config.set_main_option("script_location", str(Path(mailfax.spool.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            text(
                "INSERT INTO submissions VALUES ('M1', 1, 'a@b', '', '', 'd', 1, '', '', '', 0, 'rendered', NULL, NULL, '[]')"
            )
        )
        names = "id, submission_id, to_number, to_domain, notify, orcpt, number, state, created_us, not_before_us, dials, tries, line, notes, confirmed"
        connection.execute(
            text(
                f"INSERT INTO jobs ({names}) VALUES ('J1', 'M1', '1', 'b', 0, '', '1', 'queued', 1, 1, 1, 0, '', '[]', '1')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO attempts (call_id, job_id, line, started_us, confirmed, passed_over, station_id, modulation, bit_rate,"
                " seconds, detail) VALUES ('C1', 'J1', 'west', 5, '1', '', 'X', 'V.17', 9600, 1.5, 'cut')"
            )
        )
    engine.dispose()
    store = open_store(tmp_path)
    (attempt,) = store.attempts("J1")
    assert (attempt.call_id, attempt.line, attempt.started_us) == ("C1", "west", 5)
    assert [job.id for job in store.jobs_of_call("C1")] == ["J1"]
    store.close()
