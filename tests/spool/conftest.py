"""Fixtures of the spool's tests. A test that asks for `store` runs on SQLite and on PostgreSQL.

On PostgreSQL only the modules of `EVERYDAY` run in `make test`; the others do in `make interop`.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from spoolkit import DATABASE_URL, open_store, settings_for

from mailfax.spool.blobs import BlobStore
from mailfax.spool.store import Store
from postgres_server import PostgresServer

SQLITE, POSTGRES = "sqlite", "postgres"
EVERYDAY = {"test_spool_mail"}  # and test_spool_shared, which knows no other
SQLITE_ONLY = {
    "test_spool_schema",
    "test_spool_writer",
    "test_spool_syncs",
    "test_spool_backup",
}  # what they ask is SQLite's own affair


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind_of_store" not in metafunc.fixturenames:
        return
    module = metafunc.module.__name__
    kinds = [SQLITE]
    if module not in SQLITE_ONLY:
        kinds.append(
            POSTGRES if module in EVERYDAY else pytest.param(POSTGRES, marks=pytest.mark.interop)  # type: ignore[arg-type]
        )
    metafunc.parametrize("kind_of_store", kinds, scope="function")


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database as alembic makes it, once for all tests that do not ask about that."""
    folder = tmp_path_factory.mktemp("new")
    open_store(folder).close()
    return settings_for(folder).database


@pytest.fixture
def kind_of_store() -> str:
    return SQLITE


@pytest.fixture
def spool_folder(tmp_path: Path, kind_of_store: str, request: pytest.FixtureRequest) -> Path:
    """Return a folder in which `spoolkit` opens a spool, its schema made."""
    if kind_of_store == POSTGRES:
        server: PostgresServer = request.getfixturevalue("postgres")
        (tmp_path / DATABASE_URL).write_text(server.new_database())
    else:
        settings_for(tmp_path).directory.mkdir()
        shutil.copy(request.getfixturevalue("new_database"), settings_for(tmp_path).database)
    return tmp_path


@pytest.fixture
def store(spool_folder: Path) -> Iterator[Store]:
    opened = open_store(spool_folder)
    yield opened
    opened.close()


@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[BlobStore]:
    opened = BlobStore(settings_for(tmp_path))
    yield opened
    opened.close()
