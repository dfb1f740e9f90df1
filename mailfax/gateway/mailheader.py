"""What the header of a mail says, as text that can be read: its subject, its authors, what it asks of its faxes. Pure functions."""

import contextlib
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses

from mailfax.model.options import SendOptions, asked_in_mail, send_options, without_tags
from mailfax.smtp.author import parsed_header


def wishes_of(octets: bytes) -> tuple[str, SendOptions]:
    """Return the subject of a mail without its tags, and what the mail asks for each of its faxes. Raises OptionFault."""
    subject, asked = wishes(parsed_header(octets))
    return subject, send_options(asked)


def wishes(headers: Message) -> tuple[str, dict[str, str]]:
    """Return the subject without its tags, and what was asked in header and tags, as it was written. Raises OptionFault."""
    subject = readable(headers, "Subject")
    asked = asked_in_mail([(name, _decoded(str(value))) for name, value in headers.items()], subject)
    return without_tags(subject), asked


def authors(octets: bytes) -> list[str]:
    """Return the addresses of every From and Sender header; what is there and holds none that can be read is one that nobody owns."""
    headers = parsed_header(octets)
    written = [str(value) for name in ("From", "Sender") for value in headers.get_all(name, [])]
    return [address or "unreadable From" for value in written for _, address in getaddresses([value]) or [("", "")]]


def header_text(octets: bytes, name: str) -> str:
    """Return a header of a mail as text on one line."""
    return readable(parsed_header(octets), name)


def readable(headers: Message, name: str) -> str:
    """Return a header as text on one line; what cannot be decoded stays as it is."""
    return _decoded(str(headers.get(name, "")))


def _decoded(raw: str) -> str:
    with contextlib.suppress(LookupError, ValueError, HeaderParseError):
        raw = str(make_header(decode_header(raw)))
    return " ".join(raw.split())
