"""What is packed into a part is taken out: the mail and files in a winmail.dat, uuencoded files in a text, the files of a PDF portfolio. Used by `mime` and `story`."""

from collections.abc import Iterator
from dataclasses import replace
from mimetypes import guess_type

from mailfax.render.charset import decode_text
from mailfax.render.htmltext import visible_text
from mailfax.render.kinds import DECLARED, Kind
from mailfax.render.part import OTHER_HALF, Part, label
from mailfax.render.portfolio import files_inside, is_pdf
from mailfax.render.tnef import TnefUnreadable, is_tnef, tnef_parts
from mailfax.render.uuencoded import split_uuencoded

_DEEPEST = 4  # portfolios in portfolios
_SHEET = "the sheet of a PDF portfolio; the files in it follow"


def unpacked(part: Part, password: str = "", *, depth: int = 0) -> Iterator[Part]:
    """Yield the part, or what is packed into it; `password` opens a PDF."""
    if part.skip:
        yield part
    elif is_pdf(part.octets) and depth < _DEEPEST:
        yield from _with_files_inside(part, password, depth)
    elif is_tnef(part.content_type, part.octets):
        yield from _tnef(part)
    elif part.content_type == "text/plain" and b"begin" in part.octets:
        text, files = split_uuencoded(part.octets)
        yield replace(part, octets=text)
        for name, octets in files:
            yield Part(
                name=label(name),
                content_type=_type_by_name(name),
                octets=octets,
                attached=True,
                headers=part.headers,
            )
    else:
        yield part


def _with_files_inside(part: Part, password: str, depth: int) -> Iterator[Part]:
    """Yield a PDF and then the files inside it: those of a portfolio to be faxed, those of any other PDF to be named."""
    inside = files_inside(part.octets, password)
    if inside is None:
        yield part
        return
    yield replace(part, skip=_SHEET) if inside.only_a_sheet else part
    for name, octets in inside.files:
        file = Part(
            name=label(name) or f"a file in {part.name}",
            content_type=_type_by_name(name),
            octets=octets,
            attached=True,
            skip="" if inside.is_portfolio else f"kept inside {part.name}, not one of its pages",
        )
        yield from unpacked(file, password, depth=depth + 1)


def _tnef(part: Part) -> Iterator[Part]:
    try:
        inner = tnef_parts(part.octets)
    except TnefUnreadable:
        yield replace(part, refuse="is a winmail.dat that cannot be read")
        return
    yield replace(part, skip="opened: what is in it follows" if inner else "empty")
    for each in inner:
        typed = _type_by_name(each.name) if each.attached else each.content_type
        yield Part(
            name=label(each.name),
            content_type=typed,
            octets=each.octets,
            charset="utf-8" if each.content_type.startswith("text/") and not each.attached else None,
            attached=each.attached,
            headers=part.headers,
            is_packed_body=not each.attached,
        )


def _type_by_name(name: str) -> str:
    """Type a file that came without a type, as a mail program would."""
    guessed, _ = guess_type(name, strict=False)
    return guessed or "application/octet-stream"


def without_second_body(parts: list[Part]) -> list[Part]:
    """Leave the body inside a winmail.dat out where the same mail says as much outside: it is the same text."""
    said: dict[int, int] = {}  # by the mail, which its headers stand for
    for part in parts:
        kind = DECLARED.get(part.content_type)
        if kind in {Kind.TEXT, Kind.HTML} and not (part.skip or part.attached or part.is_packed_body):
            said[id(part.headers)] = said.get(id(part.headers), 0) + _length(part)
    return [
        replace(part, skip=OTHER_HALF)
        if part.is_packed_body and _says_as_much(said.get(id(part.headers), 0), part)
        else part
        for part in parts
    ]


def _says_as_much(said: int, body: Part) -> bool:
    """Say whether the text outside can be that of the body inside, and is not just the footer of a list."""
    if DECLARED.get(body.content_type) is None:  # rich text, most of whose octets are none of its text
        return said > 0
    return said * 2 >= _length(body)


def _length(part: Part) -> int:
    """Return how many characters of a text a person would read."""
    is_html = DECLARED.get(part.content_type) is Kind.HTML
    text = visible_text(part.octets) if is_html else decode_text(part.octets, part.charset)
    return len("".join(text.split()))
