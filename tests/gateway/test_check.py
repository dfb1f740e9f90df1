"""`mailfax check` and `mailfax serve` agree: what the one calls ready, the other starts with."""

from collections.abc import Callable
from inspect import signature
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from mailfax.cli.app import app
from mailfax.config import EMBEDDED_DEFAULT, Config, ConfigError, embedded_default, parse
from mailfax.daemon import build, checks
from mailfax.daemon.checks import Finding, machine_findings

# Each key with its value, so that one can be taken out, misspelt, or given another.
GOOD: dict[tuple[str, str], str] = {
    ("", "data_dir"): '"data"',
    ("smtp", "listen"): '["127.0.0.1:0", "[::1]:8025"]',
    ("smtp", "hostname"): '"fax.example.org"',
    ("smtp", "max_message_mb"): "20",
    ("smtp", "allow_networks"): '["127.0.0.0/8", "::1/128"]',
    ('domains."fax.lan"', "lengths"): "[7, 8]",
    ("domains.Office", "plan"): '"private"',
    ("receive", "catch_all"): '"faxmaster@example.org"',
    ("receive.did", "5550100"): '["office@example.org"]',
    ("receive.did", "55501xx"): '["sales@example.org", "archive"]',
    ("mail", "maildir"): '"mailboxes"',
    ("mail", "smarthost"): '"mail.example.org:587"',
    ("mail", "local_domains"): '["example.com"]',
    ("mail", "tls"): '"starttls"',
    ("mail", "verify"): "true",
    ("mail", "user"): '"anna"',
    ("mail", "password_file"): '"password"',
    ("mail", "sender"): '"fax@example.org"',
    ("identity", "station_id"): '"+49 30 1"',
    ("identity", "time_zone"): '"Europe/Berlin"',
    ("lines.usb", "kind"): '"class1"',
    ("lines.usb", "device"): '"/dev/ttyUSB0"',
    ("lines.usb", "number"): '"5550100"',
    ("lines.usb", "flow"): '"rtscts"',
    ("lines.usb", "speed"): "115200",
    ("lines.usb", "dial_prefix"): '"0,"',
    ("lines.in", "kind"): '"virtual"',
    ("lines.in", "number"): '"5550002"',
    ("calls", "after_refusal"): '"go-on"',
    ("calls", "good_rows_percent"): "90",
    ("calls", "damaged_rows"): '"white"',
    ("exchange.routes", "5550404"): '["busy"]',
    ("exchange.routes", '"*"'): '["in"]',
    ("exchange", "damage_page"): "1",
    ("render", "memory_mb"): "512",
    ("render", "fonts"): '["a.ttf"]',
    ("spool", "reserve_mb"): "0",
}
WORDS = st.sampled_from([
    *(value for value in GOOD.values() if value.startswith('"')),
    *('""', '"."', '".."', '"../../x"', '"Europe"', '"Europe/Nowhere"', '"localhost:abc"', '"[::1]:25"', '"[::x]:25"'),
    *('"::1"', '"host:99999"', '":0"', '"0.0.0.0/0"', '"192.168.1.5/24"', '"abc"', '"not an address"', '"a@"', '"ä@ö.de"'),
    *('"fax lan"', '"busy"', '"in"', '"usb"', '"implicit"', '"none"', '"a\\u0000b"', '"a\\nb"', '"\\u0664"'),
])  # fmt: skip
NUMBERS = st.sampled_from(["0", "-1", "1", "7", "2400", "99999999999999999999"])
OTHERS = st.sampled_from(["3.5", "true", "nan", "1e400", "2020-01-01", "{}", "{ a = 1 }", "[[]]"])
LISTS = st.lists(WORDS | NUMBERS, max_size=2).map(lambda entries: f"[{', '.join(entries)}]")
NAMES = st.sampled_from([
    *('"Fax.LAN."', '"FAX.lan"', '"fax..lan"', '""', '"../../x"', '".new"', "busy", "number", "tls", "kind", '"ä"', '"55*x"'),
    *('"+4930x"', '"*"', '"a\\u0000b"', "device", "lengths", "catch_all"),
])  # fmt: skip


def written(keys: dict[tuple[str, str], str]) -> str:
    """Write a file of these keys, those of one table together."""
    rows = []
    for table in dict.fromkeys(table for table, _ in keys):
        rows += [f"[{table}]"] if table else []
        rows += [f"{key} = {value}" for (where, key), value in keys.items() if where == table]
    return "\n".join(rows) + "\n"


def likely(value: str) -> st.SearchStrategy[str]:
    """Choose among values of the same kind, since those of another are refused at once."""
    return LISTS if value.startswith("[") else WORDS if value.startswith('"') else NUMBERS


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return the good file with one or two things wrong, or merely changed."""
    keys = dict(GOOD)
    for table, key in draw(st.lists(st.sampled_from(list(GOOD)), min_size=1, max_size=2, unique=True)):
        value = keys[table, key]
        match draw(st.sampled_from(["value", "value", "value", "gone", "key"])):
            case "value":
                keys[table, key] = draw(st.one_of(*[likely(value)] * 4, WORDS | NUMBERS | LISTS | OTHERS))
            case "gone":
                del keys[table, key]
            case "key":
                keys[table, draw(NAMES)] = keys.pop((table, key))
    named = draw(st.sampled_from(["", "", "domains.Office", "lines.usb"]))
    name = f"{named.partition('.')[0]}.{draw(NAMES)}"
    keys = {(name if table == named and named else table, key): value for (table, key), value in keys.items()}
    return written(keys)


def make_all_settings(config: Config) -> None:
    """Do what `serve` and every line do first."""
    for make in build.SETTINGS:
        make(config)
    for name in config.lines:
        for make_for_line in build.LINE_SETTINGS:
            make_for_line(config, name)


def test_the_good_file_is_good() -> None:
    make_all_settings(parse(written(GOOD), Path("/srv/fax")))


@given(mutated())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_a_file_that_check_takes_is_one_that_serve_can_start_with(text: str) -> None:
    try:
        config = parse(text, Path("/srv/fax"))
    except ConfigError as error:
        for problem in error.problems:
            assert problem.text
            assert problem.advice
            assert "`" not in str(problem)  # the words of a library, not ours
        return
    make_all_settings(config)
    assert all(0 <= listen.port <= 65535 for listen in build.smtp_settings(config).listen)
    calls = build.spool_settings(config).calls
    assert all((calls / name).resolve().parent == calls.resolve() for name in config.lines)


def test_check_makes_every_settings_that_build_can_make() -> None:
    public = {
        make
        for name, make in vars(build).items()
        if callable(make) and getattr(make, "__module__", "").startswith(build.__name__) and not name.startswith("_")
    }
    # What also takes a store, a clock or another part makes no settings, but a part of the running server.
    public = {make for make in public if signature(make).parameters.keys() <= {"config", "name"}}
    assert public == {*build.SETTINGS, *build.LINE_SETTINGS}


def test_what_the_sense_checks_overlook_is_a_finding_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(config: Config) -> object:
        raise ValueError("The number plan is too small.")

    factories: tuple[Callable[[Config], object], ...] = (*build.SETTINGS, refuse)
    monkeypatch.setattr(checks, "SETTINGS", factories)
    (finding,) = machine_findings(parse(EMBEDDED_DEFAULT, tmp_path))
    assert finding.fatal
    assert "The number plan is too small." in finding.text


def findings_of(folder: Path, lines: str, networks: str = '["127.0.0.0/8"]') -> list[Finding]:
    text = EMBEDDED_DEFAULT.replace("[smtp]", f"[spool]\nreserve_mb = 0\n[smtp]\nallow_networks = {networks}")
    head, _, _ = text.partition("[lines.out]")
    return [finding for finding in machine_findings(parse(head + lines, folder)) if "font" not in finding.text]


def test_a_modem_that_is_unplugged_is_a_note_and_keeps_nobody_from_serving(tmp_path: Path) -> None:
    (finding,) = findings_of(tmp_path, f'[lines.usb]\nkind = "class1"\ndevice = "{tmp_path}/ttyUSB7"\n')
    assert not finding.fatal
    assert str(finding).startswith(
        f"note: lines.usb: {tmp_path}/ttyUSB7 is not there or may not be opened; the line rests"
    )
    runner = CliRunner()
    file = tmp_path / "mailfax.toml"
    file.write_text(EMBEDDED_DEFAULT + f'[lines.usb]\nkind = "class1"\ndevice = "{tmp_path}/ttyUSB7"\n')
    said = runner.invoke(app, ["check", "--config", str(file)])
    assert said.exit_code == 0, said.output
    assert "note: lines.usb:" in said.output
    assert said.output.endswith("ready to serve\n")


def test_two_names_of_one_modem_are_found(tmp_path: Path) -> None:
    (tmp_path / "modem").touch()
    (tmp_path / "by-id").symlink_to("modem")
    lines = "".join(
        f'[lines.{name}]\nkind = "class1"\ndevice = "{tmp_path}/{device}"\n'
        for name, device in [("one", "modem"), ("two", "by-id")]
    )
    (finding,) = findings_of(tmp_path, lines)
    assert finding.fatal
    assert finding.text.endswith("which line one has already.")


def modem_lines(kind: str, *devices: str) -> str:
    return "".join(f'[lines.l{at}]\nkind = "{kind}"\ndevice = "{device}"\n' for at, device in enumerate(devices))


def test_modems_that_may_change_places_are_a_note(tmp_path: Path) -> None:
    def said(*devices: str) -> list[str]:
        found = findings_of(tmp_path, modem_lines("class1", *devices))
        return [finding.advice for finding in found if "numbered" in finding.text]

    assert said("/dev/ttyUSB98") == said("/dev/ttyUSB98", "/dev/serial/by-id/usb-a-if00", "/dev/ttyS9") == []
    (advice,) = said("/dev/ttyUSB98", "/dev/ttyACM98")
    assert "/dev/serial/by-id/" in advice


@pytest.mark.parametrize(("kind", "notes"), [("class2.0", 1), ("modem", 0)])
def test_what_no_line_can_send_is_a_note(tmp_path: Path, kind: str, notes: int) -> None:
    found = findings_of(tmp_path, modem_lines(kind, "/dev/ttyS98"))
    assert len([finding for finding in found if "subaddress" in finding.text]) == notes


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0"])
def test_letting_everybody_in_is_allowed_and_said(tmp_path: Path, network: str) -> None:
    (finding,) = findings_of(tmp_path, '[lines.out]\nkind = "virtual"\nnumber = "1"\n', f'["{network}"]')
    assert not finding.fatal
    assert finding.text.startswith(f"smtp.allow_networks: {network} is everybody")


def test_a_gateway_without_a_line_that_sends_is_said(tmp_path: Path) -> None:
    (finding,) = findings_of(tmp_path, '[lines.in]\nkind = "virtual"\nnumber = "1"\nsend = false\n')
    assert (finding.fatal, finding.text) == (False, "lines: none of them sends, so faxes would wait for ever.")


def test_a_latin_1_file_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mailfax.toml"
    file.write_bytes(EMBEDDED_DEFAULT.encode() + "# Grüße\n".encode("latin-1"))
    said = CliRunner().invoke(app, ["check", "--config", str(file)])
    assert said.exit_code == 78
    assert f"line {EMBEDDED_DEFAULT.count(chr(10)) + 1}: this is not UTF-8. Save the file as UTF-8." in said.output


UNIT = Path(__file__).parents[2] / "systemd" / "mailfax.service"


def test_the_service_starts_without_asking_check_and_does_not_try_a_wrong_file_again() -> None:
    rows = [row for row in UNIT.read_text().splitlines() if not row.startswith("#")]
    assert not [row for row in rows if row.startswith("ExecStartPre")]
    assert "RestartPreventExitStatus=78" in rows


def test_a_font_that_cannot_be_read_is_named_before_it_refuses_every_mail(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    config = embedded_default(tmp_path)
    config = msgspec.structs.replace(config, render=msgspec.structs.replace(config.render, fonts=(broken,)))
    (finding,) = [each for each in machine_findings(config) if "render.fonts" in each.text]
    assert finding.fatal
    assert str(broken) in finding.text
