"""`mailfax number explain`: what it tells is what the door would say and what a line would dial."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailfax.cli.app import app
from mailfax.config import EMBEDDED_DEFAULT

FILE = f"""{EMBEDDED_DEFAULT}
[lines.trunk]
kind = "class1"
device = "/dev/ttyUSB0"
dial_prefix = "9,"
group = "trunk"

[domains."fax.us"]
plan = "e164"
country = "US"
area_code = "202"
groups = ["trunk"]
dial = {{ "+1202" = "" }}

[permissions.abroad]
who = ["shell", "network:192.168.1.0/24"]
to = ["GB", "local", "internal"]
hours = "mon-fri 08:00-18:00"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mailfax.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def explain(file: Path, *words: str, status: int) -> str:
    done = CliRunner().invoke(app, ["number", "explain", *words, "--config", str(file)])
    assert done.exit_code == status, done.output
    return done.output


def test_each_rule_is_shown_and_what_each_line_dials(file: Path) -> None:
    shown = explain(file, "5551234@fax.us", "--at", "fri 12:00", status=0)
    rows = [" ".join(row.split()) for row in shown.splitlines()]
    assert rows == [
        "written 5551234@fax.us, in the domain fax.us",
        "plan e164, country US +12025551234",
        "area code 202 5551234 is a local number",
        "class local",
        'dial "+1202" = "" 5551234',
        "canonical +12025551234",
        'allowed the command line may send; +12025551234 is "local" (US); rule "abroad" allows it; 5551234 is dialled.',
        "line trunk dials 9,5551234",
    ]
    facts = json.loads(explain(file, "+442079460000@fax.us", "--at", "fri 12:00", "--json", status=0))
    assert (facts["canonical"], facts["dialled"], facts["kind"], facts["country"]) == (
        "+442079460000",
        "011442079460000",
        "international",
        "GB",
    )
    assert facts["lines"] == {"trunk": "9,011442079460000"}
    private = json.loads(explain(file, "5551234", "--at", "12:00", "--client", "127.0.0.1", "--json", status=77))
    assert (private["domain"], private["kind"], private["permitted"]) == ("fax.lan", "internal", False)


def test_a_refusal_names_its_rule_and_has_a_status_of_its_own(file: Path) -> None:
    late = explain(file, "5551234@fax.us", "--at", "sat 12:00", status=77)
    assert 'rule "abroad" allows it mon-fri 08:00-18:00 only' in late
    assert "dials" not in late
    assert "no rule allows it" in explain(file, "+33123456789@fax.us", "--at", "fri 12:00", status=77)
    assert "emergency" in explain(file, "911@fax.us", "--at", "fri 12:00", status=77)
    stranger = explain(file, "5551234@fax.us", "--client", "203.0.113.9", status=77)
    assert "in no allowed network" in stranger
    assert "too short" in explain(file, "123@fax.us", status=65)
    assert "neither a fax number nor a name" in explain(file, "john2024@fax.us", status=65)
    assert "no time" in explain(file, "5551234@fax.us", "--at", "noon", status=65)
