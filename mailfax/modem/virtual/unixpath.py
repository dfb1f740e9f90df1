"""A Unix socket's address holds 107 octets of path only; a data folder may lie deeper. Used by `server` and `client`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_OCTETS = 107  # sun_path, without its closing zero (unix(7))


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """Give an address for `path` that fits: the path, or one through an open descriptor of its folder."""
    if len(os.fsencode(path)) <= MAX_OCTETS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
