"""Tells office documents by their content, and whether they are locked. Used by `kinds` and `story`, in the limited child."""

import io
import zipfile

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_RTF = b"{\\rtf"
# Of ODF the first file in the archive is its type, stored as it is (ODF 1.3, part 2, 3.3).
_ODF = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
    b"application/vnd.oasis.opendocument.graphics": "odg",
}
_ODF_TYPE_AT = 38
_OOXML = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
    "xl/workbook.bin": "xlsb",
    "ppt/presentation.xml": "pptx",
}
# Streams of a compound file, by names in UTF-16 in its directory.
_OLE_STREAMS = {"WordDocument": "doc", "Workbook": "xls", "Book": "xls", "PowerPoint Document": "ppt"}
_LOCKED_STREAM = "EncryptedPackage"
_MOST_NAMES = 20_000
_LONGEST_MANIFEST = 1 << 20


def office_suffix(octets: bytes, name: str) -> str | None:
    """Return the usual suffix of this kind of office document; None if it is none."""
    if octets.startswith(_RTF):
        return "rtf"
    if octets.startswith(_OLE):
        return _ole_suffix(octets, name)
    if not octets.startswith(_ZIP):
        return None
    for content_type, suffix in _ODF.items():
        if octets.startswith((content_type + b"PK", content_type + b"-template"), _ODF_TYPE_AT):
            return suffix
    names = _names(octets)
    return next((suffix for member, suffix in _OOXML.items() if member in names), None)


def _ole_suffix(octets: bytes, name: str) -> str | None:
    if _has_stream(octets, _LOCKED_STREAM):
        suffix = name.lower().rpartition(".")[2]
        return suffix if suffix in _OOXML.values() else "docx"
    return next((suffix for stream, suffix in _OLE_STREAMS.items() if _has_stream(octets, stream)), None)


def _has_stream(octets: bytes, stream: str) -> bool:
    """Look for a name as a directory entry holds it: from its beginning to its end (MS-CFB 2.6.1)."""
    return stream.encode("utf-16-le") + b"\0\0" in octets


def _names(octets: bytes) -> frozenset[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            return frozenset(archive.namelist()[:_MOST_NAMES])
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        return frozenset()


def is_locked(octets: bytes) -> bool:
    """Say whether a password is needed, where that can be seen without opening it."""
    if octets.startswith(_OLE):
        return _has_stream(octets, _LOCKED_STREAM)
    if not octets.startswith(_ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as archive, archive.open("META-INF/manifest.xml") as manifest:
            return b"encryption-data" in manifest.read(_LONGEST_MANIFEST)
    except (KeyError, zipfile.BadZipFile, zipfile.error, ValueError, NotImplementedError, EOFError, OSError):
        return False
