"""Pictures inline: shown where the HTML of their mail shows them, or left out as design. Used by `mime`."""

import re
from dataclasses import replace
from urllib.parse import unquote

from mailfax.render.kinds import DECLARED, Kind
from mailfax.render.part import Part

_CID = re.compile(rb"cid:([^\"'>\s)]+)")
_SMALL_PICTURE = 16_384  # octets; what is shown inline and is smaller is design, not content
_HTML_PICTURE = "left out: a picture of the HTML form of the mail"
_DESIGN_NAME = re.compile(
    r"(?:image\d{3}|logo|signature|facebook|twitter|linkedin|instagram|xing|icon|spacer)[\w.-]*", re.IGNORECASE
)


def judge_pictures(parts: list[Part]) -> list[Part]:
    """Say of the pictures that an HTML form refers to where they are shown, and leave out those that are only design."""
    shown: dict[str, int] = {}
    unseen: set[str] = set()
    for index, part in enumerate(parts):
        if DECLARED.get(part.content_type) is Kind.HTML:
            for cid in _CID.findall(part.octets):
                name = unquote(cid.decode("utf-8", "replace"))
                if part.skip:
                    unseen.add(name)
                else:
                    shown.setdefault(name, index)
    return [_judged(part, shown, unseen) for part in parts]


def _judged(part: Part, shown: dict[str, int], unseen: set[str]) -> Part:
    if part.skip or DECLARED.get(part.content_type) not in {Kind.IMAGE, Kind.SVG}:
        return part
    if part.content_id in shown:
        return replace(part, shown_in=shown[part.content_id])
    if part.content_id in unseen:
        return replace(part, skip=_HTML_PICTURE)
    small = len(part.octets) <= _SMALL_PICTURE
    if small and not part.attached and (part.content_id or _DESIGN_NAME.fullmatch(part.name)):
        return replace(part, skip=f"a small picture of the mail's design ({max(1, len(part.octets) >> 10)} kB, inline)")
    return part
