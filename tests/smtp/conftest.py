"""Fixtures: a listener for each test that wants one."""

from collections.abc import Iterator
from typing import Any

import pytest

from mailfax.smtp.listener import serve_smtp
from mailfax.smtp.settings import Listen, SmtpSettings
from tests.smtp.running import NOW_US, Background, RecordingDoor, Server, Start


@pytest.fixture
def background() -> Iterator[Background]:
    running = Background()
    yield running
    running.close()


@pytest.fixture
def start(background: Background) -> Iterator[Start]:
    """Start a listener with the limits a test wants."""
    servers: list[Server] = []

    def begin(**limits: Any) -> Server:  # noqa: ANN401 (any of the settings)
        door = RecordingDoor()
        settings = SmtpSettings(hostname="fax.example", **{"listen": (Listen(port=0),), **limits})
        server = Server(door, background, background.run(serve_smtp(settings, door, lambda: NOW_US)))
        servers.append(server)
        return server

    yield begin
    for server in servers:
        server.stop()


@pytest.fixture
def server(start: Start) -> Server:
    return start()
