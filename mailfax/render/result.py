"""What rendering comes to: pages and an account of every part, or a failure that names the part."""

from dataclasses import dataclass

from mailfax.model.document import PartAccount
from mailfax.model.outcome import Outcome
from mailfax.t4codec.tiff import T6Page


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedPage:
    """The body of one page at each resolution, coded by T.6 (MSB first, with EOFB); no header strip, no cover. `dense` is finer than fine."""

    fine: T6Page
    standard: T6Page
    dense: T6Page | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedCover:
    """The pages that one recipient has before the others (see `model.document.JobCover` for the fields)."""

    pages: tuple[RenderedPage, ...]
    cover_pages: int
    replaces: int = 0
    text: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """The whole message as pages, and what became of each of its parts, counted without covers; and the covers that were ordered, in their order."""

    pages: tuple[RenderedPage, ...]
    account: tuple[PartAccount, ...]
    covers: tuple[RenderedCover, ...] = ()


class RenderFailure(Exception):
    """The message is not faxed at all. `detail` is one sentence for its sender; `account` holds every part known."""

    def __init__(self, outcome: Outcome, detail: str, account: tuple[PartAccount, ...] = ()) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.account = account
