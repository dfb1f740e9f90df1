"""Which mails no person sent to be faxed: automatic replies, bounces, loops; and which are posts to a mailing list. Pure functions of the header.

Asked by `reading` before a mail is taken, and by `gateway.door` for lists. What a machine wrote in answer to a mail of ours would be answered
by us again; so nothing of that kind is ever faxed.
"""

import re
from email.message import Message

from mailfax.model.ids import ALPHABET, LENGTH, Kind
from mailfax.model.outcome import Outcome

_MAX_RECEIVED = 50  # RFC 5321 section 6.3: a loop is suspected from 100 on; a fax gateway is never that deep
_BULK = {"bulk", "junk", "auto_reply", "auto-reply"}
_ROBOTS = ("mailer-daemon", "mail-daemon", "mailerdaemon")
_REPLY_MARKS = ("X-Autoreply", "X-Autorespond", "X-AutoReply-From", "X-Mail-Autoreply")
_LIST_ID = re.compile(r"<([^<>\s]{1,200})>\s*\Z")
_LIST_MARKS = ("List-Post", "X-BeenThere", "Mailing-List", "X-Mailing-List")
_OWN_ID = re.compile(
    rf"<[{''.join(kind.value for kind in Kind)}][{ALPHABET}]{{{LENGTH}}}\.[a-z]+[0-9]*@(?P<host>[^<>@]+)>",
    re.IGNORECASE,
)


def refusal(header: Message, hostname: str) -> str:
    """Return the SMTP reply that refuses a mail which no person sent, or nothing."""
    received = [str(value) for value in header.get_all("Received", [])]
    if len(received) > _MAX_RECEIVED:
        return f"554 5.4.6 The message has gone through more than {_MAX_RECEIVED} servers; it is in a loop"
    if any(_ours(value, hostname) for value in received) or _is_own(header, hostname):
        return Outcome.LOOP.smtp_reply()
    return Outcome.AUTOMATIC_MAIL.smtp_reply() if is_automatic(header) else ""


def is_automatic(header: Message) -> bool:
    """Say whether a machine wrote the mail in answer to another: RFC 3834 section 5, RFC 6522, and what came before them.

    X-Auto-Response-Suppress is no mark of one: programs that mail invoices set it to be spared absence notes. Exchange's own
    absence notes bear Auto-Submitted besides.
    """
    submitted = [_first_word(value) for value in header.get_all("Auto-Submitted", [])]
    if any(word != "no" for word in submitted) or header.get_content_type() == "multipart/report":
        return True
    if any(name in header for name in _REPLY_MARKS) or str(header.get("Return-Path", "")).strip() == "<>":
        return True
    if _first_word(header.get("Precedence", "")) in _BULK and not list_name(header):
        return True
    author = str(header.get("From", "")).lower()
    return any(f"{robot}@" in author or author.strip() == robot for robot in _ROBOTS)


def list_name(header: Message) -> str:
    """Return the id of the mailing list that a mail is a post to (RFC 2919), or what stands for it; nothing for other mails."""
    named = " ".join(str(header.get("List-Id", "")).split())
    if named:
        match = _LIST_ID.search(named)
        return (match[1] if match else named)[:200].lower()
    for mark in _LIST_MARKS:
        if value := " ".join(str(header.get(mark, "")).split()):
            return re.sub(r"^<?(?:mailto:)?|[>;].*$", "", value)[:200].lower()
    return "a list" if _first_word(header.get("Precedence", "")) == "list" else ""


def _ours(received: str, hostname: str) -> bool:
    """Say whether we wrote this Received line: we pass no mail on, so whatever has one comes back."""
    return re.search(rf"\bby\s+{re.escape(hostname)}\s+\(mailfax\)", received) is not None


def _is_own(header: Message, hostname: str) -> bool:
    """Say whether the mail is one of ours: a report or a received fax that was sent on as it is."""
    match = _OWN_ID.fullmatch(str(header.get("Message-ID", "")).strip())
    return match is not None and match["host"].lower() == hostname.lower()


def _first_word(value: object) -> str:
    return re.split(r"[;(,\s]", str(value).strip(), maxsplit=1)[0].lower()
