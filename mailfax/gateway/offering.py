"""Documents that callers may fetch: put there by `mailfax offer`, given by the lines that answer (`inbound`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailfax.gateway.pages import paper_width_px
from mailfax.gateway.rendering import document_page
from mailfax.model.document import Document
from mailfax.model.ids import IdMaker, Kind
from mailfax.model.offer import OfferedFax
from mailfax.render.result import Rendered
from mailfax.spool.blobs import BlobStore
from mailfax.spool.store import Store
from mailfax.t30.answerer import Offered


class OfferRefused(Exception):
    """The document cannot be offered like this; the text is one plain sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counter:
    """Where offered documents are put."""

    store: Store
    blobs: BlobStore
    new_id: IdMaker
    now_us: Callable[[], int]


def offer(rendered: Rendered, name: str, selector: str, password: str, counter: Counter) -> OfferedFax:
    """Offer rendered pages. Raises OfferRefused, SpoolError."""
    if password and not selector:
        raise OfferRefused("A document with a password needs a selector, or nobody could fetch the others.")
    pages = tuple(document_page(page, counter.blobs) for page in rendered.pages)
    new = OfferedFax(
        id=counter.new_id(Kind.OFFER),
        name=name,
        selector=selector,
        password=password,
        document=Document(pages=pages, account=rendered.account),
        created_us=counter.now_us(),
    )
    if not counter.store.add_offer(new, counter.now_us()):
        which = f"for the selector {selector}" if selector else "without a selector"
        raise OfferRefused(f"There is a document {which} already; remove it first, or choose another selector.")
    return new


def as_offered(offers: Sequence[OfferedFax]) -> tuple[Offered, ...]:
    """Say to the engine what may be fetched, in this order."""
    return tuple(
        Offered(
            label=one.id,
            pages=len(one.document.pages),
            selector=one.selector,
            password=one.password,
            r8_px=paper_width_px(page.fine.width_px for page in one.document.pages),
        )
        for one in offers
    )
