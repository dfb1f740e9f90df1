"""`mailfax modem send` and `mailfax modem receive` as a person calls them, in processes of their own, over the lab's modem."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
from lab.class2modem import Model
from lab.documents import read_pages, write_letter
from lab.fixture import LabExchange

pytestmark = [pytest.mark.live, pytest.mark.timeout(200)]


MODEM = (sys.executable, "-c", "from mailfax.cli import main; main()", "modem")


def mailfax(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MODEM, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def test_send_tells_what_happens_and_exits_with_zero(lab_exchange: LabExchange, tmp_path: Path) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif")
    text, letter = tmp_path / "note.txt", write_letter(tmp_path / "letter.tif", 2, "fine")
    text.write_text("Dear reader,\n\nthis is the cover.\n")
    done = mailfax("send", lab_exchange.device, "555-1234", text, letter, "--transcript", tmp_path / "call.txt")
    assert done.returncode == 0, done.stderr
    told = [line[9:] for line in done.stdout.splitlines()]
    steps = ("dialling 5551234", "remote is 5550002", "trained V.17 14400", "page 1 of 3 confirmed", "delivered:")
    found = [next(at for at, line in enumerate(told) if line.startswith(step)) for step in steps]
    assert found == sorted(found)
    assert len(read_pages(tmp_path / "got.tif")) == 3
    assert "\tMCF\tffc831" in (tmp_path / "call.txt").read_text()


def test_receive_keeps_the_fax_and_says_where(lab_exchange: LabExchange, tmp_path: Path) -> None:
    letter = write_letter(tmp_path / "letter.tif", 2)
    command = [*MODEM, "receive", lab_exchange.device, str(tmp_path / "in"), "--json", "--wait", "60"]
    process = subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True)
    assert process.stderr is not None
    assert any("waiting for a call" in said for said in process.stderr)
    lab_exchange.ring(f"send:{letter}", did="5559001", cid="5551111")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    facts = json.loads(out)
    assert (facts["outcome"], facts["pages"], facts["confirmed_pages"]) == ("received", 2, 2)
    got, sent = read_pages(Path(facts["files"][0])), read_pages(letter)
    assert all(np.array_equal(one, other) for one, other in zip(got, sent, strict=True))


@pytest.mark.interop
@pytest.mark.parametrize("lab_exchange", [Model(hex_numbers=False)], indirect=True)
def test_a_class_can_be_asked_for(lab_exchange: LabExchange, tmp_path: Path) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif")
    letter, transcript = write_letter(tmp_path / "letter.tif", 1), tmp_path / "call.txt"
    done = mailfax("send", lab_exchange.device, "5551234", letter, "--class", "2.0", "--transcript", transcript)
    assert done.returncode == 0, done.stderr
    assert len(read_pages(tmp_path / "got.tif")) == 1
    rows = transcript.read_text()
    assert "\t> AT+FDT" in rows
    assert "\t< +FHS:00" in rows
    shown = subprocess.run([*MODEM[:-1], "call", "show", str(transcript)], capture_output=True, text=True, check=True)
    assert "modem > AT+FDT" in shown.stdout


def test_an_interrupt_from_the_keyboard_hangs_up_and_says_so(lab_exchange: LabExchange, tmp_path: Path) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif")
    letter = write_letter(tmp_path / "letter.tif", 3, "fine")
    with subprocess.Popen(
        [*MODEM, "send", lab_exchange.device, "5551234", str(letter)], stdout=PIPE, text=True
    ) as process:
        assert process.stdout is not None
        while "page 1 of 3 on the line" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 1
    assert "interrupted: " in rest
    assert "0 of 3 pages confirmed" in rest
    assert lab_exchange.finished(20).why == "modem hung up"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("{device}", "999", "{text}"), 1, "busy: The number was busy."),
        (("{device}", "five", "{text}"), 64, "'five' is not a dialable number."),
        pytest.param(
            ("{device}", "5551234", "{text}", "--from-page", "9"),
            64,
            "there is no page 9; the document has 1.",
            marks=pytest.mark.interop,
        ),
        pytest.param(
            ("/nowhere/modem", "5551234", "{text}"),
            1,
            "line-fault: Our modem or line failed. Check the modem",
            marks=pytest.mark.interop,
        ),
        pytest.param(
            ("{device}", "5551234", "{odd}"),
            1,
            "unfaxable: A part of the message is of a kind that cannot be faxed.",
            marks=pytest.mark.interop,
        ),
    ],
)
def test_what_goes_wrong_is_said_and_has_its_exit_status(
    lab_exchange: LabExchange, tmp_path: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    lab_exchange.route("999", "busy")
    (tmp_path / "note.txt").write_text("Hello.\n")
    (tmp_path / "odd.bin").write_bytes(bytes(range(256)) * 9)
    names = {"device": lab_exchange.device, "text": tmp_path / "note.txt", "odd": tmp_path / "odd.bin"}
    done = mailfax("send", *(argument.format(**names) for argument in arguments))
    assert done.returncode == status, done
    assert said in done.stdout + done.stderr


@pytest.mark.interop
def test_nobody_calls(lab_exchange: LabExchange, tmp_path: Path) -> None:
    done = mailfax("receive", lab_exchange.device, tmp_path / "in", "--wait", "1")
    assert (done.returncode, "no call came in" in done.stdout) == (1, True)
