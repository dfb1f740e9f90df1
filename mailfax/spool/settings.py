"""Where the spool lives and how much free space it leaves alone. Made by `config`, read by everything in `spool`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedDatabase:
    """A PostgreSQL database that several gateways share.

    `url` has no password; the file holds it, and nothing else. `node` names this gateway among them. Pages and mails lie in
    `pages_folder`, which all of them have, or in the database where there is none. A gateway that says nothing for `lease_s` is
    taken for dead: what it had claimed and not begun goes to others. What a call of its came to is waited for `lost_after_s`.
    """

    url: str
    node: str
    password_file: Path | None = None
    pages_folder: Path | None = None
    lease_s: float = 30.0
    lost_after_s: float = 1800.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolSettings:
    """The spool folder: `mailfax.db`, `blobs/ab/<sha256>`, `calls/<line>/<call id>/`, `owners/`, `tmp/`.

    With `shared` the database is elsewhere, and perhaps `blobs` and `tmp`; the calls of this gateway's lines are always here.
    """

    directory: Path
    reserve_bytes: int
    shared: SharedDatabase | None = None

    @property
    def node(self) -> str:
        """Return this gateway's name among those that share the database; empty where it is alone."""
        return self.shared.node if self.shared else ""

    @property
    def database(self) -> Path:
        """Return the path of the SQLite database."""
        return self.directory / "mailfax.db"

    @property
    def begun(self) -> bool:
        """Say whether a gateway has worked here."""
        return (self.directory / "open.lock" if self.shared else self.database).exists()

    @property
    def _pages(self) -> Path:
        return self.shared.pages_folder if self.shared and self.shared.pages_folder else self.directory

    @property
    def blobs(self) -> Path:
        """Return the folder of the content-addressed files."""
        return self._pages / "blobs"

    @property
    def tmp(self) -> Path:
        """Return the folder of files that are not complete yet; on the disk of `blobs`, into which they are moved."""
        return self._pages / "tmp"

    @property
    def calls(self) -> Path:
        """Return the folder under which every line keeps its calls."""
        return self.directory / "calls"

    @property
    def owners(self) -> Path:
        """Return the folder of the lock files that show which processes live."""
        return self.directory / "owners"
