"""When two mails are the same mail (RL3), and two copies the same post to a list. Pure functions, asked by `gateway.door`.

The same: equal Message-ID, author, date, subject, X-Fax wishes and body, whatever way the mail came. A mail without Message-ID is known by its date; one
without either is never taken for another. Of a post to a list each member's copy may have a footer of its own, so there the list and
the Message-ID decide.
"""

import hashlib
from email.message import Message

from mailfax.model.options import HEADER_PREFIX

_FIELDS = ("message-id", "date", "from", "subject")
_SAID_ONCE = f"{HEADER_PREFIX}duplicate"


def content_key(octets: bytes, header: Message, list_id: str) -> str:
    """Return what is equal for the same mail only; empty where that cannot be said."""
    identifier = str(header.get("Message-ID", "")).strip()
    if list_id and identifier:
        return _digest("post", list_id, identifier)
    if not identifier and not header.get("Date"):
        return ""
    fields = [
        f"{name.lower()}:{value}"
        for name, value in header.items()
        if name.lower() in _FIELDS or (name.lower().startswith(HEADER_PREFIX) and name.lower() != _SAID_ONCE)
    ]
    _, _, body = octets.partition(b"\r\n\r\n")
    return _digest("mail", *fields, hashlib.sha256(body).hexdigest())


def post_key(header: Message, list_id: str) -> str:
    """Return what is equal for all copies of a post to a list; empty for other mails, and for a post that has no id."""
    identifier = str(header.get("Message-ID", "")).strip()
    return _digest("post", list_id, identifier) if list_id and identifier else ""


def order_key(octets: bytes, header: Message, job_id: str) -> str:
    """Return what is equal when the same order to send a job again comes twice, by whatever servers; without Message-ID all of it counts."""
    identifier = str(header.get("Message-ID", "")).strip()
    _, _, body = octets.partition(b"\r\n\r\n")
    return _digest("order", job_id, identifier, hashlib.sha256(body if identifier else octets).hexdigest())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]
