"""SCRAM-SHA-256 (RFC 5802, RFC 7677) as the dialogue holds it: the client proves that it knows the password, and never says it.

The messages and the arithmetic are scramp's. Channel binding (-PLUS) is not offered: under TLS 1.3 clients bind to
tls-exporter, which Python's ssl does not give to a server, and a client that tries -PLUS first would fail for good.
"""

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import suppress

from scramp import ScramException, ScramMechanism

from mailfax.model.secret import ScramKeys

NAME = "SCRAM-SHA-256"
ITERATIONS = (
    65_000  # of PBKDF2, for each login, by the client; Cyrus SASL (Postfix) refuses to compute more than 65,536
)
_MECHANISM = ScramMechanism(NAME)
_DECOY = secrets.token_bytes(32)
_KEY_OCTETS = 32
_SALT_OCTETS = 16

KeysOf = Callable[[str], Awaitable[ScramKeys | None]]


class ScramFault(ValueError):
    """What the client said is no SCRAM, or proves nothing; `malformed` tells the first from the second."""

    def __init__(self, *, malformed: bool) -> None:
        super().__init__("malformed" if malformed else "not proven")
        self.malformed = malformed


def scram_keys(password: str) -> ScramKeys | None:
    """Make the keys of a password; None for one that SCRAM cannot carry (RFC 4013 knows the letters of Unicode 3.2 only)."""
    try:
        salt, stored_key, server_key, iterations = _MECHANISM.make_auth_info(
            password, iteration_count=ITERATIONS, salt=secrets.token_bytes(_SALT_OCTETS)
        )
    except ScramException:
        return None
    return ScramKeys(salt=salt, iterations=iterations, stored_key=stored_key, server_key=server_key)


async def hold_scram(first: bytes, ask: Callable[[bytes], Awaitable[bytes]], keys_of: KeysOf) -> str:
    """Hold the exchange from the client's first message on; return the name that was proven. Raises ScramFault.

    `ask` says a challenge and returns the answer. Somebody who is not there, or has no keys, meets keys that nothing fits, the
    same each time, so that the exchange tells nobody who is a user (RFC 5802 section 9).
    """
    name = ""

    def found(wanted: str) -> tuple[bytes, bytes, bytes, int]:
        nonlocal name
        name = wanted
        return _tuple(keys or _decoy(wanted))

    keys = await keys_of(_name_in(first))
    server = _MECHANISM.make_server(found)
    try:
        server.set_client_first(first.decode("utf-8"))
        challenge = server.get_server_first()
    except (ScramException, UnicodeDecodeError) as fault:
        raise ScramFault(malformed=True) from fault
    answer = await ask(challenge.encode("ascii"))
    try:
        server.set_client_final(answer.decode("utf-8"))
    except (ScramException, UnicodeDecodeError) as fault:
        raise ScramFault(malformed=False) from fault
    if keys is None:
        raise ScramFault(malformed=False)
    if await ask(server.get_server_final().encode("ascii")):
        raise ScramFault(malformed=True)
    return name


def _name_in(first: bytes) -> str:
    """Return the name of the client's first message, which scramp reads again and strictly; nothing where there is none."""
    names: list[str] = []

    def note(name: str) -> None:
        names.append(name)

    with suppress(ScramException, UnicodeDecodeError):  # it ends here in any case: there are no keys yet
        _MECHANISM.make_server(note).set_client_first(first.decode("utf-8"))
    return names[0] if names else ""


def _tuple(keys: ScramKeys) -> tuple[bytes, bytes, bytes, int]:
    return keys.salt, keys.stored_key, keys.server_key, keys.iterations


def _decoy(name: str) -> ScramKeys:
    salt = hmac.new(_DECOY, name.encode("utf-8"), hashlib.sha256).digest()[:_SALT_OCTETS]
    return ScramKeys(
        salt=salt,
        iterations=ITERATIONS,
        stored_key=secrets.token_bytes(_KEY_OCTETS),
        server_key=secrets.token_bytes(_KEY_OCTETS),
    )


def as_challenge(message: bytes) -> str:
    """Return a message as the line of a 334 reply (RFC 4954 section 4)."""
    return f"334 {b64encode(message).decode('ascii')}"
