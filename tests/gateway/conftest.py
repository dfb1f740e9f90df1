"""Fixtures of the tests of the whole gateway."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_patient import Patient
from gateway_server import Server
from gateway_watch import Watch

from postgres_server import PostgresServer


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.interop)])
def _patient(request: pytest.FixtureRequest) -> Iterator[Patient]:
    """Keep one spool through all crashes; in the end every letter that was ever posted is looked at again."""
    more = ""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        # A lease so long that nobody's commit comes between those that the tests strike at.
        more = f'[spool]\ndatabase = "{server.new_database(with_schema=False)}"\nnode = "patient"\nlease_s = 600\n'
    with tempfile.TemporaryDirectory(prefix="mailfax-crash-") as name:
        folder = Path(name)
        with Watch(folder / "watch.sock") as watch:
            patient = Patient(Server(folder, watch=watch.address, more=more), watch)
            try:
                yield patient
                patient.up()
                patient.stories([posted for posted, _ in patient.posted])
            finally:
                patient.server.stop()


@pytest.fixture
def patient(_patient: Patient) -> Iterator[Patient]:
    """Return the gateway that all crash tests share, up and with nothing left to do but what a failed test left."""
    _patient.up()
    yield _patient
    _patient.watch.release_all()
