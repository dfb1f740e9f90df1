"""What the configuration and the commands say of a shared database, before there is one."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailfax.cli.app import app
from mailfax.config import EMBEDDED_DEFAULT, ConfigError, parse


def written(folder: Path, spool: str) -> Path:
    file = folder / "mailfax.toml"
    file.write_text(f"{EMBEDDED_DEFAULT}\n[spool]\n{spool}\n", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("spool", "said"),
    [
        ('database = "mysql://db/fax"', "names no PostgreSQL database"),
        ('database = "postgresql://db"', "names no PostgreSQL database"),
        ('database = "postgresql://fax:secret@db/fax"', "a password does not belong here"),
        ('node = "west"', "SQLite has none"),
        ('database = "postgresql://db/fax"\nnode = "West Wing"', "node"),
    ],
)
def test_what_cannot_work_is_said_with_its_line(tmp_path: Path, spool: str, said: str) -> None:
    text = written(tmp_path, spool).read_text()
    with pytest.raises(ConfigError, match=said) as refused:
        parse(text, tmp_path)
    line = refused.value.problems[0].line
    assert text.splitlines()[line - 1].startswith(("database", "node"))


def test_check_says_that_the_database_does_not_answer_and_no_command_shows_a_traceback(tmp_path: Path) -> None:
    file = written(tmp_path, 'database = "postgresql://fax@127.0.0.1:1/fax"')
    checked = CliRunner().invoke(app, ["check", "--config", str(file)])
    assert checked.exit_code == 78
    assert "spool.database" in checked.stdout
    assert "onnection refused" in checked.stdout


def test_a_gateway_that_is_alone_says_so(tmp_path: Path) -> None:
    file = written(tmp_path, "")
    (tmp_path / "mailfax-data").mkdir()
    (tmp_path / "mailfax-data" / "mailfax.db").touch()
    listed = CliRunner().invoke(app, ["node", "list", "--config", str(file)])
    assert listed.exit_code == 0, listed.output
    assert "shares its queue with no other" in listed.stdout
