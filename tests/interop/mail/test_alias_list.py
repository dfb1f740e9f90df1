"""A list of fax numbers kept by Postfix: one alias, many numbers, each of which gets the mail once; by the recipe of docs/mail.md.

Needs root and postfix.
"""

import re
import smtplib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailfax.model.job import JobState
from tests.interop.mail.gateway import Gateway
from tests.interop.mail.programs import Dovecot, Postfix, free_port, running

pytestmark = pytest.mark.interop
DOCUMENT = Path(__file__).parents[3] / "docs" / "mail.md"
MAIL = "From: desk@example.org\r\nTo: branches@example.org\r\nMessage-ID: <prices.7@example.org>\r\nSubject: Prices\r\n\r\nA line.\r\n"
BRANCHES = ["5552401", "5552402", "5552403"]


@pytest.fixture(scope="module")
def house(short_folder: Path, dovecot: Dovecot) -> Iterator[tuple[Gateway, Postfix]]:
    folder = short_folder / "alias"
    gateway = Gateway(folder=folder / "gateway")
    postfix = Postfix(folder=folder / "postfix", port=free_port(), lmtp_port=dovecot.lmtp_port)
    for part in (gateway.folder, postfix.folder):
        part.mkdir(parents=True)
    folder.chmod(0o755)
    fax_port = free_port()
    gateway.set_up(f'smarthost = "127.0.0.1:{postfix.port}"\ntls = "none"\n', port=fax_port)
    (recipe,) = re.findall(r"```\n(virtual_alias_maps = .*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert "127.0.0.1]:8025" in recipe
    postfix.set_up(recipe.replace("8025", str(fax_port)))
    with running(postfix), gateway.running():
        yield gateway, postfix


def test_each_number_of_the_alias_gets_the_mail_once(house: tuple[Gateway, Postfix], dovecot: Dovecot) -> None:
    gateway, postfix = house
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=20) as client:
        assert client.sendmail("desk@example.org", ["branches@example.org"], MAIL) == {}
    jobs = gateway.told(gateway.submission(BRANCHES[0]))
    assert Counter(job.number for job in jobs) == Counter(BRANCHES)
    assert {job.state for job in jobs} == {JobState.DELIVERED}
    with gateway.store() as store:
        assert len(store.jobs()) == len(BRANCHES), "one mail came, with all numbers"

    def told(_: object) -> bool:
        words = "".join(mail.as_string() for mail in dovecot.mails("desk@example.org"))
        return all(number in words for number in BRANCHES)

    assert gateway.until(told), "in one report or in several"
