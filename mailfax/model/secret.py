"""What is kept of a user's password: a slow hash for PLAIN and LOGIN, and the keys of SCRAM. Made by `gateway.login`, kept by `spool.users`."""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field

_KEYS = re.compile(
    r"SCRAM-SHA-256\$(?P<iterations>[0-9]{1,8}):(?P<salt>[A-Za-z0-9+/=]+)\$(?P<stored>[A-Za-z0-9+/=]+):(?P<server>[A-Za-z0-9+/=]+)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScramKeys:
    """What a server of SCRAM-SHA-256 knows of a password (RFC 5802 section 3, RFC 7677). Nobody logs in with these alone."""

    salt: bytes
    iterations: int
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)

    def written(self) -> str:
        """Return the keys as RFC 5803 writes them."""
        salt, stored, server = (
            b64encode(part).decode("ascii") for part in (self.salt, self.stored_key, self.server_key)
        )
        return f"SCRAM-SHA-256${self.iterations}:{salt}${stored}:{server}"


def read_scram_keys(written: str) -> ScramKeys:
    """Read keys as RFC 5803 writes them. Raises ValueError."""
    parts = _KEYS.fullmatch(written)
    if parts is None:
        raise ValueError("these are no keys of SCRAM-SHA-256")
    return ScramKeys(
        salt=b64decode(parts["salt"]),
        iterations=int(parts["iterations"]),
        stored_key=b64decode(parts["stored"]),
        server_key=b64decode(parts["server"]),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """What is kept of one password. `scram` is None for one that was set before there was SCRAM, or that SCRAM cannot carry."""

    argon2: str = field(repr=False)
    scram: ScramKeys | None = None
