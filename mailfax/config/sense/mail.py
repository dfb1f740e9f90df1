"""Checks of [mail]: the ways out."""

import re
from collections.abc import Iterator
from pathlib import Path

from mailfax.config.check import Problem
from mailfax.config.endpoint import SMTP_PORT, parse_endpoint
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import At
from mailfax.config.tables.mail import Mail
from mailfax.smtp.envelope import is_mailbox
from mailfax.smtp.ways import LMTP_PORT, LmtpServer, Local, Maildirs, OutgoingSettings, Smarthost

_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_CREDENTIAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SMARTHOST_ADVICE = 'Write for example "mail.example.org", "mail.example.org:587" or "[2001:db8::1]:25".'
_LMTP_ADVICE = 'Write for example "/run/dovecot/lmtp" or "127.0.0.1:24".'


def mail_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find why mail could not leave."""
    mail = config.mail
    if mail.maildir is None and mail.smarthost is None and mail.lmtp is None:
        yield Problem(
            line=at("mail"),
            text="[mail] says neither maildir nor lmtp nor smarthost, so no mail could leave.",
            advice='Add  smarthost = "mail.example.org"  or  maildir = "mailboxes"  or  lmtp = "/run/dovecot/lmtp".',
        )
    if not is_mailbox(mail.sender):
        yield Problem(
            line=at("mail", "sender"),
            text=f"mail.sender: {mail.sender!r} is no mail address.",
            advice='Write for example "fax@example.org".',
        )
    if mail.smarthost is not None:
        yield from _endpoint("smarthost", mail.smarthost, SMTP_PORT, _SMARTHOST_ADVICE, at)
    yield from _mailboxes(mail, at)
    yield from _login(mail, at)


def _mailboxes(mail: Mail, at: At) -> Iterator[Problem]:
    """Find what cannot be meant about mailboxes of our own."""
    if mail.lmtp is not None and not mail.lmtp.startswith("/"):
        yield from _endpoint("lmtp", mail.lmtp, LMTP_PORT, _LMTP_ADVICE, at)
    if mail.lmtp is not None and mail.maildir is not None:
        yield Problem(
            line=at("mail", "lmtp"),
            text="mail.lmtp: mail.maildir has the mailboxes already.",
            advice="Leave one of them out.",
        )
    for domain in mail.local_domains:
        if not _DOMAIN.fullmatch(domain):
            yield Problem(
                line=at("mail", "local_domains"),
                text=f"mail.local_domains: {domain!r} is no domain.",
                advice='Write for example  local_domains = ["example.org"] .',
            )
    if mail.local_domains and mail.lmtp is None and mail.maildir is None:
        yield Problem(
            line=at("mail", "local_domains"),
            text="mail.local_domains: there are no mailboxes of our own.",
            advice='Add  maildir = "mailboxes"  or  lmtp = "/run/dovecot/lmtp" , or leave it out.',
        )


def _login(mail: Mail, at: At) -> Iterator[Problem]:
    """Find why we could not log in at the smarthost."""
    if mail.user and mail.password_file is None and mail.password_credential is None:
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
    if mail.password_credential is None:
        return
    where = at("mail", "password_credential")
    if not _CREDENTIAL.fullmatch(mail.password_credential):
        text = f"mail.password_credential: {mail.password_credential!r} is no name of a credential."
        advice = "Write the name that stands before the colon in LoadCredential= of the service, and no path."
        yield Problem(line=where, text=text, advice=advice)
    if mail.password_file is not None:
        text = "mail.password_credential: mail.password_file has the password already."
        yield Problem(line=where, text=text, advice="Leave one of them out.")


def _endpoint(key: str, written: str, default_port: int, advice: str, at: At) -> Iterator[Problem]:
    try:
        endpoint = parse_endpoint(written, default_port=default_port)
        wrong = "" if endpoint.host and endpoint.port else f"{written!r} names no server"
    except ValueError as error:
        wrong = str(error)
    if wrong:
        yield Problem(line=at("mail", key), text=f"mail.{key}: {wrong}.", advice=advice)


def has_a_way(mailbox: str, mail: Mail) -> bool:
    """Say whether mail to this mailbox can be handed over, by the rule of `smtp.ways`; where there is no way, that is said elsewhere."""
    local: Local | None = None
    if mail.maildir is not None:
        local = Maildirs(root=mail.maildir)
    elif mail.lmtp is not None:
        local = LmtpServer(socket=Path("/"))
    return OutgoingSettings(
        hostname="localhost",
        smarthost=Smarthost(host="localhost") if mail.smarthost is not None or local is None else None,
        local=local,
        local_domains=tuple(domain.lower() for domain in mail.local_domains),
    ).reaches(mailbox)


def no_mailbox(mailbox: str) -> str:
    """Say that mail could not go there."""
    return f"{mailbox!r} is no mailbox that mail could go to."


def way_advice(mail: Mail) -> str:
    """Say how a mailbox is written that mail could go to."""
    address = 'Write a mail address, for example "office@example.org"'
    if mail.maildir is None and mail.lmtp is None:
        return f"{address}."
    return f'{address}, or the plain name of a {"user" if mail.maildir is None else "Maildir"}, for example "office".'
