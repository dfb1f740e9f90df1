"""The configuration file: what is good is read, what is wrong is said with its line and advice."""

from pathlib import Path

import pytest

from mailfax.config import EMBEDDED_DEFAULT, ConfigError, embedded_default, load, parse

FOLDER = Path("/srv/fax")


def problems_of(text: str) -> dict[int, str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, FOLDER)
    return {problem.line: str(problem) for problem in caught.value.problems}


def test_embedded_default_is_two_virtual_lines_on_loopback_only() -> None:
    config = embedded_default(FOLDER)
    assert {name: (line.kind, line.send, line.receive) for name, line in config.lines.items()} == {
        "out": ("virtual", True, False),
        "in": ("virtual", False, True),
    }
    assert set(config.domains) == {"fax.lan", "fax.local"}
    assert config.smtp.listen == ("127.0.0.1:8025",)
    assert config.smtp.allow_networks == ("127.0.0.0/8", "::1/128")


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mailfax.toml"
    file.write_text(EMBEDDED_DEFAULT)
    config = load(file)
    assert config.data_dir == tmp_path / "mailfax-data"
    assert config.mail.maildir == tmp_path / "mailfax-data/mailboxes"


def test_every_mistake_is_named_with_its_line_not_only_the_first() -> None:
    found = problems_of(
        """\
[smtp]
lisen = ["127.0.0.1:25"]
max_recipients = "many"
[domains."fax.lan"]
lengths = ["seven"]
[receive]
catch_all = "faxmaster@fax.lan"
[lines.usb]
kind = "class1"
speed = 1
[linez]
"""
    )
    assert set(found) == {2, 5, 10, 11}
    assert "unknown key smtp.lisen. Known are: listen," in found[2]
    assert "domains.fax.lan.lengths" in found[5]
    assert "lines.usb.speed" in found[10]
    assert "unknown key linez" in found[11]


def test_what_is_well_formed_but_cannot_work_is_named_with_advice() -> None:
    found = problems_of(
        """\
[smtp]
allow_networks = ["300.0.0.0/8"]
listen = ["nowhere"]
[domains."fax.lan"]
[receive]
catch_all = "faxmaster@fax.lan"
[receive.did]
abc = ["a@fax.lan"]
[lines.usb]
kind = "class1"
[exchange.routes]
"*" = ["nobody"]
"""
    )
    assert 'Add  device = "/dev/ttyUSB0"' in found[9]
    assert "there is no line nobody. Lines are: usb." in found[12]
    assert "'abc' is no number pattern" in found[8]
    assert "300.0.0.0/8" in found[2]
    assert "'nowhere' is no host:port" in found[3]
    assert "no mail could leave" in found[0]


def test_a_file_that_is_not_toml_is_named_with_its_line() -> None:
    assert list(problems_of("[smtp]\nlisten = nowhere\n")) == [2]


def test_missing_tables_are_named() -> None:
    found = problems_of("")
    assert "[domains]" in found[0] or "[receive]" in found[0] or "[lines]" in found[0]
