"""The templates of covers and the pictures that they show, read from their folders; nothing is drawn here.

Read by `daemon.build` when a server starts, and by `config`, which wants to know what there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_OURS = Path(__file__).parent / "covers"
TEMPLATE_SUFFIX = ".html"
FILES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
    ".css": "text/css",
}
_LARGEST_FILE_OCTETS = 4_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class CoverSet:
    """All that covers are made of: templates by name, and files by the name that a template calls them."""

    templates: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


def load_covers(folder: Path | None) -> CoverSet:
    """Read the templates of mailfax and then those of the folder, which win. Raises OSError, and ValueError with a sentence."""
    templates: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for path in (*sorted(_OURS.iterdir()), *(sorted(folder.iterdir()) if folder else ())):
        suffix = path.suffix.lower()
        if suffix != TEMPLATE_SUFFIX and suffix not in FILES:
            continue
        if path.stat().st_size > _LARGEST_FILE_OCTETS:
            raise ValueError(f"{path} is larger than {_LARGEST_FILE_OCTETS // 1_000_000} MB.")
        if suffix == TEMPLATE_SUFFIX:
            templates[path.stem.lower()] = path.read_text("utf-8")
        else:
            files[path.name] = path.read_bytes()
    return CoverSet(templates=templates, files=files)
