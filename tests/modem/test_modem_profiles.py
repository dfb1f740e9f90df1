"""Profiles: each of ours is whole and knows its own modem, and an administrator adds a model by adding one file."""

from pathlib import Path

import pytest

from mailfax.config import Config, ConfigError, parse
from mailfax.daemon import build
from mailfax.modem.class1 import FlowControl
from mailfax.modem.opening import Wished, choose_class, modem_settings
from mailfax.modem.profile import (
    GENERIC,
    FaxClass,
    Profile,
    ProfileError,
    choose,
    load_profiles,
    questions,
    read_classes,
    read_profile,
)

OURS = load_profiles()
# What such modems say, from the manuals and configurations that each profile names.
SAY: list[tuple[str, dict[str, str], str]] = [
    ("usr5637", {"AT+FMI?": "U.S. Robotics, Inc.", "AT+FMM?": "USR5637"}, "0,1"),
    ("usrobotics", {"ATI3": "U.S. Robotics 56K FAX EXT V4.11.2"}, "0,1,2.0"),
    ("usrobotics", {"AT+FMI?": "USROBOTICS", "AT+FMM?": "5601"}, "(0,1,2.0)"),
    ("multitech-mt5634", {"ATI": "LT V.92 1.0 MT5634ZBA Serial Data/Fax Modem Version 1.25i"}, "0,1,1.0,2,2.0,2.1"),
    ("multitech-mt9234", {"AT+FMI?": "Multi-Tech Systems", "AT+FMM?": "MT9234ZBA-V"}, "0,1,1.0,2,2.0,2.1,8"),
    ("agere", {"AT+FMI?": "Agere Systems", "ATI": "LT V.92 Data+Fax Modem Version 8.26"}, "0,1"),
    ("conexant", {"AT+FMI?": "CONEXANT", "AT+FMM?": "V90"}, "0,1,1.0,2"),
    ("conexant", {"ATI3": "CX93001-EIS_V0.2002-V92"}, "0,1,1.0"),
    ("rockwell", {"AT+FMI?": "ROCKWELL", "AT+FMM?": "AC/K56"}, "0,1,2"),
    ("iaxmodem", {"AT+FMI?": "www.soft-switch.org", "AT+FMM?": "spandsp", "ATI": "spandsp"}, "0,1,1.0"),
    ("generic-class1", {"AT+FMI?": "Something Else Ltd"}, "0,1,2"),
    ("generic-class1.0", {}, "0,1.0,2"),
    ("generic-class2", {}, "(0,2)"),
    ("generic-class2.0", {"ATI": "14400"}, "0,2.0"),
    ("generic-class1", {}, ""),
]


@pytest.mark.parametrize(("name", "answers", "classes"), SAY)
def test_a_modem_is_known_by_what_it_says(name: str, answers: dict[str, str], classes: str) -> None:
    assert choose(OURS, answers, read_classes(classes)).name == name


def test_every_named_profile_was_known_by_something_above() -> None:
    assert set(OURS) - {name for name, _, _ in SAY} == {"generic-class2.1"}


@pytest.mark.parametrize("profile", OURS.values(), ids=lambda profile: profile.name)
def test_every_profile_says_whence_it_knows_and_leaves_a_modem_as_the_driver_needs_it(profile: Profile) -> None:
    assert all(len(source) > 10 for source in profile.sources)
    assert bool(profile.identify) is (profile.name not in GENERIC.values())
    setup = "".join(profile.init)
    assert all(said in setup for said in ("E0", "V1", "Q0", "S0=0", "S7="))
    assert not profile.flow_again or profile.flow_commands


def test_questions_are_asked_once_and_change_nothing_in_a_modem() -> None:
    asked = questions(OURS.values())
    assert len(asked) == len(set(asked)) <= 6
    assert all("=" not in question for question in asked)


@pytest.mark.parametrize(
    ("answer", "classes"),
    [
        ("0,1,1.0,2,2.0,2.1", list(FaxClass)),
        ("(0, 1, 2)", [FaxClass.CLASS1, FaxClass.CLASS2]),
        ("0-2", [FaxClass.CLASS1, FaxClass.CLASS2]),
        ("0,2.0,8", [FaxClass.CLASS2_0]),
        ("ERROR", []),
    ],
)
def test_the_classes_a_modem_offers_however_it_writes_them(answer: str, classes: list[FaxClass]) -> None:
    assert list(read_classes(answer)) == classes


ACME = """
title = "ACME FaxPal"
sources = ["its manual, page 7"]
classes = ["1"]
identify = [{ "AT+FMI?" = "(?i)acme", "ATI" = "FaxPal" }]
speed = 19200
flow = "xonxoff"
init = ["ATZ", "ATE0V1Q0X3S0=0S7=90"]
caller_id = "AT%CCID=1"
dial = "ATDP"
[flow_commands]
xonxoff = "AT\\\\Q1"
[class1]
adaptive = ""
transmit = [24, 48, 72, 96]
receive = [24, 48, 72, 96]
"""


def test_a_model_is_added_by_one_file(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(ACME)
    profiles = load_profiles(tmp_path)
    assert "AT+FMI?" in questions(profiles.values())
    found = choose(profiles, {"AT+FMI?": "ACME Inc", "ATI": "FaxPal 14.4"}, (FaxClass.CLASS1,))
    settings = modem_settings(Wished(device="d", rings=3, extra_init=("ATM0",)), found, FaxClass.CLASS1)
    assert (found.name, settings.speed, settings.flow_control) == ("acme", 19200, FlowControl.XON_XOFF)
    assert settings.init == ("ATZ", "ATE0V1Q0X3S0=0S7=90", "AT\\Q1", "ATM0")
    assert (settings.transmit, settings.dial_prefix, settings.caller_id) == ("24,48,72,96", "ATDP", "AT%CCID=1")
    assert settings.rings_before_answer == 3


def test_an_administrators_profile_comes_before_ours_of_the_same_name_or_fit(tmp_path: Path) -> None:
    ours = next(iter(OURS["iaxmodem"].identify))
    (tmp_path / "zzz.toml").write_text(ACME.replace('{ "AT+FMI?" = "(?i)acme", "ATI" = "FaxPal" }', str_table(ours)))
    (tmp_path / "rockwell.toml").write_text(ACME)
    profiles = load_profiles(tmp_path)
    assert choose(profiles, {"AT+FMI?": "www.soft-switch.org"}, ()).name == "zzz"
    assert profiles["rockwell"].title == "ACME FaxPal"


def str_table(table: dict[str, str]) -> str:
    return "{" + ", ".join(f"'{key}' = '{value}'" for key, value in table.items()) + "}"


@pytest.mark.parametrize(
    ("was", "became", "said"),
    [
        ("speed = 19200", "sped = 19200", "sped"),
        ("speed = 19200", 'speed = "fast"', "int"),
        ('["1"]', '["1", "7"]', "7"),
        ('sources = ["its manual, page 7"]', "", "sources"),
        ('["its manual, page 7"]', "[]", "sources"),
        ("(?i)acme", "(acme", "no regular expression"),
        ("(?i)acme", ".*", "would fit a modem that says nothing"),
        ('"ATI" =', '"ATZ" =', "no question"),
        ('"AT+FMI?" = "(?i)acme", "ATI" = "FaxPal"', "", "would fit any modem"),
        ('"ATDP"', '"DP"', "no AT command"),
        ('title = "ACME FaxPal"', "title = ", "profile acme"),
        ('title = "ACME FaxPal"', 'name = "x"\ntitle = "y"', "leave  name  out"),
    ],
)
def test_a_mistake_in_a_profile_is_said_with_its_file(was: str, became: str, said: str) -> None:
    assert ACME.count(was) == 1
    with pytest.raises(ProfileError, match="profile acme") as error:
        read_profile("acme", ACME.replace(was, became))
    assert said in str(error.value)


CONFIG = """
[domains."fax.lan"]
[receive]
catch_all = "faxmaster@fax.lan"
[mail]
maildir = "m"
[modems]
profiles = "models"
[lines.usb]
kind = "modem"
device = "/dev/ttyACM0"
profile = "acme"
speed = 38400
"""


def config(tmp_path: Path, text: str = CONFIG) -> Config:
    (tmp_path / "models").mkdir(exist_ok=True)
    (tmp_path / "models" / "acme.toml").write_text(ACME)
    return parse(text, tmp_path)


def test_the_configuration_names_a_profile_and_what_it_says_itself_holds(tmp_path: Path) -> None:
    loaded = config(tmp_path)
    wished = build.wished_modem(loaded, "usb")
    settings = modem_settings(wished, build.profiles(loaded)["acme"], FaxClass.CLASS1)
    assert (settings.speed, settings.flow_control) == (38400, FlowControl.XON_XOFF)


def test_a_profile_that_there_is_not_is_a_problem_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 12: lines.usb.profile: there is no profile 'acne'.*iaxmodem"):
        config(tmp_path, CONFIG.replace('profile = "acme"', 'profile = "acne"'))
    with pytest.raises(ConfigError, match=r"line 8: modems.profiles: .*nowhere is no folder"):
        config(tmp_path, CONFIG.replace('"models"', '"nowhere"'))


def test_the_class_is_the_profiles_best_that_the_modem_has() -> None:
    conexant = OURS["conexant"]
    both = (FaxClass.CLASS1, FaxClass.CLASS1_0)
    assert choose_class(None, conexant, both) is FaxClass.CLASS1_0
    assert choose_class(None, conexant, (FaxClass.CLASS1,)) is FaxClass.CLASS1
    assert choose_class(None, conexant, ()) is FaxClass.CLASS1_0
    assert choose_class(FaxClass.CLASS1, conexant, both) is FaxClass.CLASS1
    assert choose_class(None, OURS["generic-class2.1"], ()) is FaxClass.CLASS2_1
    assert choose_class(None, conexant, (FaxClass.CLASS2_0,)) is FaxClass.CLASS2_0
