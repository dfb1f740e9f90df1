"""Checks of [mail]: the way out."""

from collections.abc import Iterator

from mailfax.config.check import Problem
from mailfax.config.endpoint import SMTP_PORT, parse_endpoint
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import At
from mailfax.config.tables.mail import Mail
from mailfax.smtp.envelope import is_mailbox
from mailfax.smtp.maildir import is_maildir_name


def mail_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find why mail could not leave."""
    mail = config.mail
    if mail.maildir is None and mail.smarthost is None:
        yield Problem(
            line=at("mail"),
            text="[mail] says neither maildir nor smarthost, so no mail could leave.",
            advice='Add  smarthost = "mail.example.org"  or  maildir = "mailboxes".',
        )
    if not is_mailbox(mail.sender):
        yield Problem(
            line=at("mail", "sender"),
            text=f"mail.sender: {mail.sender!r} is no mail address.",
            advice='Write for example "fax@example.org".',
        )
    if mail.smarthost is not None:
        yield from _smarthost(mail.smarthost, at)
    if mail.user and mail.password_file is None:
        yield Problem(
            line=at("mail", "user"),
            text="mail.user: a user name at the smarthost needs a password.",
            advice='Add  password_file = "/etc/mailfax/password" , a file that holds the password and nothing else.',
        )
    if mail.user and mail.tls == "none":
        yield Problem(
            line=at("mail", "tls"),
            text="mail.tls: a password is not sent without TLS.",
            advice='Write  tls = "starttls"  or  tls = "implicit" , or leave mail.user out.',
        )


def _smarthost(smarthost: str, at: At) -> Iterator[Problem]:
    try:
        endpoint = parse_endpoint(smarthost, default_port=SMTP_PORT)
        wrong = "" if endpoint.host and endpoint.port else f"{smarthost!r} names no server"
    except ValueError as error:
        wrong = str(error)
    if wrong:
        advice = 'Write for example "mail.example.org", "mail.example.org:587" or "[2001:db8::1]:25".'
        yield Problem(line=at("mail", "smarthost"), text=f"mail.smarthost: {wrong}.", advice=advice)


def has_a_way(mailbox: str, mail: Mail) -> bool:
    """Say whether mail to this mailbox can be handed over, by the rule of `smtp.outgoing`."""
    if mail.maildir is None or (mail.smarthost is not None and "@" in mailbox):
        return is_mailbox(mailbox)
    return is_maildir_name(mailbox)


def no_mailbox(mailbox: str) -> str:
    """Say that mail could not go there."""
    return f"{mailbox!r} is no mailbox that mail could go to."


def way_advice(mail: Mail) -> str:
    """Say how a mailbox is written that mail could go to."""
    if mail.maildir is None:
        return 'Write a mail address, for example "office@example.org".'
    return (
        'Write a mail address, for example "office@example.org", or the plain name of a Maildir, for example "office".'
    )
