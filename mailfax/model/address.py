"""The address of a fax: what stands before the @ of a recipient, read strictly.

Digits are never fished out of free text: `john.smith2024@fax.lan` is no number (features.md AG8).
"""

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"\+?[0-9](?:[0-9]|[ .\-](?=[0-9]))*")
_SEPARATORS = str.maketrans("", "", " .-")
_SUBADDRESS = re.compile(r"[0-9#*]{1,20}")  # T.30, 5.3.6.2.8; a space is legal there and never in an address
_SUBADDRESS_MARK = "#"
_ELEMENTS = ("FAX", "T33S")  # RFC 3192 section 2
_UNSUPPORTED = {  # RFC 3191 section 2, RFC 2846 sections 2 and 3
    "VOICE": "this is a fax gateway",
    "SMS": "this is a fax gateway",
    "ISUB": "a modem cannot signal an ISDN subaddress",
    "POSTD": "nothing is dialled after the number",
    "ATTN": "there is no cover page for it; write the name in the mail",
    "ORG": "there is no cover page for it; write the name in the mail",
    "OFNO": "there is no cover page for it; write it in the mail",
    "OFNA": "there is no cover page for it; write it in the mail",
    "STR": "there is no cover page for it; write it in the mail",
    "ADDR": "there is no cover page for it; write it in the mail",
    "ADDU": "there is no cover page for it; write it in the mail",
    "ADDL": "there is no cover page for it; write it in the mail",
    "POB": "there is no cover page for it; write it in the mail",
    "ZIP": "there is no cover page for it; write it in the mail",
    "CO": "there is no cover page for it; write it in the mail",
}
_PERSON = re.compile(r"[A-Za-z][A-Za-z0-9'_-]*(?:\.[A-Za-z][A-Za-z0-9'_-]*)*")
_PAUSES = re.compile(r"\+?[0-9pwPW .\-]*[pwPW][0-9pwPW .\-]*")


class AddressError(ValueError):
    """The address cannot be a fax number; the text is one plain sentence for the sender."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FaxAddress:
    """A recipient as the envelope gave it. `number` is digits, with a leading + when it is in international form.

    `subaddress` (T.33) is for whom behind the far machine it is, or empty.
    """

    number: str
    domain: str
    subaddress: str = ""

    @property
    def mailbox(self) -> str:
        """Return the address in its canonical written form."""
        return f"{self.number}{self.subaddress and _SUBADDRESS_MARK + self.subaddress}@{self.domain}"


def split_mailbox(mailbox: str) -> tuple[str, str]:
    """Split `local@domain` at the last @; the domain comes back in lower case, without a trailing dot."""
    local, at, domain = mailbox.rpartition("@")
    if not at or not local or not domain:
        raise AddressError(f"{mailbox!r} is not a mail address.")
    return local, domain.lower().rstrip(".")


def parse_number(text: str) -> str:
    """Read a telephone number: digits with single separators (space, dot, hyphen) between them, and a leading +."""
    if _PAUSES.fullmatch(text):
        raise AddressError(
            f"{text!r} has pauses (p, w) in it, which are not taken: the server itself knows how to get an outside line."
        )
    if not _NUMBER.fullmatch(text):
        raise AddressError(f"{text!r} is not a dialable number.")
    return text.translate(_SEPARATORS)


def parse_fax_address(mailbox: str) -> FaxAddress:
    """Read `5551234@fax.lan`, `5551234#1387@fax.lan` or `FAX=+12025551234/T33S=1387@fax.lan` (RFC 3192).

    Raises AddressError with a sentence for the sender.
    """
    local, domain = split_mailbox(mailbox)
    if local.startswith('"') and local.endswith('"'):
        local = local[1:-1]
    if "=" in local:
        elements = _elements(local)
        number, subaddress = elements.get("FAX", ""), elements.get("T33S")
    else:
        number, mark, behind = local.partition(_SUBADDRESS_MARK)
        subaddress = behind if mark else None
    if subaddress is not None:
        subaddress = parse_subaddress(subaddress)
    return FaxAddress(number=parse_number(number), domain=domain, subaddress=subaddress or "")


def parse_subaddress(text: str) -> str:
    """Read a subaddress: digits, # and *, at most 20; separators between them fall away."""
    plain = text.translate(_SEPARATORS)
    if not _SUBADDRESS.fullmatch(plain):
        raise AddressError(f"{text!r} is not a subaddress: it may have digits, # and *, at most 20.")
    return plain


def parse_named_address(name: str, number: str, domain: str) -> FaxAddress:
    """Read `Sam.Smith@5551234.fax.lan`, taken apart: a name that is no number, and a number that is the first label of the domain."""
    if not _PERSON.fullmatch(name):
        raise AddressError(
            f"{name!r} is no person's name: letters, and digits only behind them, before {number}.{domain}."
        )
    return FaxAddress(number=parse_number(number), domain=domain)


def _elements(local: str) -> dict[str, str]:
    """Read `FAX=.../T33S=...`; a slash may stand before and behind it (RFC 3192 section 4)."""
    elements: dict[str, str] = {}
    for part in local.removeprefix("/").removesuffix("/").split("/"):
        name, mark, value = part.partition("=")
        selector = name.upper()
        if not mark:
            raise AddressError(
                f"{part!r} is no element of a fax address: they are written FAX=number and T33S=subaddress."
            )
        if selector in _UNSUPPORTED:
            raise AddressError(f"{selector}= is not taken here: {_UNSUPPORTED[selector]}.")
        if selector not in _ELEMENTS:
            raise AddressError(
                f"{local!r} is not a fax address: {selector}= is not known; write FAX=, and T33S= for a subaddress."
            )
        if selector in elements:
            advice = "give each its own recipient" if selector == "T33S" else "write each in an address of its own"
            raise AddressError(f"{local!r} is not a fax address: {selector}= stands there twice; {advice}.")
        elements[selector] = value
    if "FAX" not in elements:
        raise AddressError(f"{local!r} is not a fax address: FAX= with the number is missing.")
    return elements
