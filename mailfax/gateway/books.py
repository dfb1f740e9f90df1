"""Address books: whose entry counts for whom. The user's own comes before that of the domain, that before the one of all. Asked by the door and the shell."""

from mailfax.model.alias import EVERYBODY, domain_scope
from mailfax.routing.book import Book, BookEntry
from mailfax.spool.store import Store


def book_of(store: Store, user: str) -> Book:
    """Return the address book as a user sees it; `user` is empty for who is known by the network, or the name of one of this machine."""

    def look_up(domain: str, name: str) -> BookEntry | None:
        scopes = [*([user] if user else []), domain_scope(domain), EVERYBODY]
        found = store.alias_of(scopes, name)
        return None if found is None else BookEntry(number=found.number, addressee=found.addressee)

    return look_up
