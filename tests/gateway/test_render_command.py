"""`mailfax render`: the same pages in every kind of file, the account, and a refusal by name. Judged by libtiff and Pillow."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mailfax.cli.app import app

MAILS = Path(__file__).parents[2] / "fixtures" / "mail"


def run(*arguments: object, stdin: bytes = b"") -> tuple[int, str]:
    result = CliRunner().invoke(app, ["render", *map(str, arguments)], input=stdin)
    return result.exit_code, result.stdout


def black_of(path: Path, page: int = 0) -> np.ndarray:
    with Image.open(path) as image:
        image.seek(page)
        return ~np.asarray(image.convert("1"))


def test_png_and_tiff_show_the_same_pages_with_their_bytes_and_seconds(tmp_path: Path) -> None:
    mail = MAILS / "three-pages.eml"
    status, told = run(mail, "-o", tmp_path / "png", "--json")
    assert status == 0
    facts = json.loads(told)
    assert run(mail, "-o", tmp_path / "tiff", "--tiff")[0] == 0
    assert [Path(file).name for file in facts["files"]] == ["page-001.png", "page-002.png", "page-003.png"]
    for number, page in enumerate(facts["pages"]):
        png = tmp_path / "png" / f"page-{number + 1:03}.png"
        assert black_of(png).shape == (page["rows"], 1728)
        below = slice(44, None)  # the strip above says the minute
        assert (black_of(png)[below] == black_of(tmp_path / "tiff" / "fax.tif", number)[below]).all()
        assert page["seconds"] == pytest.approx(page["bytes"] * 8 / 14400, abs=0.06)
    assert {part["fate"] for part in facts["parts"]} == {"faxed"}


def test_a_mail_on_standard_input_becomes_a_pdf_in_the_resolution_asked_for(tmp_path: Path) -> None:
    arguments = ("-", "-o", tmp_path, "--pdf", "--resolution", "standard", "--to", "5550000")
    status, told = run(*arguments, stdin=(MAILS / "accents.eml").read_bytes())
    assert status == 0
    assert "page 1" in told
    assert (tmp_path / "fax.pdf").read_bytes().startswith(b"%PDF-")


def test_a_refused_mail_names_the_part_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    status, told = run(MAILS / "unfaxable.eml", "-o", out)
    assert status == 65
    assert "unfaxable" in told
    assert not out.exists()
