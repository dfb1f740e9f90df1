"""What is wrong with the tables of the entrances is said with its line, and what is right becomes settings."""

from pathlib import Path

import pytest

from mailfax.config import EMBEDDED_DEFAULT, ConfigError, parse
from mailfax.daemon import build
from mailfax.smtp.settings import Entrance

BOX = '\n[imap.office]\nserver = "imap.example.org"\nuser = "fax"\npassword_file = "secret"\n'


@pytest.mark.parametrize(
    ("written", "wrong", "said"),
    [
        (BOX, BOX.replace('password_file = "secret"\n', ""), "no password and no token"),
        (BOX, BOX + 'token_file = "token"\n', "are both there"),
        (BOX, BOX + 'tls = "none"\n', "without TLS"),
        (BOX, BOX.replace('"imap.example.org"', '":993"'), "names no server"),
        (BOX, BOX.replace("office", '"a/b"'), "cannot name a mailbox"),
        (BOX, BOX + 'recipient_header = "To: x"\n', "no name of a header line"),
        (BOX, BOX + 'sent_folder = "INBOX"\n', "good with the bad"),
        (BOX, BOX + 'failed_folder = "Zurück"\n', "another way"),
        ("[smtp]\n", '[smtp]\nlmtp = ["unix:"]\n', "names no file"),
        ("[smtp]\n", f'[smtp]\nlmtp = ["unix:/{"x" * 107}"]\n', "107 octets"),
        ("[smtp]\n", '[smtp]\nlmtp = ["nonsense"]\n', "has no port"),
        ("[smtp]\n", '[smtp]\nproxy_networks = ["10.0.0.1/8"]\n', "proxy_networks"),
        ("[smtp]\n", '[smtp]\nlocal_users = { "" = "anna" }\n', "local_users"),
    ],
)
def test_each_mistake_has_its_sentence_and_its_line(written: str, wrong: str, said: str) -> None:
    good = EMBEDDED_DEFAULT + (BOX if written == BOX else "")
    parse(good, Path("/nowhere"))
    with pytest.raises(ConfigError) as fault:
        parse(good.replace(written, wrong), Path("/nowhere"))
    (problem,) = fault.value.problems
    assert said in problem.text
    assert problem.line > 1
    assert problem.advice


def test_mailboxes_and_sockets_become_settings_with_absolute_paths() -> None:
    config = parse(EMBEDDED_DEFAULT + BOX + 'act_as = "Anna"\n', Path("/nowhere"))
    account, policy = build.mailboxes(config)["office"]
    assert (account.host, account.port, account.tls) == ("imap.example.org", 993, True)
    assert account.password_file == Path("/nowhere/secret")
    assert (policy.user, policy.recipient_field) == ("anna", "Delivered-To")
    (lmtp,) = [one for one in build.smtp_settings(config).listen if one.entrance is Entrance.LMTP]
    assert lmtp.path == Path("/nowhere/mailfax-data/lmtp.sock")
