"""The address book as a verdict asks it: a name of a domain, and the number that stands for it. `gateway.books` answers from the spool."""

from collections.abc import Callable
from dataclasses import dataclass

from mailfax.model.addressee import NOBODY, Addressee


@dataclass(frozen=True, kw_only=True, slots=True)
class BookEntry:
    """What a name stands for: a number as it could be written before the @ (`+12025551234`, `5551234#1387`), and who that is."""

    number: str
    addressee: Addressee = NOBODY


Book = Callable[[str, str], BookEntry | None]  # of a domain and a name, both in small letters


class UnknownName(ValueError):
    """Nobody has this name; the text is one plain sentence for the sender."""


def no_book(_domain: str, _name: str) -> None:
    """Know nobody."""
