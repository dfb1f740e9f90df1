"""What can be faxed, by declared type and by content. Tables only; used by `mime` and `story`."""

from enum import Enum

from mailfax.render.charset import looks_like_text


class Kind(Enum):
    """How a part is turned into pages."""

    TEXT = "text"
    PDF = "PDF"
    IMAGE = "image"


DECLARED = {
    "text/plain": Kind.TEXT,
    "text/csv": Kind.TEXT,
    "text/markdown": Kind.TEXT,
    "text/tab-separated-values": Kind.TEXT,
    "text/x-diff": Kind.TEXT,
    "text/x-log": Kind.TEXT,
    "text/x-patch": Kind.TEXT,
    "application/plain": Kind.TEXT,
    "application/txt": Kind.TEXT,
    "application/pdf": Kind.PDF,
    "application/x-pdf": Kind.PDF,
    "image/jpeg": Kind.IMAGE,
    "image/jpg": Kind.IMAGE,
    "image/pjpeg": Kind.IMAGE,
    "image/png": Kind.IMAGE,
    "image/x-png": Kind.IMAGE,
    "image/tiff": Kind.IMAGE,
    "image/tiff-fx": Kind.IMAGE,
    "image/tif": Kind.IMAGE,
}
MAGIC = (
    (b"%PDF-", Kind.PDF),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"II*\0", Kind.IMAGE),
    (b"MM\0*", Kind.IMAGE),
)
# Says nothing about the content; what it is then shows in its octets, or for text in its name too.
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
_TEXT_SUFFIXES = (".txt", ".text", ".log", ".csv", ".md")
NEVER_CONTENT = {
    "application/pgp-signature": "a signature",
    "application/pkcs7-signature": "a signature",
    "application/x-pkcs7-signature": "a signature",
}


def sniff(octets: bytes) -> Kind | None:
    """Tell PDF and pictures by their first octets."""
    for magic, kind in MAGIC:
        if octets.startswith(magic):
            return kind
    return None


def kind_of(content_type: str, name: str, octets: bytes) -> Kind | None:
    """Say how a part is faxed; None when it cannot be."""
    if kind := DECLARED.get(content_type):
        return kind
    if content_type.startswith(("text/", "message/")):
        return None
    kind = sniff(octets)
    if kind is None and content_type in UNTYPED and name.lower().endswith(_TEXT_SUFFIXES) and looks_like_text(octets):
        return Kind.TEXT
    return kind
