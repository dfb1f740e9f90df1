"""What can be faxed, by declared type and by content, and why the rest is not. Tables only; used by `mime` and `story`."""

import re
from enum import Enum
from io import BytesIO
from pathlib import PurePath
from zipfile import BadZipFile, ZipFile

from mailfax.render.charset import can_be_text
from mailfax.render.office_kinds import office_suffix


class Kind(Enum):
    """How a part is turned into pages."""

    TEXT = "text"
    HTML = "HTML"
    PDF = "PDF"
    IMAGE = "image"
    SVG = "SVG"
    OFFICE = "office document"


DECLARED = {
    "text/plain": Kind.TEXT,
    "text/csv": Kind.TEXT,
    "text/markdown": Kind.TEXT,
    "text/tab-separated-values": Kind.TEXT,
    "text/x-diff": Kind.TEXT,
    "text/x-log": Kind.TEXT,
    "text/x-patch": Kind.TEXT,
    "text/xml": Kind.TEXT,
    "text/json": Kind.TEXT,
    "text/rfc822-headers": Kind.TEXT,
    "application/json": Kind.TEXT,
    "application/plain": Kind.TEXT,
    "application/txt": Kind.TEXT,
    "application/xml": Kind.TEXT,
    "text/html": Kind.HTML,
    "application/xhtml+xml": Kind.HTML,
    "text/enriched": Kind.HTML,
    "text/richtext": Kind.HTML,
    "application/pdf": Kind.PDF,
    "application/x-pdf": Kind.PDF,
    "image/avif": Kind.IMAGE,
    "image/bmp": Kind.IMAGE,
    "image/gif": Kind.IMAGE,
    "image/heic": Kind.IMAGE,
    "image/heif": Kind.IMAGE,
    "image/jp2": Kind.IMAGE,
    "image/jpeg": Kind.IMAGE,
    "image/jpeg2000": Kind.IMAGE,
    "image/jpg": Kind.IMAGE,
    "image/pbm": Kind.IMAGE,
    "image/pgm": Kind.IMAGE,
    "image/pjpeg": Kind.IMAGE,
    "image/png": Kind.IMAGE,
    "image/ppm": Kind.IMAGE,
    "image/svg+xml": Kind.SVG,
    "image/tif": Kind.IMAGE,
    "image/tiff": Kind.IMAGE,
    "image/tiff-fx": Kind.IMAGE,
    "image/webp": Kind.IMAGE,
    "image/x-bmp": Kind.IMAGE,
    "image/x-ms-bmp": Kind.IMAGE,
    "image/x-png": Kind.IMAGE,
    "image/x-portable-anymap": Kind.IMAGE,
    "image/x-portable-bitmap": Kind.IMAGE,
    "image/x-portable-graymap": Kind.IMAGE,
    "image/x-portable-pixmap": Kind.IMAGE,
}
MAGIC = (
    (b"%PDF-", Kind.PDF),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"II*\0", Kind.IMAGE),
    (b"MM\0*", Kind.IMAGE),
    (b"GIF87a", Kind.IMAGE),
    (b"GIF89a", Kind.IMAGE),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Kind.IMAGE),
    (b"\xff\x4f\xff\x51", Kind.IMAGE),
)
_BOXED = ((b"ftypheic", Kind.IMAGE), (b"ftypheix", Kind.IMAGE), (b"ftypmif1", Kind.IMAGE), (b"ftypavif", Kind.IMAGE))
_SNIFFED_HTML = (b"<!doctype html", b"<html")
# Drawing programs write a declaration, remarks and a document type before the drawing.
_SNIFFED_SVG = re.compile(
    rb"(?:<\?xml[^>]*>\s*|<!--.*?-->\s*|<!doctype\s+svg[^>\[]*(?:\[[^\]]*\])?\s*>\s*)*<svg\b", re.IGNORECASE | re.DOTALL
)
_SNIFFED_WITHIN = 4096
# Says nothing about the content; what it is then shows in its octets, or in its name. Browsers on Windows call tables in text Excel.
UNTYPED = {
    "application/octet-stream",
    "application/x-octet-stream",
    "application/binary",
    "application/download",
    "application/force-download",
    "application/x-download",
    "application/unknown",
    "application/x-unknown",
    "binary/octet-stream",
}
_CALLED_EXCEL = {"application/vnd.ms-excel", "application/excel", "application/x-excel", "application/csv"}
_BY_SUFFIX = {
    **dict.fromkeys((".txt", ".text", ".log", ".csv", ".tsv", ".md", ".xml", ".json"), Kind.TEXT),
    **dict.fromkeys((".htm", ".html"), Kind.HTML),
    **dict.fromkeys((".bmp", ".pbm", ".pgm", ".ppm", ".pnm", ".heic", ".heif"), Kind.IMAGE),
    ".svg": Kind.SVG,
}
# Parts that are never faxed, by the policy that says so.
NEVER_CONTENT = {
    "application/pgp-keys": "a key, not a document",
    "application/pgp-signature": "a signature",
    "application/pkcs7-signature": "a signature",
    "application/x-pkcs7-signature": "a signature",
    "application/ics": "a calendar entry for programs",
    "text/calendar": "a calendar entry for programs",
    "text/directory": "a visiting card for programs",
    "text/vcard": "a visiting card for programs",
    "text/x-vcalendar": "a calendar entry for programs",
    "text/x-vcard": "a visiting card for programs",
    "text/x-amp-html": "a form of the mail that runs scripts",
}
# Parts that refuse their message, with what to say instead of "cannot be faxed".
LOCKED = {
    "application/pgp-encrypted": "is encrypted (OpenPGP)",
    "application/pkcs7-mime": "is encrypted or sealed (S/MIME)",
    "application/x-pkcs7-mime": "is encrypted or sealed (S/MIME)",
    "application/mac-binhex40": "is a BinHex file of an old Macintosh and cannot be opened",
    "message/partial": "is one piece of a mail that was cut into several (message/partial)",
}
_ARCHIVES = (
    (b"PK\x03\x04", "is a zip archive; attach its files one by one"),
    (b"Rar!", "is a rar archive; attach its files one by one"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive; attach its files one by one"),
    (b"\x1f\x8b", "is a gzip archive; attach its files one by one"),
)
_ARCHIVE_TYPES = {
    f"application/{name}"
    for name in (
        "zip",
        "x-zip",
        "x-zip-compressed",
        "gzip",
        "x-gzip",
        "vnd.rar",
        "x-rar",
        "x-rar-compressed",
        "x-7z-compressed",
    )
}
_LOCKED_FLAG = 0x1


def sniff(octets: bytes) -> Kind | None:
    """Tell PDF, pictures and HTML by their first octets."""
    for magic, kind in MAGIC:
        if octets.startswith(magic):
            return kind
    for magic, kind in _BOXED:
        if octets[4:12] == magic:
            return kind
    if octets.startswith(b"RIFF") and octets[8:12] == b"WEBP":
        return Kind.IMAGE
    start = octets[:_SNIFFED_WITHIN].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return Kind.HTML if start.startswith(_SNIFFED_HTML) else Kind.SVG if _SNIFFED_SVG.match(start) else None


def kind_of(content_type: str, name: str, octets: bytes) -> Kind | None:
    """Say how a part is faxed; None when it cannot be."""
    if kind := DECLARED.get(content_type):
        return kind
    if office_suffix(octets, name):
        return Kind.OFFICE
    if content_type.startswith(("text/", "multipart/")):  # of a multipart without parts, the text is all there is
        return Kind.TEXT if can_be_text(octets) else None
    if content_type.startswith("message/"):
        return None
    if kind := sniff(octets):
        return kind
    if content_type not in UNTYPED and content_type not in _CALLED_EXCEL:
        return None
    named = _BY_SUFFIX.get(PurePath(name.lower()).suffix)
    return None if named in {Kind.TEXT, Kind.HTML} and not can_be_text(octets) else named


def why_not(content_type: str, octets: bytes) -> str:
    """Say of a part without a kind why it cannot be faxed, as the end of a sentence about it."""
    if reason := LOCKED.get(content_type):
        return reason
    if not octets:
        return "is empty"
    for magic, reason in _ARCHIVES:
        if octets.startswith(magic) and (content_type in UNTYPED or content_type in _ARCHIVE_TYPES):
            return "is an archive with a password" if _has_password(octets) else reason
    return "cannot be faxed"


def _has_password(octets: bytes) -> bool:
    """Say whether a file in a zip archive is encrypted; nothing is unpacked."""
    try:
        with ZipFile(BytesIO(octets)) as archive:
            return any(entry.flag_bits & _LOCKED_FLAG for entry in archive.infolist())
    except (BadZipFile, ValueError, OSError):
        return False
