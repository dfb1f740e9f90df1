"""A part of a mail on its way to pages, and the names that people know parts by. Used by all that takes mails apart."""

from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header

from mailfax.render.charset import decode_text

LONGEST_NAME = 80
OTHER_HALF = "left out: the mail has the same content in another form"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part that is no container. `headers` are those of the mail it begins, if it is the first text of one.

    `skip` says why policy leaves the part out, `refuse` why it cannot be opened; both are empty for a part that is to be
    faxed. `shown_in` is the index of the HTML part whose picture this is, when that is faxed. `is_packed_body` marks the body
    inside a winmail.dat.
    """

    name: str
    content_type: str
    octets: bytes
    charset: str | None = None
    flowed: bool = False
    delete_space: bool = False
    attached: bool = False
    content_id: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    skip: str = ""
    refuse: str = ""
    shown_in: int | None = None
    is_packed_body: bool = False


def label(name: str) -> str:
    """Return a name that can be shown: decoded, on one line, without what is no character, not too long."""
    shown = " ".join(decode_words(name).split())
    shown = "".join(character for character in shown if character.isprintable())
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"


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
