"""Passwords: hashed for `mailfax user`, compared for the SMTP door, and never in the log.

Of each one slow hash (argon2id) is kept, and the keys of SCRAM. A password from before there was SCRAM gets its keys when it is first used.

`Logins.check` is called on the event loop and computes in a thread; two at a time, so that a flood of logins costs two
cores' time and 128 MB at most.
"""

import asyncio
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mailfax.model.secret import ScramKeys, Secret
from mailfax.model.user import user_name
from mailfax.smtp.scram import scram_keys
from mailfax.spool.store import Store

_AT_ONCE = 2
_MAX_PASSWORD = 1024  # characters; nobody has a longer one, and hashing much more is work for nothing
MIN_PASSWORD = 8
_HASHER = PasswordHasher()  # RFC 9106, second recommended option: 64 MiB, three passes


class PasswordUnfit(ValueError):
    """A password that is not taken; the text is one plain sentence."""


def new_secret(password: str) -> Secret:
    """Make what is kept of a new password. Raises PasswordUnfit."""
    password = unicodedata.normalize("NFC", password)
    if not MIN_PASSWORD <= len(password) <= _MAX_PASSWORD or "\0" in password:
        raise PasswordUnfit(f"A password has {MIN_PASSWORD} to {_MAX_PASSWORD} characters.")
    return Secret(argon2=_HASHER.hash(password), scram=scram_keys(password))


def new_token() -> str:
    """Make up a password for a machine: 160 bits, in letters that survive every mail program's settings."""
    return secrets.token_hex(20)


class Logins:
    """Compares names and passwords with the users of the spool."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._nobody = ""

    async def check(self, name: str, password: str) -> str:
        """Return the name of the user whose password this is, or nothing. Raises SpoolError."""
        async with self._turn:
            return await asyncio.to_thread(self._check, user_name(name), password)

    def _check(self, name: str, password: str) -> str:
        if not password or len(password) > _MAX_PASSWORD:
            return ""
        known = self._store.user_with_secret(name)
        if (
            known is None or not known[1].argon2
        ):  # who has no password; as slow as for a user that there is, so that the time tells nobody who is one
            self._nobody = self._nobody or _HASHER.hash(new_token())
        try:
            _HASHER.verify((known and known[1].argon2) or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return ""
        if known is None:
            return ""
        if known[1].scram is None and (keys := scram_keys(password)):
            self._store.change_secret(name, known[1], Secret(argon2=known[1].argon2, scram=keys))
        return name

    async def scram_keys(self, name: str) -> ScramKeys | None:
        """Return the keys that a user's password has for SCRAM. Raises SpoolError."""
        known = await asyncio.to_thread(self._store.user_with_secret, user_name(name))
        return None if known is None else known[1].scram

    async def scram_user(self, name: str) -> str:
        """Return the name of a user who has just proven his password, unless he was removed meanwhile. Raises SpoolError."""
        user = await asyncio.to_thread(self._store.user, user_name(name))
        return "" if user is None else user.name
