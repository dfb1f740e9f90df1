"""Octets become text: what the sender declared, else UTF-8, else a guess that never fails. Used by `story`."""

import codecs

# Names that mail programs write and Python does not know, or knows in a narrower sense than the writers.
_ALIASES = {
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "x-unknown": "utf-8",
}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NARROW = {"us-ascii", "ascii", "utf-8"}  # what programs write without looking; a bad octet there means another charset


def decode_text(octets: bytes, declared: str | None) -> str:
    """Decode text of a mail or file: as declared, as UTF-8, as declared with marks for bad octets, at last as cp1252."""
    for mark, charset in _MARKS:
        if octets.startswith(mark):
            return octets.decode(charset, errors="replace")
    name = (declared or "utf-8").strip().strip("\"'").lower()
    known = _ALIASES.get(name, name)
    attempts = [(known, "strict"), ("utf-8", "strict")]
    if known not in _NARROW:
        attempts.append((known, "replace"))
    for charset, errors in attempts:
        try:
            return octets.decode(charset, errors)
        except (LookupError, ValueError):  # no such charset, octets it does not have, a name that is none
            continue
    return octets.decode("cp1252", errors="replace")


def looks_like_text(octets: bytes) -> bool:
    """Say whether octets of unknown type are plain text: UTF-8 without control characters."""
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeError:
        return False
    return all(character >= " " or character in "\t\n\r\f" for character in text)
