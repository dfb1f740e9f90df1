"""A number that is named twice in one mail is one recipient; what holds where the two differ, and how that is said. Used by `dialogue`."""

from collections.abc import Sequence
from dataclasses import replace

from mailfax.model.submission import Recipient


def joined(known: Sequence[Recipient], made: Sequence[Recipient]) -> tuple[list[Recipient], str]:
    """Return the recipients with the new ones, and what to say of options that do not hold; it is empty where all do.

    Of one number the first mention holds; a later one adds what the first left open.
    """
    by_address = {recipient.address: recipient for recipient in known}
    held: list[str] = []
    for recipient in made:
        first = by_address.setdefault(recipient.address, recipient)
        held += first.options.held_against(recipient.options)
        options, hold = first.options.over(recipient.options), first.hold or recipient.hold
        by_address[recipient.address] = replace(first, options=options, hold=hold)
    said = f"; named twice, {' '.join(held)} of the first time holds" if held else ""
    return list(by_address.values()), said
