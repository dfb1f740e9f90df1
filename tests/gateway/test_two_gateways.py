"""Two gateways with two lines each on one PostgreSQL, and 2,000 faxes: one is cut off from the database, one is killed (CL1, RL1).

Nothing is lost and nothing is doubled in silence. `MAILFAX_TWO_GATEWAYS` is another number of faxes.
"""

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest
from gateway_books import mails
from gateway_server import Server, letter

from cut_wire import CutWire
from mailfax.config import load
from mailfax.daemon import build
from mailfax.daemon.clock import id_maker
from mailfax.model.job import JobState
from mailfax.spool.settings import SharedDatabase, SpoolSettings
from mailfax.spool.store import Store
from postgres_server import PostgresServer

FAXES = int(os.environ.get("MAILFAX_TWO_GATEWAYS", "2000"))
A_MAIL = 50  # recipients
LIMIT_S = 3000.0
LEASE_S = 3.0
pytestmark = [pytest.mark.interop, pytest.mark.timeout(LIMIT_S + 300)]


def gateway(folder: Path, name: str, url: str) -> Server:
    """Make a gateway of its own folder, with mailboxes that the others have too."""
    (folder / name).mkdir()
    more = f'[spool]\ndatabase = "{url}"\nnode = "{name}"\nlease_s = {LEASE_S}\nlost_after_min = 60\n'
    server = Server(folder / name, more=more)
    file = folder / name / "mailfax.toml"
    common = file.read_text(encoding="utf-8").replace("mailfax-data/mailboxes", str(folder / "mailboxes"))
    file.write_text(common, encoding="utf-8")
    server.config = load(file)
    return server


@pytest.fixture
def wire(postgres: PostgresServer) -> Iterator[CutWire]:
    with CutWire(postgres.port) as made:
        yield made


@contextlib.contextmanager
def onlooker(folder: Path, url: str) -> Iterator[Store]:
    shared = SharedDatabase(url=url, node="onlooker")
    settings = SpoolSettings(directory=folder / "onlooker", reserve_bytes=0, shared=shared)
    with contextlib.closing(Store(settings, id_maker())) as store:
        yield store


class Books:
    """How far all is."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._deadline_s = time.monotonic() + LIMIT_S

    def final(self) -> int:
        return sum(job.state.final for job in self._store.jobs(limit=10 * FAXES))

    def open_things(self) -> int:
        jobs = sum(not job.state.final for job in self._store.jobs(limit=10 * FAXES))
        mail = len(self._store.waiting_deliveries())
        rest = (self._store.next_unnotified(), self._store.next_unrouted_fax())
        return jobs + mail + sum(one is not None for one in rest)

    def wait_for(self, share: float) -> None:
        mark, never = self._store.changed(), threading.Event()
        while self.final() < share * FAXES:
            assert time.monotonic() < self._deadline_s, f"only {self.final()} of {FAXES} faxes have an end"
            mark = self._store.wait_for_change(mark, 1.0, never)

    def wait_until_closed(self) -> None:
        never = threading.Event()
        while self.open_things():
            assert time.monotonic() < self._deadline_s, f"{self.open_things()} things have no end"
            never.wait(0.5)


def arrived(folder: Path) -> Counter[str]:
    """Count the faxes in all mailboxes by the number they were for."""
    boxes = [box for box in (folder / "mailboxes").iterdir() if not box.name.startswith("sender")]
    found: list[Message] = [message for box in boxes for message in mails(box)]
    return Counter(str(message["X-Fax-To"]) for message in found)


def told(folder: Path, sender: str) -> str:
    words = []
    for message in mails(folder / "mailboxes" / sender):
        parts = (part for part in message.walk() if not part.is_multipart())
        words += [bytes(part.get_payload(decode=True) or b"").decode() for part in parts]
    return "\n".join(words)


def test_one_is_cut_off_and_one_is_killed_and_every_fax_has_its_end(
    tmp_path: Path, postgres: PostgresServer, wire: CutWire
) -> None:
    url = postgres.new_database(with_schema=False)
    a = gateway(tmp_path, "a", url)
    b = gateway(tmp_path, "b", postgres.url(url.rpartition("/")[2], wire.port))
    numbers = [f"55{number:05d}" for number in range(FAXES)]
    posted = [
        letter(f"sender{first:05d}@example.org", *numbers[first : first + A_MAIL], pages=1)
        for first in range(0, FAXES, A_MAIL)
    ]
    try:
        for one in (a, b):
            one.start()
            one.wait_until_up()
        begun_s = time.monotonic()
        for place, mail in enumerate(posted):
            assert (a, b)[place % 2].post(mail)
        with onlooker(tmp_path, url) as store:
            books = Books(store)
            books.wait_for(0.2)
            wire.cut()
            books.wait_for(0.4)  # by the other alone
            wire.mend()
            books.wait_for(0.6)
            a.kill()
            books.wait_for(0.9)  # by the one that is left
            a.start()
            a.wait_until_up()
            books.wait_until_closed()
            print(f"{FAXES} faxes in {time.monotonic() - begun_s:.0f} s")
            jobs = {job.number: job for job in store.jobs(limit=10 * FAXES)}
            calls = {number: store.attempts(job.id) for number, job in jobs.items()}
            nodes = Counter(attempt.node for made in calls.values() for attempt in made)
    finally:
        for one in (a, b):
            one.stop()
    assert sorted(jobs) == numbers  # nothing is lost
    assert {job.state for job in jobs.values()} <= {JobState.DELIVERED, JobState.UNCERTAIN}
    copies = arrived(tmp_path)
    assert copies.keys() <= set(numbers)
    words = {mail.sender: told(tmp_path, mail.sender) for mail in posted}
    for mail in posted:
        for number in mail.numbers:
            job, said = jobs[number], words[mail.sender]
            assert number in said, f"the sender of {job} was told nothing"
            if job.state is JobState.DELIVERED:
                assert copies[number] >= 1, f"{job} was confirmed and is missing"
            if copies[number] > 1 or (copies[number] and job.state is JobState.UNCERTAIN):
                assert "may have arrived twice" in said or "not confirmed" in said, f"{job} went out twice in silence"
    assert sum(job.state is JobState.UNCERTAIN for job in jobs.values()) <= 4  # a line each, at most, and each crash
    assert min(nodes["a"], nodes["b"]) > FAXES / 10, nodes  # both have worked
    assert not [path for one in (a, b) for path in build.spool_settings(one.config).calls.glob("*/C*")]
