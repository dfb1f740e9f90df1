"""The users' own numbers as routing wants to know them. Called by `distribution` and `inside`."""

from collections.abc import Iterable

from mailfax.model.user import User
from mailfax.routing.own import OwnNumber


def own_numbers(users: Iterable[User]) -> tuple[OwnNumber, ...]:
    """Return every number that is a user's own."""
    return tuple(
        OwnNumber(number=number, owner=user.name, mailbox=user.inbox) for user in users for number in user.numbers
    )
