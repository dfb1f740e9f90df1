"""The address of a fax: what stands before the @ of a recipient, read strictly.

Digits are never fished out of free text: `john.smith2024@fax.lan` is no number (features.md AG8).
"""

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"\+?[0-9](?:[0-9]|[ .\-](?=[0-9]))*")
_SEPARATORS = str.maketrans("", "", " .-")


class AddressError(ValueError):
    """The address cannot be a fax number; the text is one plain sentence for the sender."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FaxAddress:
    """A recipient as the envelope gave it. `number` is digits, with a leading + when it is in international form."""

    number: str
    domain: str

    @property
    def mailbox(self) -> str:
        """Return the address in its canonical written form."""
        return f"{self.number}@{self.domain}"


def split_mailbox(mailbox: str) -> tuple[str, str]:
    """Split `local@domain` at the last @; the domain comes back in lower case, without a trailing dot."""
    local, at, domain = mailbox.rpartition("@")
    if not at or not local or not domain:
        raise AddressError(f"{mailbox!r} is not a mail address.")
    return local, domain.lower().rstrip(".")


def parse_number(text: str) -> str:
    """Read a telephone number: digits with single separators (space, dot, hyphen) between them, and a leading +."""
    if not _NUMBER.fullmatch(text):
        raise AddressError(f"{text!r} is not a dialable number.")
    return text.translate(_SEPARATORS)


def parse_fax_address(mailbox: str) -> FaxAddress:
    """Read `5551234@fax.lan`; raises AddressError with a sentence for the sender."""
    local, domain = split_mailbox(mailbox)
    if local.startswith('"') and local.endswith('"'):
        local = local[1:-1]
    return FaxAddress(number=parse_number(local), domain=domain)
