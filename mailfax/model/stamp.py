"""What a stamp on the pages may say: text, and the number of the page as evidence is numbered (Bates). Used by `options`, `config` and `render.stamp`."""

import re

LONGEST_STAMP = 60
_PLACE = re.compile(r"\{page(?::([1-9]))?\}")
_BRACES = re.compile(r"[{}]")


def stamp_fault(pattern: str) -> str:
    """Say what is wrong with a stamp, as the end of a sentence about it; empty where it is right."""
    if len(pattern) > LONGEST_STAMP:
        return f"has more than {LONGEST_STAMP} characters"
    if not pattern.isprintable():
        return "has a character that cannot be printed"
    if _BRACES.search(_PLACE.sub("", pattern)):
        return "has braces that are neither {page} nor {page:6} (with six digits)"
    return ""


def is_numbered(pattern: str) -> bool:
    """Say whether a stamp differs from page to page."""
    return _PLACE.search(pattern) is not None


def stamp_text(pattern: str, page: int) -> str:
    """Return the stamp of one page of the document, which count from 1 and without covers."""
    return _PLACE.sub(lambda match: str(page).zfill(int(match[1] or 1)), pattern)
