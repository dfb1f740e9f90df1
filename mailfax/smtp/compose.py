"""The pieces that all our messages are made of; used by notices, reports and fax mails.

Built with the standard library's email package under its SMTP policy: CRLF, 7 bit, header values folded and encoded by it.
What comes from a far machine, or from somebody's mail, goes through `clean` first: no octet of theirs can end a line.
A message is the same octets each time it is made from the same values (boundaries are hashes), so a retry repeats itself.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from mailfax.smtp.envelope import is_wide_mailbox

POLICY = SMTP.clone(cte_type="7bit")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_ID_FIELDS = {"Message-ID", "In-Reply-To", "References"}
Headers = Mapping[str, str | Address]


@dataclass(frozen=True, kw_only=True, slots=True)
class Letterhead:
    """What all our messages have in common: the name of this server, the address in From, and in whose time they speak."""

    hostname: str
    sender: str
    zone: tzinfo = UTC


@dataclass(frozen=True, kw_only=True, slots=True)
class Enclosure:
    """A file that goes with a message; `inline` ones are shown where they stand."""

    octets: bytes
    content_type: str
    filename: str
    inline: bool = False


def clean(text: str, limit: int = 200) -> str:
    """Return foreign text as one line: anything that is not printable becomes a space, and it has an end."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())[:limit]


def ascii_line(text: str, limit: int = 200) -> str:
    """Return foreign text as one line of ASCII, for machine-readable fields."""
    return clean(text, limit).encode("ascii", "replace").decode("ascii")


def address_of(mailbox: str, name: str = "", *, domain: str = "localhost") -> Address:
    """Return a mailbox as a header address; a bare name gets `domain`. What is no address stays readable as a name."""
    if not mailbox.isascii() and is_wide_mailbox(mailbox):
        local, _, wide = mailbox.rpartition("@")
        return Address(display_name=clean(name), username=local, domain=wide)
    try:
        return Address(display_name=clean(name), addr_spec=mailbox if "@" in mailbox else f"{mailbox}@{domain}")
    except (ValueError, IndexError, HeaderParseError):
        return Address(display_name=clean(name or mailbox), username="unknown", domain=domain)


def moment(now_us: int, zone: tzinfo = UTC) -> datetime:
    """Return a stored time as a date in `zone`."""
    return datetime.fromtimestamp(now_us / 1_000_000, zone)


def mail_date(now_us: int, zone: tzinfo = UTC) -> str:
    """Write a stored time as RFC 5322 does, in whole seconds."""
    return format_datetime(moment(now_us, zone))


def answer_to(message_id: str) -> dict[str, str]:
    """Return the headers that put an answer under the original; none when its Message-ID is missing or no id."""
    identifier = message_id.strip()
    return {"In-Reply-To": identifier, "References": identifier} if _MESSAGE_ID.fullmatch(identifier) else {}


def text_message(headers: Headers, text: str, enclosures: Sequence[Enclosure] = ()) -> bytes:
    """Return a whole message of a text and perhaps files."""
    return _head(headers) + text_with(text, enclosures)


def multipart_message(headers: Headers, subtype: str, parts: Sequence[bytes]) -> bytes:
    """Return a whole multipart message; `subtype` may carry parameters. The parts are joined octet for octet.

    The standard library would parse and write again what it is given to carry; a returned original must stay as it was.
    """
    return _head(headers) + multipart_part(subtype, parts)


def multipart_part(subtype: str, parts: Sequence[bytes]) -> bytes:
    """Return a part that is made of parts."""
    boundary = f"=_{hashlib.sha256(b''.join(parts)).hexdigest()[:32]}"
    encoding = "" if all(octets.isascii() for octets in parts) else "Content-Transfer-Encoding: 8bit\r\n"
    head = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n{encoding}\r\n'.encode("ascii")
    delimiter = f"--{boundary}".encode("ascii")
    return head + b"".join(delimiter + b"\r\n" + octets + b"\r\n" for octets in parts) + delimiter + b"--\r\n"


def text_part(text: str) -> bytes:
    """Return a text/plain part."""
    message = EmailMessage(policy=POLICY)
    message.set_content(text)
    return _part(message)


def enclosed_part(file: Enclosure) -> bytes:
    """Return a file as a part in base64."""
    message = EmailMessage(policy=POLICY)
    maintype, _, subtype = file.content_type.partition("/")
    disposition = "inline" if file.inline else "attachment"
    message.set_content(
        file.octets,
        maintype=maintype,
        subtype=subtype,
        filename=file.filename,
        disposition=disposition,
        cte="base64",
        params={"charset": "utf-8"} if maintype == "text" else None,
    )
    return _part(message)


def text_with(text: str, enclosures: Sequence[Enclosure]) -> bytes:
    """Return a text part, with its files if there are any."""
    if not enclosures:
        return text_part(text)
    return multipart_part("mixed", [text_part(text), *(enclosed_part(file) for file in enclosures)])


def raw_part(content_type: str, octets: bytes) -> bytes:
    """Return a part that carries the octets as they are; where some have 8 bits, it says so."""
    encoding = "" if octets.isascii() else "Content-Transfer-Encoding: 8bit\r\n"
    return f"Content-Type: {content_type}\r\n{encoding}\r\n".encode("ascii") + octets


def _head(headers: Headers) -> bytes:
    """Return the header fields, without the empty line after them.

    Message ids are written as they are: the library would fold a long one into encoded words (RFC 2047 section 5 forbids it).
    """
    wide = any(isinstance(value, Address) and not value.addr_spec.isascii() for value in headers.values())
    message = EmailMessage(policy=POLICY.clone(utf8=True) if wide else POLICY)  # RFC 6532, where an address needs it
    ids = b""
    for name, value in headers.items():
        if name in _ID_FIELDS:
            ids += f"{name}: {value}\r\n".encode("ascii")
        else:
            message[name] = value
    return message.as_bytes().removesuffix(b"\r\n") + ids + b"MIME-Version: 1.0\r\n"


def _part(message: EmailMessage) -> bytes:
    return message.as_bytes().replace(b"MIME-Version: 1.0\r\n", b"", 1)
