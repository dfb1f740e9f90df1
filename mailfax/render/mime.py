"""A mail becomes its parts, in mail order, each with a name a person knows and octets as they were attached.

Parsed by the standard library with its oldest and most tolerant policy: header values stay as they stand until they are
decoded here, so that no damaged header can make parsing fail. Used by `story`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from mailfax.render.charset import decode_text
from mailfax.render.kinds import DECLARED, Kind

SHOWN_HEADERS = ("From", "To", "Cc", "Subject", "Date")
_LONGEST_SHOWN = 400
_LONGEST_NAME = 80
_DEEPEST = 40
_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+")
_LOOSE_NAME = re.compile(r'name\*?=\s*"?([^";]+)', re.IGNORECASE)
_CID = re.compile(rb"cid:([^\"'>\s)]+)")
_TRIPPED = (ValueError, LookupError, TypeError)  # what the library raises for charsets that are none
_OTHER_HALF = "left out: the mail has the same content in another form"
_HTML_PICTURE = "left out: a picture of the HTML form of the mail"


class _RawHeaders(policy.Compat32):
    """Gives header values as they stand; raw octets in them, which no standard allows, are read as UTF-8 or guessed."""

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002  (the base class names it)
        """Return the value for `message[name]` and for the parameters in it."""
        return decode_text(value.encode("utf-8", "surrogateescape"), None)


_POLICY = _RawHeaders()


class TooDeep(Exception):
    """The parts are nested deeper than any real mail."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part that is no container. `headers` are those of the mail it begins, if it is the first text of one.

    `skip` says why policy leaves the part out; it is empty for a part that is to be faxed.
    """

    name: str
    content_type: str
    octets: bytes
    charset: str | None = None
    attached: bool = False
    content_id: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    skip: str = ""


def parts_of(raw: bytes) -> list[Part]:
    """Return every part of a mail. Raises TooDeep."""
    try:
        message = message_from_bytes(raw, policy=_POLICY)
        parts = list(_walk(message, (), skip="", depth=0))
    except RecursionError as error:
        raise TooDeep from error
    skipped_html = [part.octets for part in parts if part.skip and part.content_type == "text/html"]
    drawn_in_html = {cid for html in skipped_html for cid in _CID.findall(html)}
    return [_without_html_picture(part, drawn_in_html) for part in _with_headers_once(parts)]


def _without_html_picture(part: Part, drawn_in_html: set[bytes]) -> Part:
    if not part.skip and part.content_id and part.content_id.encode("utf-8", "replace") in drawn_in_html:
        return replace(part, skip=_HTML_PICTURE)
    return part


def _with_headers_once(parts: list[Part]) -> Iterator[Part]:
    """Leave the headers of a mail only on the first text of it that will be faxed."""
    shown: set[int] = set()
    for part in parts:
        is_text = DECLARED.get(part.content_type) is Kind.TEXT and not part.attached and part.octets.strip()
        if part.skip or not is_text or id(part.headers) in shown:
            yield replace(part, headers=())
        else:
            shown.add(id(part.headers))
            yield part


def _walk(message: Message, headers: tuple[tuple[str, str], ...], *, skip: str, depth: int) -> Iterator[Part]:
    if depth > _DEEPEST:
        raise TooDeep
    content_type = _content_type(message)
    if depth == 0 or content_type == "message/rfc822":
        headers = _shown_headers(_inside(message) if content_type == "message/rfc822" else message)
    children = _children(message, content_type)
    if children is None:
        yield _part(message, content_type, headers, skip=skip)
        return
    chosen = _chosen(children) if content_type == "multipart/alternative" else None
    for child in children:
        other_half = _OTHER_HALF if chosen is not None and child is not chosen else ""
        yield from _walk(child, headers, skip=skip or other_half, depth=depth + 1)


def _children(message: Message, content_type: str) -> list[Message] | None:
    """Return the parts inside a container; None for a part that is none, or that is none we open."""
    payload = message.get_payload() if message.is_multipart() else None
    if not isinstance(payload, list) or not (content_type.startswith("multipart/") or content_type == "message/rfc822"):
        return None
    children = [child for child in payload if isinstance(child, Message)]
    if (
        content_type == "message/rfc822"
        and str(message.get("Content-Transfer-Encoding", "")).strip().lower() == "base64"
    ):
        # Forbidden (RFC 2046, 5.2.1), and yet sent by GroupWise: the parser has taken the coded text for the mail.
        return [_decoded_mail(child) for child in children]
    return children


def _decoded_mail(coded: Message) -> Message:
    coded["Content-Transfer-Encoding"] = "base64"
    return message_from_bytes(_octets(coded), policy=_POLICY)


def _inside(message: Message) -> Message:
    inner = _children(message, "message/rfc822")
    return inner[0] if inner else message


def _chosen(children: list[Message]) -> Message | None:
    """Pick the alternative to fax: the first with plain text in it, else the last of a kind we know, else the last."""
    for child in children:
        if any(_content_type(leaf) == "text/plain" and _octets(leaf).strip() for leaf in child.walk()):
            return child
    for child in reversed(children):
        if any(_content_type(leaf) in DECLARED and _octets(leaf) for leaf in child.walk()):
            return child
    return children[-1] if children else None


def _part(message: Message, content_type: str, headers: tuple[tuple[str, str], ...], *, skip: str) -> Part:
    filename = _filename(message)
    if skip and not content_type.startswith(("text/", "message/")) and filename:
        skip = ""  # a file among the alternatives is no other form of the text, whatever the mail program thought
    return Part(
        name=filename or _plain_name(content_type),
        content_type=content_type,
        octets=_octets(message),
        charset=_read(message.get_content_charset),
        attached=bool(filename) or message.get_content_disposition() == "attachment",
        content_id=str(message.get("Content-ID", "")).strip().strip("<>"),
        headers=headers,
        skip=skip,
    )


def _plain_name(content_type: str) -> str:
    match content_type:
        case "text/plain":
            return "message text"
        case "text/html":
            return "HTML text"
        case _:
            return f"unnamed {content_type}"


def _octets(message: Message) -> bytes:
    """Return the content with its transfer encoding taken off; nothing for a message/* that is not opened."""
    try:
        payload = message.get_payload(decode=True)
    except _TRIPPED:  # the library also tries the charset, which is no business of octets
        message.del_param("charset")
        payload = message.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _read(parameter: Callable[[], str | None]) -> str | None:
    """Read a parameter of a header; None where the library trips over it."""
    try:
        return parameter()
    except _TRIPPED:
        return None


def _content_type(message: Message) -> str:
    match = _TYPE.match(message.get_content_type())
    return match.group().lower() if match else "text/plain"


def _filename(message: Message) -> str:
    name = _read(message.get_filename)
    if name is None and (match := _LOOSE_NAME.search(str(message.get("Content-Type", "")))):
        name = match.group(1)
    label = " ".join(decode_words(name or "").split())
    label = "".join(character for character in label if character.isprintable())
    return label if len(label) <= _LONGEST_NAME else label[: _LONGEST_NAME - 1] + "…"


def _shown_headers(message: Message) -> tuple[tuple[str, str], ...]:
    """Return the headers to show above the text, decoded; what is missing is left out."""
    shown = []
    raw = {name.lower(): value for name, value in reversed(list(message.raw_items()))}
    for name in SHOWN_HEADERS:
        value = " ".join(decode_words(str(raw.get(name.lower(), ""))).split())
        if value:
            shown.append((f"{name}:", value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…"))
    return tuple(shown)


def decode_words(raw: str) -> str:
    """Decode the encoded words of a header, and raw octets that stand in it against the rules."""
    text = decode_text(raw.encode("utf-8", "surrogateescape"), None)
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    decoded = []
    for piece, charset in pieces:
        if isinstance(piece, str):
            decoded.append(piece)
        elif charset is None:
            decoded.append(piece.decode("raw-unicode-escape", errors="replace"))
        else:
            decoded.append(decode_text(piece, charset))
    return "".join(decoded)
