"""The users and what is kept of their passwords. Functions of a connection, for `store`."""

from collections.abc import Iterable

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from mailfax.model.secret import Secret, read_scram_keys
from mailfax.model.user import User
from mailfax.spool.tables import users


class NumberTaken(ValueError):
    """A number is another user's own already; the text is one plain sentence."""


def add(connection: Connection, user: User, secret: Secret, now_us: int) -> bool:
    """Insert a user; False, and nothing changed, where the name is taken. Raises NumberTaken."""
    if load(connection, user.name) is not None:
        return False
    _check_numbers(connection, user)
    connection.execute(
        insert(users).values(name=user.name, created_us=now_us, **_secret_columns(secret), **_columns(user))
    )
    return True


def change(connection: Connection, user: User) -> bool:
    """Put a user's record in the place of the one by that name; his password stays. False where there is none. Raises NumberTaken."""
    _check_numbers(connection, user)
    return bool(connection.execute(update(users).where(users.c.name == user.name).values(**_columns(user))).rowcount)


def set_secret(connection: Connection, name: str, secret: Secret, instead_of: Secret | None = None) -> bool:
    """Change the password of a user; False where there is none of that name, or where he has not the one of `instead_of`."""
    change = update(users).where(users.c.name == name).values(**_secret_columns(secret))
    if instead_of is not None:
        change = change.where(users.c.password_hash == instead_of.argon2)
    return bool(connection.execute(change).rowcount)


def remove(connection: Connection, name: str) -> bool:
    """Delete a user; False where there is none of that name. Mails that he sent keep his name."""
    return bool(connection.execute(delete(users).where(users.c.name == name)).rowcount)


def load(connection: Connection, name: str) -> User | None:
    """Return a user."""
    row = connection.execute(select(users).where(users.c.name == name)).mappings().first()
    return None if row is None else _user(row)


def with_secret(connection: Connection, name: str) -> tuple[User, Secret] | None:
    """Return a user and what is kept of his password."""
    row = connection.execute(select(users).where(users.c.name == name)).mappings().first()
    if row is None:
        return None
    scram = read_scram_keys(row["scram_keys"]) if row["scram_keys"] else None
    return _user(row), Secret(argon2=row["password_hash"], scram=scram)


def listed(connection: Connection) -> tuple[User, ...]:
    """Return all users by name."""
    return tuple(_user(row) for row in connection.execute(select(users).order_by(users.c.name)).mappings())


def _check_numbers(connection: Connection, user: User) -> None:
    """Hold every own number to one user: a fax goes to one of them."""
    mine = _digits(user.numbers)
    if len(mine) != len(user.numbers):
        raise NumberTaken(f"A number of the user {user.name} stands there twice.")
    for other in listed(connection):
        if other.name != user.name and (both := mine & _digits(other.numbers)):
            raise NumberTaken(f"{min(both)} is a number of the user {other.name} already.")


def _digits(numbers: Iterable[str]) -> set[str]:
    return {number.removeprefix("+") for number in numbers}


def _secret_columns(secret: Secret) -> dict[str, str]:
    return {"password_hash": secret.argon2, "scram_keys": secret.scram.written() if secret.scram else ""}


def _columns(user: User) -> dict[str, object]:
    return {
        "addresses": user.addresses,
        "groups": user.groups,
        "station_id": user.station_id,
        "header_name": user.header_name,
        "time_zone": user.time_zone,
        "telling": user.telling,
        "mailbox": user.mailbox,
        "numbers": user.numbers,
        "roles": user.roles,
        "quota": user.quota,
        "cover": user.cover,
    }


def _user(row: RowMapping) -> User:
    return User(
        name=row["name"],
        addresses=row["addresses"],
        groups=row["groups"],
        station_id=row["station_id"],
        header_name=row["header_name"],
        time_zone=row["time_zone"],
        telling=row["telling"],
        mailbox=row["mailbox"],
        numbers=row["numbers"],
        roles=row["roles"],
        quota=row["quota"],
        cover=row["cover"],
    )
