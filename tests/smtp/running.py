"""A real listener on a real socket, with a door that remembers: the clients in these tests are other people's software."""

import asyncio
import smtplib
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mailfax.model.address import AddressError, parse_recipient, split_mailbox
from mailfax.model.outcome import Outcome
from mailfax.model.secret import ScramKeys
from mailfax.smtp.door import Accepted, Client, Incoming, Permitted, Refused
from mailfax.smtp.listener import Listener
from mailfax.smtp.login import Credentials

T = TypeVar("T")
ACCEPTED = Accepted(submission_id="M0123456789AB", said="accepted as M0123456789AB")
ANNA = Credentials(name="anna", password="korrekt Pferd")
NOW_US = 1_763_820_000_000_000  # 2025-11-22 14:00 UTC


@dataclass
class RecordingDoor:
    """Takes seven-digit numbers of fax.lan, and keeps what it accepted."""

    accepted: list[Incoming] = field(default_factory=list)
    asked: list[tuple[Client, str, str]] = field(default_factory=list)
    answer: Accepted | Refused | Exception = ACCEPTED
    held: asyncio.Event | None = None
    waiting: threading.Event = field(default_factory=threading.Event)
    known: bool = True
    logins: list[Credentials] = field(default_factory=list)
    scram: dict[str, ScramKeys] = field(default_factory=dict)

    def knows(self, client: Client) -> bool:
        return self.known

    async def log_in(self, credentials: Credentials) -> str:
        self.logins.append(credentials)
        return "anna" if credentials == ANNA else ""

    async def scram_keys(self, name: str) -> ScramKeys | None:
        return self.scram.get(name)

    async def scram_user(self, name: str) -> str:
        return name if name in self.scram else ""

    async def sender(self, client: Client, sender: str) -> Refused | None:
        return None if sender == "anna@example.com" else Refused(outcome=Outcome.NOT_YOUR_ADDRESS)

    async def recipient(self, client: Client, sender: str, mailbox: str) -> Permitted | Refused:
        self.asked.append((client, sender, mailbox))
        try:
            (address,) = parse_recipient(*split_mailbox(mailbox)).addresses
        except AddressError as fault:
            return Refused(outcome=Outcome.BAD_NUMBER, detail=str(fault))
        if address.domain != "fax.lan":
            return Refused(outcome=Outcome.NOT_OUR_DOMAIN)
        if len(address.number) != 7:
            return Refused(outcome=Outcome.NO_SUCH_NUMBER)
        return Permitted(address=address)

    async def accept(self, incoming: Incoming) -> Accepted | Refused:
        if self.held is not None:
            self.waiting.set()
            await self.held.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, Accepted):
            self.accepted.append(incoming)
        return self.answer


class Raw:
    """A client that says exactly what a test tells it to."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.lines = self.socket.makefile("rb")

    def read(self) -> str:
        """Return one reply (its last line), or nothing at the end of the connection."""
        while True:
            line = self.lines.readline().decode("ascii").rstrip("\r\n")
            if line[3:4] != "-":
                return line

    def say(self, octets: bytes) -> str:
        self.socket.sendall(octets)
        return self.read()

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


class Background:
    """An event loop in a thread, so that blocking clients can be used."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@dataclass
class Server:
    """A running listener."""

    door: RecordingDoor
    background: Background
    listener: Listener

    @property
    def port(self) -> int:
        return self.listener.addresses[0][1]

    def port_of(self, place: int) -> int:
        return self.listener.addresses[place][1]

    @contextmanager
    def raw(self, hello: bytes = b"EHLO client.example\r\n") -> Iterator[Raw]:
        client = Raw(self.port)
        try:
            greeting = client.read()
            assert greeting.startswith("220 fax.example ESMTP"), greeting
            if hello:
                assert client.say(hello).startswith("250")
            yield client
        finally:
            client.close()

    @contextmanager
    def smtplib(self) -> Iterator[smtplib.SMTP]:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
            yield client

    def stop(self) -> None:
        self.background.run(self.listener.close())


Start = Callable[..., Server]
