"""Where the spool lives and how much free space it leaves alone. Made by `config`, read by everything in `spool`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolSettings:
    """The spool folder: `mailfax.db`, `blobs/ab/<sha256>`, `calls/<line>/<call id>/`, `owners/`, `tmp/`."""

    directory: Path
    reserve_bytes: int

    @property
    def database(self) -> Path:
        """Return the path of the SQLite database."""
        return self.directory / "mailfax.db"

    @property
    def blobs(self) -> Path:
        """Return the folder of the content-addressed files."""
        return self.directory / "blobs"

    @property
    def calls(self) -> Path:
        """Return the folder under which every line keeps its calls."""
        return self.directory / "calls"

    @property
    def owners(self) -> Path:
        """Return the folder of the lock files that show which processes live."""
        return self.directory / "owners"

    @property
    def tmp(self) -> Path:
        """Return the folder of files that are not complete yet."""
        return self.directory / "tmp"
