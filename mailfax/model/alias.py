"""An entry of an address book: a name that stands for a number. Kept by `spool.aliases`, made by `mailfax alias`."""

import re
from dataclasses import dataclass

from mailfax.model.address import AddressError, is_book_name, parse_recipient
from mailfax.model.addressee import NOBODY, Addressee

EVERYBODY = "*"
_SCOPE = re.compile(r"\*|@[a-z0-9._-]+|[a-z0-9][a-z0-9._@+-]{0,63}")


class AliasError(ValueError):
    """The entry makes no sense; the text is one plain sentence for whoever wrote it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alias:
    """`name` before the @ is `number`. `scope` is whose book it is in: a user's name, a domain with its @, or `*` for everybody's.

    The number is written as it could stand before the @ itself: `+12025551234`, `5551234#1387`.
    """

    scope: str
    name: str
    number: str
    addressee: Addressee = NOBODY

    def __post_init__(self) -> None:
        if not is_book_name(self.name) or self.name != self.name.lower():
            raise AliasError(
                f"{self.name!r} is no name for an address book: a letter, then letters, digits and . _ - , at most 64, and no number with pauses."
            )
        if not _SCOPE.fullmatch(self.scope):
            raise AliasError(f"{self.scope!r} is neither a user, nor a domain with its @, nor * for everybody.")
        try:
            parse_recipient(self.number, "")
        except AddressError as error:
            raise AliasError(str(error)) from error
        for text in (self.addressee.name, *self.addressee.lines):
            if not text.isprintable():
                raise AliasError(f"{text!r} has a letter that cannot be printed.")


def domain_scope(domain: str) -> str:
    """Return the scope of a domain's book."""
    return f"@{domain.lower()}"
