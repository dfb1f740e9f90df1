"""The spool from the command line: what it holds, cleaning it, saving it and getting it back."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_door import Gateway

from tests.smtp.running import Background


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with contextlib.closing(Background()) as background, contextlib.closing(Gateway(tmp_path, background)) as gateway:
        yield gateway


def test_a_spool_is_looked_at_cleaned_saved_and_restored(gateway: Gateway, tmp_path: Path) -> None:
    gateway.blobs.put(b"nobody's")
    held = json.loads(gateway.mailfax("spool", "status", "--json"))
    assert (held["blobs"], held["unnamed_blobs"], held["mails"], held["removed"]) == (1, 1, 0, [])
    assert "free" in gateway.mailfax("spool", "status")
    assert json.loads(gateway.mailfax("spool", "clean", "--days", "1", "--json")) == dict.fromkeys(
        ("mails", "sent pages", "received pages", "outgoing mails", "records", "transcripts", "damaged calls"), 0
    )
    target = tmp_path / "saved.tar"
    assert json.loads(gateway.mailfax("backup", str(target), "--json"))["missing"] == 0
    assert json.loads(gateway.mailfax("restore", str(target), "--check", "--json"))["whole"]
    assert "has a spool already" in gateway.mailfax("restore", str(target), status=65)
    target.write_bytes(target.read_bytes()[:700])
    assert "damaged" in gateway.mailfax("restore", str(target), "--check", status=65)
