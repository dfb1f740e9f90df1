"""Which of several forms of the same content is faxed (multipart/alternative, RFC 2046 section 5.1.4). Used by `mime`."""

from collections.abc import Callable, Sequence
from email.message import Message

from mailfax.render.htmltext import shows_something, visible_text
from mailfax.render.kinds import DECLARED, NEVER_CONTENT, Kind

_FAR_LONGER = 4  # an HTML form with so much less text than the plain one is a hint to use another program

Octets = Callable[[Message], bytes]
ContentType = Callable[[Message], str]


def chosen(
    children: Sequence[Message], octets: Octets, content_type: ContentType, *, prefer_html: bool
) -> Message | None:
    """Pick the form to fax: HTML as the sender designed it, or plain text if that is preferred or all that has content."""
    html = _last_with(children, octets, content_type, Kind.HTML)
    plain = _last_with(children, octets, content_type, Kind.TEXT)
    if html is not None and plain is not None:
        return html if prefer_html and not _says_less(html, plain, octets, content_type) else plain
    if (found := html or plain) is not None:
        return found
    others = [child for child in children if _is_known(child, octets, content_type)]
    return others[-1] if others else children[-1] if children else None


def _last_with(children: Sequence[Message], octets: Octets, content_type: ContentType, kind: Kind) -> Message | None:
    for child in reversed(children):
        if any(
            DECLARED.get(content_type(leaf)) is kind and _says_something(leaf, octets, kind) for leaf in child.walk()
        ):
            return child
    return None


def _says_something(leaf: Message, octets: Octets, kind: Kind) -> bool:
    content = octets(leaf)
    return bool(content.strip()) if kind is Kind.TEXT else shows_something(content)


def _says_less(html: Message, plain: Message, octets: Octets, content_type: ContentType) -> bool:
    shown = _length(html, octets, content_type, Kind.HTML)
    pictures = any(b"<img" in octets(leaf).lower() for leaf in html.walk() if content_type(leaf) == "text/html")
    return not pictures and shown * _FAR_LONGER < _length(plain, octets, content_type, Kind.TEXT)


def _length(message: Message, octets: Octets, content_type: ContentType, kind: Kind) -> int:
    leaves = [octets(leaf) for leaf in message.walk() if DECLARED.get(content_type(leaf)) is kind]
    return sum(len(visible_text(leaf)) if kind is Kind.HTML else len(leaf) for leaf in leaves)


def _is_known(child: Message, octets: Octets, content_type: ContentType) -> bool:
    return any(
        content_type(leaf) in DECLARED and content_type(leaf) not in NEVER_CONTENT and octets(leaf)
        for leaf in child.walk()
    )
