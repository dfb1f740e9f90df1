"""The users' own numbers as routing wants to know them. Called by `distribution`, the door and the shell."""

from collections.abc import Iterable

from mailfax.model.user import User
from mailfax.routing.own import OwnNumber
from mailfax.spool.store import Store


def own_numbers(users: Iterable[User]) -> tuple[OwnNumber, ...]:
    """Return every number that is a user's own."""
    return tuple(
        OwnNumber(number=number, owner=user.name, mailbox=user.inbox) for user in users for number in user.numbers
    )


class OwnNumbers:
    """The same for the door, which asks at every recipient: the users are read again when the spool has changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: tuple[int, tuple[OwnNumber, ...]] | None = None

    def now(self) -> tuple[OwnNumber, ...]:
        """Return every number that is a user's own at this time."""
        mark, known = self._store.changed(), self._known
        if known is None or known[0] != mark:
            known = mark, own_numbers(self._store.users())
            self._known = known
        return known[1]
