"""A document that whoever calls may fetch: polling, seen from the side that gives."""

from dataclasses import dataclass

from mailfax.model.document import Document


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedFax:
    """`selector` (SEP) tells it from the others; the one without is what a caller gets who names none. `password` may be empty."""

    id: str
    name: str
    document: Document
    created_us: int
    selector: str = ""
    password: str = ""
