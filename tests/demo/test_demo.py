"""`mailfax demo` as a newcomer runs it: its exit status is 0 when every page arrived, and only then."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(180)


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mailfax", "demo", *options], capture_output=True, text=True, check=False
    )


def test_our_own_mails_arrive_and_the_sender_is_told() -> None:
    result = demo()
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("all pages equal") == 3
    assert "trained V.17 14400" in result.stdout
    assert result.stdout.count("Subject: Fax to") == 3
    pdfs = [Path(line.rpartition(" ")[2]) for line in result.stdout.splitlines() if line.startswith("received for")]
    assert len(pdfs) == 3
    assert all(pdf.read_bytes().startswith(b"%PDF") for pdf in pdfs)


def test_one_damaged_page_makes_it_fail() -> None:
    mail = Path(__file__).parents[2] / "fixtures/mail/three-pages.eml"
    result = demo("--mail", str(mail), "--to", "5551234", "--damage-page", "2")
    assert result.returncode == 1
    assert "delivered, DIFFERENT pels (page 2:" in result.stdout, result.stdout
    assert "NOT every page arrived equal" in result.stdout


@pytest.mark.interop
def test_a_number_that_is_none_is_refused_with_the_servers_words() -> None:
    mail = Path(__file__).parents[2] / "fixtures/mail/accents.eml"
    result = demo("--mail", str(mail), "--to", "john.smith2024")
    assert result.returncode == 1
    assert "550 5.1.1" in result.stderr
