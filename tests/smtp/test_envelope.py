"""MAIL and RCPT read strictly: what is not exactly in the RFCs gets its code and a sentence."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailfax.model.submission import Notify
from mailfax.smtp.envelope import EnvelopeFault, parse_mail, parse_rcpt
from mailfax.smtp.xtext import decode_xtext

BAD_RCPT = {
    "5551234@fax.lan": "501 5.5.4",
    "TO 5551234@fax.lan": "501 5.5.4",
    "FROM:<5551234@fax.lan>": "501 5.5.4",
    "TO:5551234@fax.lan": "501 5.5.4",
    "TO:<5551234@fax.lan": "501 5.5.4",
    "TO:<5551234@fax.lan>>": "501 5.5.4",
    "TO:<5551234@fax.lan>NOTIFY=NEVER": "501 5.5.4",
    "TO:<@relay.example:5551234@fax.lan>": "553 5.1.3",
    "TO:<@a.example,@b.example:5551234@fax.lan>": "553 5.1.3",
    "TO:<5551234@evil.example@fax.lan>": "553 5.1.3",
    "TO:<5551234>": "553 5.1.3",
    "TO:<>": "553 5.1.3",
    "TO:<@fax.lan>": "553 5.1.3",
    "TO:<5551234@>": "553 5.1.3",
    "TO:<5551234@fax..lan>": "553 5.1.3",
    "TO:<5551234@-fax.lan>": "553 5.1.3",
    "TO:<555 1234@fax.lan>": "553 5.1.3",
    "TO:< 5551234@fax.lan>": "553 5.1.3",
    "TO:<.5551234@fax.lan>": "553 5.1.3",
    "TO:<5551234.@fax.lan>": "553 5.1.3",
    "TO:<(note)5551234@fax.lan>": "553 5.1.3",
    "TO:<5551234@fax.lan(note)>": "553 5.1.3",
    "TO:<555\u06611234@fax.lan>": "553 5.6.7",
    "TO:<5551234@fäx.lan>": "553 5.6.7",
    "TO:<5551234\r\n@fax.lan>": "553 5.1.3",
    'TO:<"5551234@fax.lan>': "501 5.5.4",
    "TO:<5551234@fax.lan> NOTIFY": "555 5.5.4",
    "TO:<5551234@fax.lan> NOTIFY=": "501 5.5.4",
    "TO:<5551234@fax.lan> NOTIFY=NEVER,SUCCESS": "501 5.5.4",
    "TO:<5551234@fax.lan> NOTIFY=SUCCESS,": "501 5.5.4",
    "TO:<5551234@fax.lan> NOTIFY=OFTEN": "501 5.5.4",
    "TO:<5551234@fax.lan> NOTIFY=NEVER NOTIFY=NEVER": "501 5.5.4",
    "TO:<5551234@fax.lan> ORCPT=a@b": "501 5.5.4",
    "TO:<5551234@fax.lan> ORCPT=rfc822;": "501 5.5.4",
    "TO:<5551234@fax.lan> ORCPT=rfc822;a+2b@b": "501 5.5.4",
    "TO:<5551234@fax.lan> ORCPT=rfc822;a+0D+0AX-Evil:+20yes": "501 5.5.4",
    "TO:<5551234@fax.lan> ORCPT=rfc822;" + "a" * 500: "501 5.5.4",
    "TO:<5551234@fax.lan> X-COLOUR=red": "555 5.5.4",
}


@pytest.mark.parametrize(("argument", "code"), BAD_RCPT.items())
def test_a_bad_rcpt_gets_its_code(argument: str, code: str) -> None:
    with pytest.raises(EnvelopeFault) as fault:
        parse_rcpt(argument, extended=True)
    assert str(fault.value).startswith(code + " ")


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        ("", "501 5.5.4"),
        ("FROM:", "501 5.5.4"),
        ("FROM:<root>", "553 5.1.7"),
        ("FROM:<a b@c.example>", "553 5.1.7"),
        ("FROM:<@r.example:a@c.example>", "553 5.1.7"),
        ("FROM:<a@c.example> SIZE=-1", "501 5.5.4"),
        ("FROM:<a@c.example> SIZE=1e9", "501 5.5.4"),
        ("FROM:<a@c.example> SIZE", "555 5.5.4"),
        ("FROM:<a@c.example> BODY=BINARYMIME", "501 5.5.4"),
        ("FROM:<a@c.example> RET=SOME", "501 5.5.4"),
        ("FROM:<a@c.example> ENVID=+0A", "501 5.5.4"),
        ("FROM:<a@c.example> ENVID=" + "x" * 101, "501 5.5.4"),
        ("FROM:<a@c.example> SMTPUTF8=1", "555 5.5.4"),
        ("FROM:<a@c.example> MT-PRIORITY=3", "555 5.5.4"),
    ],
)
def test_a_bad_mail_gets_its_code(argument: str, code: str) -> None:
    with pytest.raises(EnvelopeFault) as fault:
        parse_mail(argument, extended=True)
    assert str(fault.value).startswith(code + " ")


def test_parameters_need_ehlo() -> None:
    assert parse_mail("FROM:<a@c.example>", extended=False).sender == "a@c.example"
    with pytest.raises(EnvelopeFault, match=r"501 5\.5\.4"):
        parse_mail("FROM:<a@c.example> SIZE=1", extended=False)


@pytest.mark.parametrize(
    "mailbox",
    [
        "5551234@fax.lan",
        "5551234%a.example@fax.lan",
        '"555 1234"@fax.lan',
        '"a>b\\"@c"@fax.lan',
        "+1-202@[192.0.2.1]",
        "a!b@x_y.lan.",
    ],
)
def test_a_mailbox_is_handed_on_exactly_as_it_stood(mailbox: str) -> None:
    assert parse_rcpt(f"to: <{mailbox}> notify=delay", extended=True).mailbox == mailbox
    assert parse_rcpt(f"to: <{mailbox}> notify=delay", extended=True).notify is Notify.DELAY


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
def test_xtext_comes_back(plain: str) -> None:
    written = "".join(
        letter if "!" <= letter <= "~" and letter not in "+=" else f"+{ord(letter):02X}" for letter in plain
    )
    assert decode_xtext(written) == plain


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_reply(text: str) -> None:
    def reply(parse: Callable[..., object]) -> str:
        try:
            parse(text, extended=True)
        except EnvelopeFault as fault:
            return str(fault)
        return "250 2.1.0"

    assert re.match(r"[25]\d\d [25]\.\d\.\d", reply(parse_mail))
    assert re.match(r"[25]\d\d [25]\.\d\.\d", reply(parse_rcpt))
