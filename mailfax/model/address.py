"""The address of a fax: what stands before the @ of a recipient, read strictly.

Digits are never fished out of free text: `john.smith2024@fax.lan` is no number (features.md AG8).
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from mailfax.model.addressee import NOBODY, Addressee, line, person

_NUMBER = re.compile(r"\+?[0-9](?:[0-9]|[ .\-](?=[0-9]))*")
_SEPARATORS = str.maketrans("", "", " .-")
_SUBADDRESS = re.compile(r"[0-9#*]{1,20}")  # T.30, 5.3.6.2.8; a space is legal there and never in an address
_SUBADDRESS_MARK = "#"
_UNSUPPORTED = {  # RFC 3191 section 2, RFC 2846 section 3
    "VOICE": "this is a fax gateway",
    "SMS": "this is a fax gateway",
    "ISUB": "a modem cannot signal an ISDN subaddress",
    "POSTD": "nothing is dialled after the number",
}
# RFC 2846 section 4: whom the fax is for and where he is, in the order in which the cover shows them.
_PLACES = {
    "ORG": "{}",
    "OFNA": "{}",
    "OFNO": "Office {}",
    "STR": "{}",
    "ADDR": "{}",
    "ADDU": "{}",
    "ADDL": "{}",
    "POB": "P.O. Box {}",
    "ZIP": "{}",
    "CO": "{}",
}
_ATTENTION = "ATTN"
_KNOWN = {"FAX", "T33S", _ATTENTION, *_PLACES}  # RFC 3192 section 2
_EXIT = re.compile(r"(?P<code>[0-9]{1,4})[ .\-]?[pwPW]+(?P<number>.+)")  # RFC 2846 section 2, exit-code
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
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


@dataclass(frozen=True, kw_only=True, slots=True)
class FaxRecipient:
    """What one written address asks for: a number, perhaps for several subaddresses behind it, and for whom it is."""

    addresses: tuple[FaxAddress, ...]
    addressee: Addressee = NOBODY


def parse_recipient(local: str, domain: str, exit_codes: Collection[str] = ()) -> FaxRecipient:
    """Read what stands before the @: `5551234`, `5551234#1387` or `FAX=+12025551234/T33S=1387/ATTN=Tom.Jones` (RFC 3192, RFC 2846).

    An exit code (`FAX=0p015551234`) is read where it is one of `exit_codes`; it is not dialled, as lines have a prefix of their own.
    Raises AddressError with a sentence for the sender.
    """
    if local.startswith('"') and local.endswith('"'):
        local = local[1:-1]
    if "=" in local:
        elements = _elements(local)
        number, subaddresses = elements["FAX"][0], elements.get("T33S", [])
        found = Addressee(name=person("".join(elements.get(_ATTENTION, ()))), lines=tuple(_lines(elements)))
    else:
        number, mark, behind = local.partition(_SUBADDRESS_MARK)
        subaddresses, found = [behind] if mark else [], NOBODY
    if (dialled_out := _EXIT.fullmatch(number)) is not None and dialled_out["code"] in exit_codes:
        number = dialled_out["number"]
    address = FaxAddress(number=parse_number(number), domain=domain)
    behind_it = dict.fromkeys(map(parse_subaddress, subaddresses)) or {"": None}
    return FaxRecipient(
        addresses=tuple(replace(address, subaddress=subaddress) for subaddress in behind_it), addressee=found
    )


def _lines(elements: dict[str, list[str]]) -> Iterable[str]:
    return (form.format(line(value)) for name, form in _PLACES.items() for value in elements.get(name, ()))


def is_book_name(local: str) -> bool:
    """Say whether this could be a name in an address book: it begins with a letter, and is not a number with pauses."""
    return _NAME.fullmatch(local) is not None and _PAUSES.fullmatch(local) is None


def parse_subaddress(text: str) -> str:
    """Read a subaddress: digits, # and *, at most 20; separators between them fall away."""
    plain = text.translate(_SEPARATORS)
    if not _SUBADDRESS.fullmatch(plain):
        raise AddressError(f"{text!r} is not a subaddress: it may have digits, # and *, at most 20.")
    return plain


def parse_named_recipient(name: str, number: str, domain: str) -> FaxRecipient:
    """Read `Sam.Smith@5551234.fax.lan`, taken apart: a name that is no number, and a number that is the first label of the domain."""
    if not _PERSON.fullmatch(name):
        raise AddressError(
            f"{name!r} is no person's name: letters, and digits only behind them, before {number}.{domain}."
        )
    address = FaxAddress(number=parse_number(number), domain=domain)
    return FaxRecipient(addresses=(address,), addressee=Addressee(name=person(name)))


def _elements(local: str) -> dict[str, list[str]]:
    """Read `FAX=.../T33S=...`; a slash may stand before and behind it (RFC 3192 section 4), and T33S several times."""
    elements: dict[str, list[str]] = {}
    for part in local.removeprefix("/").removesuffix("/").split("/"):
        name, mark, value = part.partition("=")
        selector = name.upper()
        if not mark:
            raise AddressError(
                f"{part!r} is no element of a fax address: they are written FAX=number and T33S=subaddress."
            )
        if selector in _UNSUPPORTED:
            raise AddressError(f"{selector}= is not taken here: {_UNSUPPORTED[selector]}.")
        if selector not in _KNOWN:
            raise AddressError(
                f"{local!r} is not a fax address: {selector}= is not known; write FAX=, and T33S= for a subaddress."
            )
        if selector in elements and selector != "T33S":
            raise AddressError(
                f"{local!r} is not a fax address: {selector}= stands there twice; write each in an address of its own."
            )
        if selector in {_ATTENTION, *_PLACES} and not (value.strip() and value.isprintable()):
            raise AddressError(f"{local!r} is not a fax address: nothing stands behind {selector}=.")
        elements.setdefault(selector, []).append(value)
    if "FAX" not in elements:
        raise AddressError(f"{local!r} is not a fax address: FAX= with the number is missing.")
    return elements
