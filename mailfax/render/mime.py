"""A mail becomes its parts, in mail order, each with a name a person knows and octets as they were attached.

Parsed by the standard library with its oldest and most tolerant policy: header values stay as they stand until they are
decoded here, so that no damaged header can make parsing fail. What is packed into parts (winmail.dat, uuencoded files in
old mails) is unpacked. Used by `story`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import Message

from mailfax.model.document import MESSAGE_TEXT
from mailfax.model.options import without_tags
from mailfax.render.alternative import chosen
from mailfax.render.charset import decode_text
from mailfax.render.inline import judge_pictures
from mailfax.render.kinds import DECLARED, NEVER_CONTENT, Kind
from mailfax.render.packed import unpacked, without_second_body
from mailfax.render.part import OTHER_HALF, Part, decode_words, label

SHOWN_HEADERS = ("From", "To", "Cc", "Subject", "Date")
_LONGEST_SHOWN = 400
_DEEPEST = 40
_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+")
_LOOSE_NAME = re.compile(r'name\*?=\s*"?([^";]+)', re.IGNORECASE)
_TRIPPED = (ValueError, LookupError, TypeError)  # what the library raises for charsets that are none
_MOST_PARTS = 1000
_REPORT_TYPES = {"message/delivery-status", "message/disposition-notification", "text/rfc822-headers"}
_TOO_DEEP = "The parts of the message are nested too deeply."


class _RawHeaders(policy.Compat32):
    """Gives header values as they stand; raw octets in them, which no standard allows, are read as UTF-8 or guessed."""

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002  (the base class names it)
        """Return the value for `message[name]` and for the parameters in it."""
        return decode_text(value.encode("utf-8", "surrogateescape"), None)


_POLICY = _RawHeaders()


class NotParsed(Exception):
    """The mail is no mail that a person wrote: nested too deeply, in too many parts. The text is a sentence."""


class AutomaticMail(Exception):
    """A bounce, a read receipt or another report (RFC 6522)."""


def parts_of(raw: bytes, *, prefer_html: bool = True, password: str = "") -> list[Part]:
    """Return every part of a mail; `password` opens PDFs that have files inside. Raises NotParsed, AutomaticMail."""
    parts: list[Part] = []
    try:
        message = message_from_bytes(raw, policy=_POLICY)
        if _content_type(message) == "multipart/report":
            raise AutomaticMail
        for part in _walk(message, (), skip="", depth=0, prefer_html=prefer_html):
            parts.extend(unpacked(part, password))
            if len(parts) > _MOST_PARTS:
                raise NotParsed(f"The message has more than {_MOST_PARTS} parts.")
    except RecursionError as error:
        raise NotParsed(_TOO_DEEP) from error
    return judge_pictures(list(_with_headers_once(without_second_body(parts))))


def _with_headers_once(parts: list[Part]) -> Iterator[Part]:
    """Leave the headers of a mail only on the first text of it that will be faxed."""
    shown: set[int] = set()
    for part in parts:
        is_text = (
            DECLARED.get(part.content_type) in {Kind.TEXT, Kind.HTML} and not part.attached and part.octets.strip()
        )
        if part.skip or not is_text or id(part.headers) in shown:
            yield replace(part, headers=())
        else:
            shown.add(id(part.headers))
            yield part


def _walk(
    message: Message, headers: tuple[tuple[str, str], ...], *, skip: str, depth: int, prefer_html: bool
) -> Iterator[Part]:
    if depth > _DEEPEST:
        raise NotParsed(_TOO_DEEP)
    content_type = _content_type(message)
    if depth == 0 or content_type == "message/rfc822":
        headers = _shown_headers(_inside(message) if content_type == "message/rfc822" else message)
        if depth == 0:  # what its sender asked of this server is none of the reader's business
            headers = tuple((name, without_tags(value) if name == "Subject:" else value) for name, value in headers)
    if content_type == "message/external-body":
        yield _elsewhere(message, headers, skip)
        return
    children = _children(message, content_type)
    if children is None:
        yield _part(message, content_type, headers, skip=skip)
        return
    if content_type == "multipart/encrypted":
        yield _part(message, content_type, headers, skip=skip, refuse="is encrypted (OpenPGP)")
        return
    picked = chosen(children, _octets, _content_type, prefer_html=prefer_html) if _is_choice(content_type) else None
    for child in children:
        other_half = OTHER_HALF if picked is not None and child is not picked else ""
        yield from _walk(child, headers, skip=skip or other_half, depth=depth + 1, prefer_html=prefer_html)


def _is_choice(content_type: str) -> bool:
    return content_type == "multipart/alternative"


def _elsewhere(message: Message, headers: tuple[tuple[str, str], ...], skip: str) -> Part:
    """Write a line for a part that is kept on another machine (RFC 2046, 5.2.3); nobody asks that machine for it."""
    parameters = dict(message.get_params(failobj=[])[1:])
    known = [
        f"{name}: {parameters[name]}" for name in ("name", "url", "site", "server", "directory") if name in parameters
    ]
    line = f"[A part of this message is kept elsewhere and was not fetched. {', '.join(known)}]\n"
    return Part(
        name="external body",
        content_type="text/plain",
        octets=line.encode(),
        charset="utf-8",
        headers=headers,
        skip=skip,
    )


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


def _part(
    message: Message, content_type: str, headers: tuple[tuple[str, str], ...], *, skip: str, refuse: str = ""
) -> Part:
    filename = _filename(message)
    if skip and not content_type.startswith(("text/", "message/")) and filename and not _is_inline_picture(message):
        skip = ""  # a file among the alternatives is no other form of the text, whatever the mail program thought
    if content_type in _REPORT_TYPES:
        content_type = "text/plain"
    if not skip and (reason := NEVER_CONTENT.get(content_type)):
        skip = reason
    return Part(
        name=filename or _plain_name(content_type),
        content_type=content_type,
        octets=_octets(message),
        charset=_read(message.get_content_charset),
        flowed=str(_read(lambda: _parameter(message, "format"))).lower() == "flowed",
        delete_space=str(_read(lambda: _parameter(message, "delsp"))).lower() == "yes",
        attached=_is_attached(message, filename),
        content_id=str(message.get("Content-ID", "")).strip().strip("<>"),
        headers=headers,
        skip=skip,
        refuse=refuse,
    )


def _parameter(message: Message, name: str) -> str | None:
    value = message.get_param(name)
    return value if isinstance(value, str) else None


def _is_attached(message: Message, filename: str) -> bool:
    disposition = message.get_content_disposition()
    return disposition == "attachment" or (bool(filename) and disposition != "inline")


def _is_inline_picture(message: Message) -> bool:
    return bool(message.get("Content-ID")) and message.get_content_maintype() == "image"


def _plain_name(content_type: str) -> str:
    match content_type:
        case "text/plain":
            return MESSAGE_TEXT
        case "text/html":
            return "HTML text"
        case _:
            return f"unnamed {content_type}"


def _octets(message: Message) -> bytes:
    """Return the content with its transfer encoding taken off; of a report inside a mail its fields."""
    if message.is_multipart() and _content_type(message) in _REPORT_TYPES:
        fields = message.get_payload()
        return (
            b"\n".join(bytes(each) for each in fields if isinstance(each, Message)) if isinstance(fields, list) else b""
        )
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
    return label(name or "")


def _shown_headers(message: Message) -> tuple[tuple[str, str], ...]:
    """Return the headers to show above the text, decoded; what is missing is left out."""
    shown = []
    raw = {name.lower(): value for name, value in reversed(list(message.raw_items()))}
    for name in SHOWN_HEADERS:
        value = " ".join(decode_words(str(raw.get(name.lower(), ""))).split())
        if value:
            shown.append((f"{name}:", value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…"))
    return tuple(shown)
