"""What proves who sends: tokens by the hash of their secret, and signatures that were seen. Functions of a connection, for `store`."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from mailfax.model.token import Token
from mailfax.spool.tables import seen_proofs, tokens


def add_token(connection: Connection, token: Token, secret_hash: str) -> None:
    """Insert a token."""
    connection.execute(
        insert(tokens).values(
            id=token.id,
            user=token.user,
            label=token.label,
            secret_hash=secret_hash,
            created_us=token.created_us,
            expires_us=token.expires_us,
            uses_left=token.uses_left,
            used_us=token.used_us,
        )
    )


def listed_tokens(connection: Connection, user: str | None = None) -> tuple[Token, ...]:
    """Return the tokens of a user, or of all, oldest first."""
    query = select(tokens).order_by(tokens.c.id)
    if user is not None:
        query = query.where(tokens.c.user == user)
    return tuple(_token(row) for row in connection.execute(query).mappings())


def token_of(connection: Connection, secret_hash: str) -> Token | None:
    """Return the token whose secret has this hash."""
    row = connection.execute(select(tokens).where(tokens.c.secret_hash == secret_hash)).mappings().first()
    return None if row is None else _token(row)


def spend_token(connection: Connection, token_id: str, now_us: int) -> bool:
    """Count a use; False where another mail had the last one."""
    row = connection.execute(select(tokens).where(tokens.c.id == token_id).with_for_update()).mappings().first()
    if row is None or not _token(row).holds(now_us):
        return False
    left = None if row["uses_left"] is None else row["uses_left"] - 1
    connection.execute(update(tokens).where(tokens.c.id == token_id).values(uses_left=left, used_us=now_us))
    return True


def give_back_token(connection: Connection, token_id: str) -> None:
    """Take a use back, of a mail that was not taken after all."""
    connection.execute(
        update(tokens)
        .where(tokens.c.id == token_id, tokens.c.uses_left.is_not(None))
        .values(uses_left=tokens.c.uses_left + 1)
    )


def remove_token(connection: Connection, token_id: str) -> bool:
    """Delete a token; False where there is none of that id."""
    return bool(connection.execute(delete(tokens).where(tokens.c.id == token_id)).rowcount)


def remove_tokens_of(connection: Connection, user: str) -> None:
    """Delete all tokens of a user."""
    connection.execute(delete(tokens).where(tokens.c.user == user))


def first_seen(connection: Connection, digests: Sequence[str], now_us: int, forget_before_us: int) -> bool:
    """Remember these; False, and nothing changed, where one of them was seen already. What is older than a proof may be is forgotten."""
    connection.execute(delete(seen_proofs).where(seen_proofs.c.at_us < forget_before_us))
    if connection.scalar(select(seen_proofs.c.digest).where(seen_proofs.c.digest.in_(list(digests))).limit(1)):
        return False
    connection.execute(insert(seen_proofs), [{"digest": digest, "at_us": now_us} for digest in dict.fromkeys(digests)])
    return True


def forget(connection: Connection, digests: Sequence[str]) -> None:
    """Forget these again, of a mail that was not taken after all."""
    connection.execute(delete(seen_proofs).where(seen_proofs.c.digest.in_(list(digests))))


def _token(row: RowMapping) -> Token:
    return Token(
        id=row["id"],
        user=row["user"],
        label=row["label"],
        created_us=row["created_us"],
        expires_us=row["expires_us"],
        uses_left=row["uses_left"],
        used_us=row["used_us"],
    )
