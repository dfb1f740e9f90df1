"""Fixtures of the spool's tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from spoolkit import open_store, settings_for

from mailfax.spool.blobs import BlobStore
from mailfax.spool.store import Store


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database as alembic makes it, once for all tests that do not ask about that."""
    folder = tmp_path_factory.mktemp("new")
    open_store(folder).close()
    return settings_for(folder).database


@pytest.fixture
def store(tmp_path: Path, new_database: Path) -> Iterator[Store]:
    settings_for(tmp_path).directory.mkdir()
    shutil.copy(new_database, settings_for(tmp_path).database)
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[BlobStore]:
    opened = BlobStore(settings_for(tmp_path))
    yield opened
    opened.close()
