"""A PostgreSQL server of the tests' own: Debian's programs, a cluster in a temporary folder, never as root.

One cluster serves a whole test run; each test gets a database, copied from one that has the schema already.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from mailfax.spool import database
from mailfax.spool.postgres import PostgresDatabase
from mailfax.spool.settings import SharedDatabase

TEMPLATE = "with_schema"


def program(name: str) -> str:
    """Find one of the server's programs, which Debian keeps out of the path."""
    places = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*places, os.environ["PATH"]]))
    assert found, f"{name} is missing: apt-get install postgresql"
    return found


@dataclass(kw_only=True)
class PostgresServer:
    """A running cluster."""

    folder: Path
    port: int
    user: str
    _count: Iterator[int] = field(default_factory=count)

    def url(self, name: str, port: int | None = None) -> str:
        return f"postgresql://{self.user}@127.0.0.1:{port or self.port}/{name}"

    def connect(self, name: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(self.url(name), autocommit=True)

    def new_database(self, *, with_schema: bool = True) -> str:
        """Make a database and return its URL."""
        name = f"test_{next(self._count)}"
        template = TEMPLATE if with_schema else "template1"
        with self.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            )
        return self.url(name)


@contextlib.contextmanager
def running() -> Iterator[PostgresServer]:
    """Start a cluster, and stop it and throw it away at the end. Its disk is not synced: no test here cuts the power."""
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="mailfax-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_user = {"user": user, "cwd": folder} if os.geteuid() == 0 else {"cwd": folder}
    init = [program("initdb"), "-D", "data", "-U", user, "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8"]
    subprocess.run(init, check=True, capture_output=True, **as_user)
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off -c max_connections=200"
    control = [program("pg_ctl"), "-D", "data", "-w"]
    subprocess.run([*control, "-l", "log", "-o", options, "start"], check=True, capture_output=True, **as_user)
    try:
        server = PostgresServer(folder=folder, port=port, user=user)
        with server.connect() as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        shared = SharedDatabase(url=server.url(TEMPLATE), node="template")
        made = PostgresDatabase(shared, "template")
        database.upgrade(made.writing)
        made.writing.dispose()
        made.reading.dispose()
        yield server
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, **as_user)
        shutil.rmtree(folder)
