"""winmail.dat (TNEF, MS-OXTNEF): the mail and the files that Outlook packs into one attachment. Used by `mime`."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from compressed_rtf import decompress
from tnefparse import TNEF

from mailfax.render.charset import decode_text

CONTENT_TYPES = {"application/ms-tnef", "application/vnd.ms-tnef"}
_SIGNATURE = b"\x78\x9f\x3e\x22"
_MEMORY_PER_OCTET = 32
_MEMORY_LEAST = 64 << 20


class TnefUnreadable(Exception):
    """The file is damaged, or claims more than it can hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TnefPart:
    """A body or a file in it."""

    name: str
    content_type: str
    octets: bytes
    attached: bool


def is_tnef(content_type: str, octets: bytes) -> bool:
    """Say whether a part is TNEF, by its type or its first octets."""
    return content_type in CONTENT_TYPES or octets.startswith(_SIGNATURE)


def tnef_parts(octets: bytes) -> list[TnefPart]:
    """Return one body, the best that there is, and the files. Raises TnefUnreadable."""
    try:
        with _little_memory(len(octets)):
            tnef = TNEF(octets, do_checksum=False)
            return [*_body(tnef), *_files(tnef)]
    except (MemoryError, ValueError, LookupError, TypeError, OSError, AttributeError, ArithmeticError) as error:
        raise TnefUnreadable from error


def _body(tnef: TNEF) -> Iterator[TnefPart]:
    if html := _text(tnef.htmlbody, tnef):
        yield TnefPart(name="HTML text", content_type="text/html", octets=html.encode(), attached=False)
    elif text := _text(tnef.body, tnef).rstrip("\0"):
        yield TnefPart(name="message text", content_type="text/plain", octets=text.encode(), attached=False)
    elif rtf := _rtf(tnef):
        yield TnefPart(name="message text", content_type="application/rtf", octets=rtf, attached=False)


def _text(body: object, tnef: TNEF) -> str:
    """Return a body as text; the library gives octets where the file does not name their charset."""
    if isinstance(body, bytes):
        return decode_text(body, str(tnef.codepage or ""))
    return body if isinstance(body, str) else ""


def _rtf(tnef: TNEF) -> bytes:
    rtf = tnef.rtfbody
    if isinstance(rtf, bytes) and rtf:
        return rtf if rtf.lstrip().startswith(b"{\\rtf") else bytes(decompress(rtf))
    return b""


def _files(tnef: TNEF) -> Iterator[TnefPart]:
    for attachment in tnef.attachments:
        name = str(attachment.long_filename() or attachment.name or "unnamed file").rstrip("\0")
        yield TnefPart(
            name=name, content_type="application/octet-stream", octets=bytes(attachment.data or b""), attached=True
        )


@contextmanager
def _little_memory(size: int) -> Iterator[None]:
    """Hold the memory of this process down: a file of 53 octets is known that makes the library take gigabytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + _MEMORY_LEAST + size * _MEMORY_PER_OCTET
    if soft == resource.RLIM_INFINITY or most < soft:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
