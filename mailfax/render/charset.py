"""Octets become text: what the sender declared, else UTF-8, else what they look like, and never a failure. Used by `story`."""

import codecs
import re

from charset_normalizer import from_bytes

# Names that mail programs write and Python does not know, or knows in a narrower sense than the writers.
_ALIASES = {
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ce": "mac_latin2",
    "x-mac-roman": "mac_roman",
    "x-mac-greek": "mac_greek",
    "x-mac-turkish": "mac_turkish",
    "macintosh": "mac_roman",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "big5": "cp950",
    "big5-hkscs": "big5hkscs",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "x-euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp_2",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "unicode-1-1-utf-7": "utf-7",
    "x-unknown": "utf-8",
    "unknown-8bit": "utf-8",
}
_LANGUAGES = {
    "cp932": "ja", "euc_jp": "ja", "iso2022_jp_2": "ja", "cp949": "ko", "iso2022_kr": "ko",
    "gb18030": "zh-cn", "hz": "zh-cn", "cp950": "zh-tw", "big5hkscs": "zh-hk",
}  # fmt: skip
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NARROW = {"us-ascii", "ascii", "utf-8"}  # what programs write without looking; a bad octet there means another charset
_META = re.compile(
    rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE
)
_META_WITHIN = 4096
_GUESS_FROM = 200_000  # octets looked at for a guess
_GUESS_LEAST = 12  # fewer octets beyond ASCII say nothing
_GUESSED = [
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "mac_cyrillic", "cp874", "cp932", "euc_jp",
    "cp949", "gb18030", "big5",
]  # fmt: skip
_FEW_MARKS = 8  # one wrong character in so many that are right
_UTF16_WITHIN = 2000
# All octets but the control characters that no text has; ESC is in ISO 2022.
_OF_TEXT = bytes(code for code in range(256) if code >= 0x20 or code in b"\t\n\v\f\r\x1b")


def decode_text(octets: bytes, declared: str | None) -> str:
    """Decode text of a mail or file: as declared, as UTF-8, as it looks like, at last with marks for bad octets."""
    for mark, charset in _MARKS:
        if octets.startswith(mark):
            return octets.decode(charset, errors="replace")
    known = known_charset(declared) or "utf-8"
    attempts = [known, "utf-8"]
    if wide := _utf16_without_mark(octets):
        attempts.insert(0, wide)
    if known in _NARROW and (damaged := _nearly_utf8(octets)):
        return damaged
    if known in _NARROW and (guessed := _guess(octets)):
        attempts.append(guessed)
    for charset in attempts:
        try:
            return octets.decode(charset)
        except (LookupError, ValueError):  # no such charset, octets it does not have, a name that is none
            continue
    for charset in (known, "cp1252"):
        if charset not in _NARROW:
            try:
                return octets.decode(charset, errors="replace")
            except (LookupError, ValueError):
                continue
    return octets.decode("cp1252", errors="replace")


def known_charset(declared: str | None) -> str:
    """Return the name that Python knows a declared charset by; "" for none."""
    name = (declared or "").strip().strip("\"'").lower()
    return _ALIASES.get(name, name)


def language_of_charset(declared: str | None) -> str:
    """Return the language that a charset was made for; "" for one that serves several."""
    name = known_charset(declared)
    try:
        return _LANGUAGES.get(name) or _LANGUAGES.get(codecs.lookup(name).name.replace("-", "_"), "") if name else ""
    except (LookupError, ValueError):
        return ""


def html_charset(octets: bytes, declared: str | None) -> str | None:
    """Return the charset of an HTML part: the mail's word, else the document's own (HTML, 13.2.3)."""
    if declared:
        return declared
    found = _META.search(octets[:_META_WITHIN])
    return (found.group(1) or found.group(2)).decode("ascii", "replace") if found else None


def _utf16_without_mark(octets: bytes) -> str:
    """Tell UTF-16 of mostly Latin text without a mark by its zeros."""
    sample = octets[:_UTF16_WITHIN]
    if len(sample) < 2 or not sample.count(0) * 3 > len(sample):
        return ""
    return "utf-16-be" if sample[0::2].count(0) > sample[1::2].count(0) else "utf-16-le"


def _nearly_utf8(octets: bytes) -> str:
    """Decode UTF-8 of which an octet here and there is wrong, with marks for these; "" for anything else."""
    text = octets.decode("utf-8", errors="replace")
    marks = text.count("\N{REPLACEMENT CHARACTER}")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return text if 0 < marks * _FEW_MARKS < beyond_ascii else ""


def _guess(octets: bytes) -> str:
    """Guess the charset of octets that are no UTF-8; "" when they are, or say too little."""
    try:
        octets.decode("utf-8")
    except UnicodeError:
        beyond_ascii = len(octets) - len(octets.translate(None, bytes(range(0x80, 0x100))))
        if beyond_ascii < _GUESS_LEAST:
            return ""
        best = from_bytes(octets[:_GUESS_FROM], cp_isolation=_GUESSED).best()
        return best.encoding if best else ""
    return ""


def looks_like_text(octets: bytes) -> bool:
    """Say whether octets of unknown type are plain text: UTF-8 without control characters."""
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeError:
        return False
    return all(character >= " " or character in "\t\n\r\f" for character in text)


def can_be_text(octets: bytes) -> bool:
    """Say whether octets that are called text can be: in any charset, which need not be UTF-8."""
    return octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or not octets.translate(None, _OF_TEXT)
