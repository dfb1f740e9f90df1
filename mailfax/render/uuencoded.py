"""Files in the text of a mail from before MIME: `begin 644 name` to `end` (POSIX uuencode). Used by `mime`."""

import binascii
import re
from collections.abc import Iterator

_BLOCK = re.compile(
    rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]+)\r?\n(.*?)^(?:end|====)[ \t]*\r?$", re.MULTILINE | re.DOTALL
)
_BASE64 = b"begin-base64"


def split_uuencoded(text: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Take the files out of a text: the text with a line for each file, and the files by name."""
    files: list[tuple[str, bytes]] = []

    def take(match: re.Match[bytes]) -> bytes:
        octets = _decoded(match.group(2), is_base64=match.group().startswith(_BASE64))
        if octets is None:  # only looks like it
            return match.group()
        files.append((match.group(1).decode("utf-8", "replace").strip(), octets))
        return b"[" + match.group(1).strip() + b"]"

    return _BLOCK.sub(take, text), files


def _decoded(body: bytes, *, is_base64: bool) -> bytes | None:
    try:
        return binascii.a2b_base64(body) if is_base64 else b"".join(_lines(body))
    except binascii.Error:
        return None


def _lines(body: bytes) -> Iterator[bytes]:
    for line in body.splitlines():
        if not line.strip():
            continue
        try:
            yield binascii.a2b_uu(line)
        except binascii.Error:  # a broken encoder padded the line; its first character says how much of it counts
            count = (((line[0] - 32) & 63) * 4 + 5) // 3
            yield binascii.a2b_uu(line[:count])
