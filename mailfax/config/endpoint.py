"""Reads `host`, `host:port` and `[IPv6]:port`. Used by `sense`, which says what is wrong, and by `daemon.build`."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path

_ENDPOINT = re.compile(r"(?:\[(?P<literal>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]*))(?::(?P<port>[0-9]{1,5}))?")
_MAX_PORT = 65535
SMTP_PORT = 25
IMAP_PORTS = {"implicit": 993, "none": 143}
UNIX = "unix:"
MAX_UNIX_PATH = 107  # octets (unix(7), sun_path)


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a server listens. An empty `host` is every address of this machine."""

    host: str
    port: int


def parse_endpoint(text: str, default_port: int | None = None) -> Endpoint:
    """Read an endpoint. Raises ValueError, also for one without a port where there is no default."""
    parts = _ENDPOINT.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is no host:port")
    if parts["literal"]:
        IPv6Address(parts["literal"])
    port = default_port if parts["port"] is None else int(parts["port"])
    if port is None:
        raise ValueError(f"{text!r} has no port")
    if port > _MAX_PORT:
        raise ValueError(f"the port of {text!r} is over {_MAX_PORT}")
    return Endpoint(host=parts["literal"] or parts["name"], port=port)


def unix_path(text: str, folder: Path) -> Path | None:
    """Return the path of unix:PATH, relative to `folder`, or None for another endpoint. Raises ValueError."""
    if not text.startswith(UNIX):
        return None
    path = folder / text.removeprefix(UNIX)
    if path == folder:
        raise ValueError(f"{text!r} names no file")
    if len(bytes(path)) > MAX_UNIX_PATH:
        raise ValueError(f"{path} is longer than the {MAX_UNIX_PATH} octets that the name of a Unix socket may have")
    return path
