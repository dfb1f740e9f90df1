"""The configuration file: what is good is read, what is wrong is said with its line and advice."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from mailfax.config import EMBEDDED_DEFAULT, Config, ConfigError, embedded_default, load, parse
from mailfax.config.check import expected
from mailfax.config.endpoint import Endpoint, parse_endpoint

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
    assert set(found) == {2, 3, 5, 10, 11}
    assert "unknown key smtp.lisen. Known are: listen," in found[2]
    assert found[2].endswith("Did you mean listen?")
    assert found[3] == ('line 3: smtp.max_recipients: "many" cannot stand here. Write a whole number from 1 to 100000.')
    assert 'domains.fax.lan.lengths: ["seven"] cannot stand here.' in found[5]
    assert found[10].endswith("lines.usb.speed: 1 cannot stand here. Write a whole number of at least 2400.")
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
    assert "there is no virtual line nobody. Virtual lines are: none." in found[12]
    assert "'abc' is no number pattern" in found[8]
    assert "300.0.0.0/8" in found[2]
    assert "'nowhere' has no port" in found[3]
    assert "no mail could leave" in found[0]


def test_a_file_that_is_not_toml_is_named_with_its_line() -> None:
    assert list(problems_of("[smtp]\nlisten = nowhere\n")) == [2]


def test_missing_tables_are_named() -> None:
    found = problems_of("")
    assert "[domains]" in found[0] or "[receive]" in found[0] or "[lines]" in found[0]


GOOD = """\
[smtp]
listen = ["127.0.0.1:25"]
allow_networks = ["127.0.0.0/8"]
hostname = "fax.lan"
[domains."fax.lan"]
lengths = [7]
[receive]
catch_all = "faxmaster@fax.lan"
[receive.did]
5550100 = ["office@fax.lan"]
[mail]
smarthost = "localhost:25"
tls = "none"
sender = "fax@fax.lan"
[identity]
station_id = "+49 30 1"
time_zone = "Europe/Berlin"
[lines.usb]
kind = "class1"
device = "/dev/ttyUSB0"
number = "5550100"
dial_prefix = "0"
[lines.in]
kind = "virtual"
number = "1"
[exchange.routes]
"*" = ["in"]
"""


@pytest.mark.parametrize(
    ("was", "became", "said"),
    [
        # What serve died of.
        ('["office@fax.lan"]', "[]", "receive.did: '5550100' has no mailbox. Name one, for example  5550100 = ["),
        ('["office@fax.lan"]', '["a@fax.lan", ""]', "receive.did: '5550100': '' is no mailbox that mail could go to."),
        ('"fax.lan"]', '"Fax.LAN."]', "domains: 'Fax.LAN.' is no mail domain. Write it as it stands after the @,"),
        ("lengths = [7]", "lengths = [0]", "domains.fax.lan.lengths: a number has at least one digit."),
        ("Europe/Berlin", "Europe/Nowhere", "identity.time_zone: this machine knows no time zone 'Europe/Nowhere'."),
        ("Europe/Berlin", "../Berlin", "identity.time_zone: this machine knows no time zone '../Berlin'."),
        ("Europe/Berlin", "Europe", "identity.time_zone: this machine knows no time zone 'Europe'."),
        ("localhost:25", "localhost:abc", "mail.smarthost: 'localhost:abc' is no host:port."),
        ("localhost:25", "::1", "mail.smarthost: '::1' is no host:port. Write for example \"mail.example.org\","),
        ("localhost:25", "localhost:99999", "mail.smarthost: the port of 'localhost:99999' is over 65535."),
        ("localhost:25", ":25", "mail.smarthost: ':25' names no server."),
        ("127.0.0.1:25", "127.0.0.1:99999", "smtp.listen: the port of '127.0.0.1:99999' is over 65535."),
        ("127.0.0.1:25", "[1::2::3]:25", "smtp.listen: At most one '::' permitted"),
        ('"127.0.0.1:25"', '":25", ":25"', "smtp.listen: ':25' stands there twice. Leave one out."),
        ('"none"', '"none"\nuser = "anna"\npassword_file = "secret"', "mail.tls: a password is not sent without TLS."),
        ('["127.0.0.1:25"]', '["127.0.0.1:25"]\nsubmission = [":587"]', "smtp.submission: people log in there, and a password is not"),
        ('["127.0.0.1:25"]', '["127.0.0.1:25"]\nkey = "k.pem"', "smtp.key: it is of no use without smtp.certificate."),
        ("lengths = [7]", 'plan = "e164"', "domains.fax.lan.country: a plan e164 needs its country. Write its two letters"),
        ("lengths = [7]", 'plan = "e164"\ncountry = "UK"', "domains.fax.lan.country: there is no country 'UK'."),
        ("lengths = [7]", 'lengths = [7]\nranges = ["5"]', "domains.fax.lan.ranges: 5- is no range of numbers: write for example"),
        ("lengths = [7]", 'lengths = [7]\ndial = { "5" = "x" }', 'domains.fax.lan.dial: "5" = "x" is no dial rule: write for'),
        ("lengths = [7]", 'lengths = [7]\n[permissions.a]\nwho = ["all"]\nto = ["any"]', "permissions.a.who: 'all' is nobody: write *,"),
        ("lengths = [7]", 'lengths = [7]\n[permissions.a]\nto = ["emergency"]\nwho = ["*"]', "permissions.a.to: No rule can allow"),
        ("lengths = [7]", 'lengths = [7]\n[permissions.a]\nhours = "8-18"\nwho = ["*"]\nto = ["any"]', "permissions.a.hours: '8-18' is no"),
        ("lengths = [7]", 'lengths = [7]\n[render]\nstamp = "{n}"', "render.stamp: '{n}' has braces that are neither {page} nor"),
        # What nobody said.
        ("faxmaster@fax.lan", "not an address", "receive.catch_all: 'not an address' is no mailbox that mail could"),
        ("fax@fax.lan", "fax", "mail.sender: 'fax' is no mail address."),
        ('hostname = "fax.lan"', 'hostname = "fäx"', "smtp.hostname: 'fäx' is no host name."),
        ("+49 30 1", "Büro", "identity.station_id: T.30 cannot carry 'Büro'."),
        ('number = "5550100"', 'number = "abc"', "lines.usb.number: 'abc' is no telephone number."),
        ('"0"', '"0;H"', "lines.usb.dial_prefix: no modem dials '0;H'."),
        ('dial_prefix = "0"', 'init = ["ATX3", "ATÄ"]', "lines.usb.init: 'ATÄ' is no AT command. Write for example  \"ATX3\" ."),
        ('dial_prefix = "0"', 'caller_id = "+VCID=1"', "lines.usb.caller_id: '+VCID=1' is no AT command."),
        ('dial_prefix = "0"', 'ring_numbers = { A = "office" }', "lines.usb.ring_numbers: 'office' is no telephone number."),
        ('"*" = ["in"]', '"*" = ["usb"]', "exchange.routes: '*': there is no virtual line usb. Virtual lines are: in."),
        ('"*" = ["in"]', '"*" = []', "exchange.routes: '*' leads nowhere that could ring."),
        ('"*" = ["in"]', '"*" = ["in", "busy"]', "exchange.routes: '*' leads nowhere that could ring."),
        # Values of a wrong kind, in plain words.
        ('"none"', '"tls"', 'mail.tls: "tls" cannot stand here. Write "implicit" or "none" or "starttls".'),
        ('["127.0.0.1:25"]', "[]", "smtp.listen: [] cannot stand here. Write a list in brackets, each entry a text in"),
        ("+49 30 1", "+49 30 123456789 12345", "Write a text in quotes of at most 20 characters."),
        ('"/dev/ttyUSB0"', "0", "lines.usb.device: 0 cannot stand here. Write a text in quotes."),
        ('"localhost:25"', '"localhost:25"\nmaildir = 5', "mail.maildir: 5 cannot stand here. Write a path in quotes."),
        ('dial_prefix = "0"', 'ecm = "yes"', 'lines.usb.ecm: "yes" cannot stand here. Write true or f'),
        ('"*" = ["in"]', '"*" = ["in"]\n[notices]\nlanguage = "xx"', "notices.language: there is no language 'xx'. Write one of: de, en."),
        ('"*" = ["in"]', '"*" = ["in"]\n[notices]\nlist_owner = "boss"', "notices.list_owner: mail cannot be handed to 'boss'."),
        ('"*" = ["in"]', '"*" = ["in"]\n[webhooks.crm]\nurl = "ftp://crm/x"', "webhooks.crm.url: 'ftp://crm/x' is no address of a program."),
        ('kind = "virtual"\nnumber', "number", 'lines.in.kind is missing. Write "class1" or "class1.0" or "class2" or "class2.0" or "class2.1" or "modem" or "virtual".'),
        ("/dev/ttyUSB0", "/dev/tty\\u0000", "'lines.usb.device': has a control character in it. Take it out."),
    ],
)  # fmt: skip
def test_one_mistake_is_one_problem_at_its_line(was: str, became: str, said: str) -> None:
    assert GOOD.count(was) >= 1
    before, _, _ = GOOD.partition(was)
    found = problems_of(GOOD.replace(was, became, 1))
    ((line, problem),) = found.items()
    first = before.count("\n") + 1
    assert first - 1 <= line <= first + 2
    assert said in problem


def test_the_good_file_has_no_mistake_and_its_default_port_is_for_mail() -> None:
    assert parse(GOOD, FOLDER).mail.smarthost == "localhost:25"


@pytest.mark.parametrize("name", ["../../x", ".new", "", "a/b", "ä", "busy", "no-answer", "a" * 33])
def test_a_line_is_not_named_like_a_path_or_a_tone(name: str) -> None:
    found = problems_of(GOOD.replace("[lines.usb]", f'[lines."{name}"]'))
    assert found == {
        18: f"line 18: lines: {name!r} cannot name a line. "
        "Use letters, digits, - and _, at most 32, and neither busy nor no-answer."
    }


def test_a_user_without_a_password_is_asked_for_the_file() -> None:
    found = problems_of(GOOD.replace('"none"', '"starttls"\nuser = "anna"'))
    assert "mail.user: a user name at the smarthost needs a password. Add  password_file =" in found[14]


def test_one_domain_in_two_spellings_is_one_too_many() -> None:
    found = problems_of(GOOD.replace("[receive]\n", '[domains."FAX.LAN"]\n[receive]\n'))
    assert found == {
        7: "line 7: domains: FAX.LAN is the same domain as fax.lan. "
        "Large and small letters are the same in a domain; leave one out."
    }


def test_two_lines_cannot_have_one_modem() -> None:
    found = problems_of(GOOD + '[lines.b]\nkind = "class1"\ndevice = "/dev/ttyUSB0"\n')
    assert list(found) == [GOOD.count("\n") + 3]
    assert "lines.b.device: line usb has /dev/ttyUSB0 already." in found[GOOD.count("\n") + 3]


def test_a_gateway_needs_a_domain_and_a_line() -> None:
    found = "\n".join(
        problems_of('[domains]\n[receive]\ncatch_all = "a@b"\n[mail]\nsmarthost = "h"\n[lines]\n').values()
    )
    assert "[domains] has no domain" in found
    assert "[lines] has no line" in found


@pytest.mark.parametrize(
    ("mail", "mailbox", "good"),
    [
        ('maildir = "m"', "anna", True),
        ('maildir = "m"', "anna@fax.lan", True),
        ('maildir = "m"', "../anna", False),
        ('smarthost = "h"', "anna", False),
        ('smarthost = "h"', "o'anna@fax.lan", True),
        ('maildir = "m"', "o'anna@fax.lan", False),
        ('maildir = "m"\nsmarthost = "h"', "anna", True),
        ('maildir = "m"\nsmarthost = "h"', "o'anna@fax.lan", True),
    ],
)
def test_a_mailbox_is_judged_by_the_way_that_its_mail_takes(mail: str, mailbox: str, good: bool) -> None:
    text = GOOD.replace("faxmaster@fax.lan", mailbox).replace('smarthost = "localhost:25"\ntls = "none"', mail)
    if good:
        assert parse(text, FOLDER).receive.catch_all == mailbox
    else:
        assert "is no mailbox that mail could go to" in problems_of(text)[8]


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("mail.example.org", "mail.example.org", 25),
        ("mail.example.org:587", "mail.example.org", 587),
        ("[::1]:2525", "::1", 2525),
        ("[::1]", "::1", 25),
        (":8025", "", 8025),
    ],
)
def test_an_endpoint_is_read(text: str, host: str, port: int) -> None:
    assert parse_endpoint(text, default_port=25) == Endpoint(host=host, port=port)


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (
            '[receive.subaddress]\n13x = ["a@fax.lan"]',
            "receive.subaddress: '13x' is no subaddress. Use digits, # and *",
        ),
        ("[receive.subaddress]\n13 = []", "receive.subaddress: '13' has no mailbox. Name one"),
        ('[destinations.john]\nsender_id = "x"', "destinations: 'john' is no number. Write it as it is dialled"),
        ('[destinations.5551234]\nsender_id = "\u00e4"', "destinations.5551234.sender_id: '\u00e4' has letters"),
    ],
)
def test_mistakes_about_subaddresses_and_destinations_are_named(table: str, found: str) -> None:
    assert any(found in problem for problem in problems_of(f"{EMBEDDED_DEFAULT}\n{table}\n").values())


def keys_of(kind: msgspec.inspect.Type) -> Iterator[tuple[str, msgspec.inspect.Type]]:
    match kind:
        case msgspec.inspect.StructType(fields=fields):
            for field in fields:
                yield field.encode_name, field.type
                yield from keys_of(field.type)
        case msgspec.inspect.DictType(value_type=value):
            yield "each", value
            yield from keys_of(value)
        case msgspec.inspect.Metadata(type=inner):
            yield from keys_of(inner)


def test_of_every_key_it_can_be_said_what_it_takes() -> None:
    keys = list(keys_of(msgspec.inspect.type_info(Config)))
    assert len(keys) > 100
    for name, kind in keys:
        assert expected(kind), name


def test_a_number_that_is_none_is_told_with_its_limits() -> None:
    problems = problems_of(EMBEDDED_DEFAULT + '[render]\ntext_pt = "large"\n')
    assert "a number from 7 to 24" in next(iter(problems.values()))
