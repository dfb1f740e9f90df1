"""For whom at the far machine a fax is: a name and further lines, as an address or the address book gives them (RFC 2846 section 4). Printed on the cover."""

from dataclasses import dataclass

_LONGEST = 80  # characters of a line


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressee:
    """A person or company. All of it may be empty; nothing of it is dialled or signalled."""

    name: str = ""
    lines: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.name or self.lines)


NOBODY = Addressee()


def person(written: str) -> str:
    """Return a name as it stood in an address, where dots and underscores are its spaces: `Sam_Smith`, `J.P.Jones`."""
    return " ".join(written.replace(".", " ").replace("_", " ").split())[:_LONGEST]


def line(written: str) -> str:
    """Return another part of an address, in which underscores are spaces."""
    return " ".join(written.replace("_", " ").split())[:_LONGEST]
