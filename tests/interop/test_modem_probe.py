"""`mailfax modem probe` and `mailfax modem at` as a person calls them, on the lab's modem."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from lab.documents import read_pages
from lab.fixture import LabExchange

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]
MODEM = (sys.executable, "-m", "mailfax", "modem")


def mailfax(*arguments: object, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [*MODEM, *map(str, arguments)]
    return subprocess.run(command, input=said, capture_output=True, text=True, timeout=100, check=False)


def test_a_probe_knows_the_modem_tries_it_and_says_what_belongs_in_the_configuration(
    lab_exchange: LabExchange, tmp_path: Path
) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif")
    done = mailfax("probe", lab_exchange.device, "--call", "5551234", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["profile"], facts["classes"], facts["caller_id"]) == ("iaxmodem", ["1", "1.0"], True)
    assert facts["abilities"][0]["sends"][-1] == facts["abilities"][1]["receives"][-1] == "V.17 14400"
    assert facts["call"]["outcome"] == "delivered"
    assert len(read_pages(tmp_path / "got.tif")) == 1
    (line,) = tomllib.loads("\n".join(facts["config"]))["lines"].values()
    assert line == {"kind": "modem", "device": lab_exchange.device, "profile": "iaxmodem", "number": ""}


@pytest.mark.interop
def test_a_trial_call_that_fails_is_said_and_is_the_exit_status(lab_exchange: LabExchange) -> None:
    lab_exchange.route("*", "busy")
    done = mailfax("probe", lab_exchange.device, "--call", "5551234")
    assert done.returncode == 1
    assert "call      busy: The number was busy." in done.stdout
    assert "[lines.modem0]" in done.stdout


@pytest.mark.interop
def test_a_loop_of_two_modems_is_compared_pixel_by_pixel(lab_exchange: LabExchange) -> None:
    lab_exchange.route("*", "modem:1")
    done = mailfax("probe", lab_exchange.device, "--call", "5550101", "--loop", lab_exchange.second_modem())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "call      delivered" in done.stdout
    assert "page      arrived pixel by pixel" in done.stdout


def test_commands_in_a_pipe_are_answered_with_their_times(lab_exchange: LabExchange, tmp_path: Path) -> None:
    log = tmp_path / "said.txt"
    done = mailfax("at", lab_exchange.device, "--log", log, said="ATE0\nATI\n\nATI9\nAT+FCLASS=?\n!4154300d\n")
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()
    said = [row[10:] for row in rows if not row[10:].startswith("< ATE0")]  # the echo, which that command ends
    assert said == [
        *("> ATE0", "< OK", "> ATI", "< spandsp", "< OK", "> ATI9", "< ERROR"),
        *("> AT+FCLASS=?", "< 0,1,1.0", "< OK", "> !4154300d", "< OK"),
    ]
    assert [float(row[:9]) for row in rows] == sorted(float(row[:9]) for row in rows)
    assert log.read_text() == done.stdout


def test_no_device_is_said_in_words(tmp_path: Path) -> None:
    for verb in ("probe", "at"):
        done = mailfax(verb, tmp_path / "nothing")
        assert done.returncode in {1, 74}
        assert "cannot be used" in done.stderr
