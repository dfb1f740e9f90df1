"""xtext (RFC 3461 section 4): how ENVID and ORCPT carry any printable text in one word of an SMTP command.

The envelope parser checks with it, the notices decode with it.
"""

import re

_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_HEX = re.compile(r"\+([0-9A-F]{2})")
_PRINTABLE = re.compile(r"[ -~]*")


def decode_xtext(text: str) -> str:
    """Return what the xtext stands for.

    Raises ValueError when it is none, or when it hides something other than printable ASCII: RFC 3461 sections 4.2 and 4.4
    forbid it, and a line end in there would forge fields of the DSN.
    """
    if not _XTEXT.fullmatch(text):
        raise ValueError(f"{text!r} is not xtext")
    plain = _HEX.sub(lambda match: chr(int(match[1], 16)), text)
    if not _PRINTABLE.fullmatch(plain):
        raise ValueError(f"{text!r} hides characters that are not printable")
    return plain
