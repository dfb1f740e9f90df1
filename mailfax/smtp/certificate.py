"""The certificate of the listener: read at the start, and again whenever its files have changed, without a restart.

One SSLContext lives as long as the listener; asyncio holds on to it for implicit TLS. What is renewed is loaded into it, and
only after a trial in another one: a certificate whose key has not been written yet must not spoil the one in use.
"""

import ssl
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)
_Mark = tuple[tuple[int, int, int], ...]


class Certificate:
    """A certificate chain and its key (PEM files). Making one raises OSError, of which ssl.SSLError is a kind."""

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain, self._key = chain, key
        self._loaded = self._mark()
        self.context = self._load(_context())

    def refresh(self) -> None:
        """Load the files again if they have changed; what cannot be used is logged once, and the old one serves on."""
        try:
            mark = self._mark()
            if mark == self._loaded:
                return
            self._loaded = mark
            self._load(_context())
            self._load(self.context)
        except OSError as error:
            _log.error("renewed certificate cannot be used, the old one stays", file=str(self._chain), error=str(error))
        else:
            _log.info("certificate loaded again", file=str(self._chain))

    def _load(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.load_cert_chain(self._chain, self._key, password=_no_password)
        return context

    def _mark(self) -> _Mark:
        """Say which files these are: a renewal writes them anew or puts others in their place."""
        found = (path.stat() for path in (self._chain, self._key))
        return tuple((stat.st_ino, stat.st_mtime_ns, stat.st_size) for stat in found)


def _context() -> ssl.SSLContext:
    """Make a context with the standard library's defaults for servers: TLS 1.2 or later, no certificate asked of clients."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _no_password() -> str:
    """Refuse a locked key: OpenSSL would ask for its password on the terminal, and wait."""
    raise ssl.SSLError("the key is locked by a password; write it without one, readable by this user only")
