"""`mailfax mail`: the way out tried step by step, what waits for it, and waiting mails tried at once."""

import contextlib
import json
import mailbox
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailfax.cli.app import app
from mailfax.config import EMBEDDED_DEFAULT, load
from mailfax.daemon import build
from mailfax.daemon.clock import id_maker, wall_clock_us
from mailfax.spool.records import DeliveryKind, NewDelivery
from mailfax.spool.store import Store

HOUR_US = 3_600_000_000
Mailfax = Callable[..., tuple[int, str]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "mailfax.toml").write_text(EMBEDDED_DEFAULT)
    return tmp_path / "mailfax.toml"


@pytest.fixture
def mailfax(config: Path) -> Mailfax:
    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["mail", *words, "--config", str(config)])
        return done.exit_code, done.output

    return run


def test_a_test_mail_goes_to_the_catch_all_and_is_found_there(mailfax: Mailfax, config: Path) -> None:
    status, said = mailfax("test")
    assert status == 0
    maildirs = load(config).mail.maildir
    assert maildirs is not None
    (mail,) = mailbox.Maildir(maildirs / "faxmaster@fax.lan", create=False)
    assert mail["Subject"] == "Test of the fax server"
    assert mail["Return-Path"] == "<fax@fax.lan>"
    first, last = said.splitlines()
    assert first == f"Mail for faxmaster@fax.lan goes to the Maildirs in {maildirs}."
    assert last.startswith(f"Stored as {maildirs}/faxmaster@fax.lan/new/test-")


def test_what_does_not_work_is_said_with_its_kind_of_trouble(mailfax: Mailfax, config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    text = EMBEDDED_DEFAULT.replace('maildir = "mailfax-data/mailboxes"', f'smarthost = "127.0.0.1:{port}"')
    config.write_text(text)
    status, said = mailfax("test", "anna@example.org")
    assert status == 69
    assert said.splitlines() == [
        f"Mail for anna@example.org goes to 127.0.0.1:{port}.",
        f"mailfax: Nobody listens at 127.0.0.1:{port}.",
    ]
    status, said = mailfax("test", "anna@example.org", "--json")
    assert json.loads(said) == {
        "mailbox": "anna@example.org",
        "way": f"127.0.0.1:{port}",
        "taken": False,
        "steps": [],
        "failed": "connect",
        "detail": f"Nobody listens at 127.0.0.1:{port}.",
        "status": status,
    }
    assert mailfax("test", "anna") == (67, f"Mail for anna goes to 127.0.0.1:{port}.\n{NO_ADDRESS}")


NO_ADDRESS = "mailfax: The mailbox 'anna' is not a mail address.\n"


def test_waiting_mails_are_listed_and_tried_at_once(mailfax: Mailfax, config: Path) -> None:
    settings = build.spool_settings(load(config))
    settings.directory.mkdir(mode=0o700)
    with contextlib.closing(Store(settings, id_maker())) as store:
        new = [
            NewDelivery(kind=DeliveryKind.NOTICE, recipient=name, sender="", message_digest="0" * 64, fax_id=None)
            for name in ("anna@example.org", "otto@example.org")
        ]
        assert mailfax("queue") == (0, "No mail waits.\n")
        anna, otto = (made.id for made in store.notified([], new, wall_clock_us()))
        for _ in new:
            claimed = store.claim_delivery(wall_clock_us())
            assert claimed is not None
            later_us = wall_clock_us() + HOUR_US
            store.delivery_deferred(claimed.id, later_us, "Nobody listens at mail:25.", wall_clock_us())
        status, said = mailfax("queue")
        assert status == 0
        first, second, last = said.splitlines()
        assert first.startswith(f"{anna}  to anna@example.org: waiting after 1 try, next ")
        assert first.endswith(", Nobody listens at mail:25.  (notice)")
        assert second.startswith(otto)
        assert last == "2 mails going out"
        assert [row["recipient"] for row in json.loads(mailfax("queue", "--json")[1])] == [
            "anna@example.org",
            "otto@example.org",
        ]
        assert store.claim_delivery(wall_clock_us()) is None
        assert mailfax("retry", otto) == (0, "1 mail will be tried at once\n")
        claimed = store.claim_delivery(wall_clock_us())
        assert claimed is not None
        assert (claimed.id, claimed.tries) == (otto, 2)
        assert store.claim_delivery(wall_clock_us()) is None
        assert mailfax("retry") == (0, "1 mail will be tried at once\n")
        assert mailfax("retry", otto)[0] == 65
        assert store.history(anna)[-1].why == "to be tried at once"
