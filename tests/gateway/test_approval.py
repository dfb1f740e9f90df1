"""Faxes that an operator has to approve (AU7): shown to him, told to their sender, sent or refused by his word and by nobody else's."""

import json
import threading
from pathlib import Path

from gateway_books import mails
from gateway_server import Server, letter
from typer.testing import CliRunner

from mailfax.cli.app import app
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.secret import Secret
from mailfax.model.user import Role, User
from mailfax.spool.store import Store

RULES = """
[permissions.all]
who = ["*"]
to = ["internal"]
approve = true
"""


def wait_for_mails(server: Server, store: Store, mailbox: str, count: int) -> list[str]:
    never, mark = threading.Event(), store.changed()
    while len(arrived := mails(server.mailboxes / mailbox)) < count:
        mark = store.wait_for_change(mark, 0.5, never)
    return [str(mail["Subject"]) for mail in arrived]


def test_a_fax_waits_for_its_approval(tmp_path: Path) -> None:
    server = Server(tmp_path, more=RULES)
    file = str(server.folder / "mailfax.toml")

    def mailfax(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, [*words, "--config", file])
        assert done.exit_code == status, done.output
        return done.output

    server.start()
    try:
        server.wait_until_up()
        with server.store() as store:
            root = User(name="root", addresses=("root@fax.lan",), roles=(Role.OPERATOR,))
            store.add_user(root, Secret(argon2=""), 1)
            assert server.post(letter("ben@example.org", "5558401", "5558402", pages=2))
            assert wait_for_mails(server, store, "root@fax.lan", 1) == ["Please approve: fax to 5558401@fax.lan"]
            (asked,) = mails(server.mailboxes / "root@fax.lan")
            assert [part.get_content_type() for part in asked.walk()].count("application/pdf") == 2
            assert wait_for_mails(server, store, "ben@example.org", 1) == [
                "Your fax to 5558401@fax.lan waits for approval"
            ]
            waiting = {row["number"]: row["job"] for row in json.loads(mailfax("approve", "--json"))}
            assert set(waiting) == {"5558401", "5558402"}
            assert {job.state for job in store.jobs()} == {JobState.HELD}
            assert "approved" in mailfax("approve", waiting["5558401"])
            assert "refused" in mailfax("approve", "--refuse", waiting["5558402"])
            assert "does not wait" in mailfax("approve", waiting["5558402"], status=65)
            server.wait_until_books_are_closed(store)
            ended = {job.number: (job.state, job.outcome) for job in store.jobs()}
            assert ended == {
                "5558401": (JobState.DELIVERED, Outcome.DELIVERED),
                "5558402": (JobState.CANCELLED, Outcome.CANCELLED),
            }
        assert "Nothing waits" in mailfax("approve")
        explained = mailfax("number", "explain", "5558403", "--client", "127.0.0.1")
        assert "once an operator has approved it" in explained
        assert "approved" not in mailfax("number", "explain", "5558403", "--as", "root")
    finally:
        server.stop()
