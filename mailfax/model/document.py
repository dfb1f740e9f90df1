"""A Document: the pages that one submission became, and the account of every part of the mail."""

from collections.abc import Sequence, Sized
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from mailfax.model.page import PageBlob

MESSAGE_TEXT = (
    "message text"  # the name of the part that its sender wrote in his mail program; notices say it in their language
)


class Fate(StrEnum):
    """What became of one MIME part (RFC 3965 section 2.2.4: nothing is dropped in silence)."""

    FAXED = "faxed"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class PartAccount:
    """One line of the account. `note` says why a part was skipped or failed, or what to know of a faxed one."""

    name: str
    content_type: str
    fate: Fate
    first_page: int | None = None
    last_page: int | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentPage:
    """One page, in the rasters that the renderer made in one run; header strip and cover are not in it. `dense` is finer than fine, where one was asked for."""

    fine: PageBlob
    standard: PageBlob
    dense: PageBlob | None = None

    @property
    def rasters(self) -> tuple[PageBlob, ...]:
        """Return all that there are."""
        return (self.fine, self.standard) if self.dense is None else (self.fine, self.standard, self.dense)


@dataclass(frozen=True, kw_only=True, slots=True)
class JobCover:
    """The pages that go before those of the document in one job.

    The first `cover_pages` hold the cover. Where the text of the mail stands below it, these pages come in place of the first `replaces` pages of the
    document, and `text` holds of each part on those, in the order of the account, the first and last page of the fax on which it stands.
    """

    job_id: str
    pages: tuple[DocumentPage, ...]
    cover_pages: int
    replaces: int = 0
    text: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What is faxed: pages that are the same for every recipient of the submission, and covers that are not. Never changed once made.

    The account counts pages without covers; `account_for` counts them as one recipient sees them.
    """

    pages: tuple[DocumentPage, ...]
    account: tuple[PartAccount, ...]
    covers: tuple[JobCover, ...] = ()

    def for_job(self, job_id: str) -> "Document":
        """Return what one job sends: its cover, if it has one, is its first page like any other."""
        cover = self._cover(job_id)
        if cover is None:
            return Document(pages=self.pages, account=self.account)
        return Document(pages=(*cover.pages, *self.pages[cover.replaces :]), account=counted_with(self.account, cover))

    def account_for(self, job_id: str) -> tuple[PartAccount, ...]:
        """Return the account with the page numbers of one recipient's fax."""
        cover = self._cover(job_id)
        return self.account if cover is None else counted_with(self.account, cover)

    def _cover(self, job_id: str) -> JobCover | None:
        return next((cover for cover in self.covers if cover.job_id == job_id), None)


class CoverCount(Protocol):
    """What `JobCover` says of its pages, with pages of any kind."""

    @property
    def pages(self) -> Sized:
        """The pages, of which the first hold the cover."""
        ...

    @property
    def cover_pages(self) -> int:
        """See JobCover."""
        ...

    @property
    def replaces(self) -> int:
        """See JobCover."""
        ...

    @property
    def text(self) -> tuple[tuple[int, int], ...]:
        """See JobCover."""
        ...


def counted_with(account: Sequence[PartAccount], cover: CoverCount) -> tuple[PartAccount, ...]:
    """Count a cover in an account: it comes first."""
    text = iter(cover.text)
    moved = len(cover.pages) - cover.replaces
    rows = [
        PartAccount(name="cover", content_type="text/html", fate=Fate.FAXED, first_page=1, last_page=cover.cover_pages)
    ]
    for row in account:
        if row.first_page is None or row.last_page is None:
            rows.append(row)
        elif row.last_page <= cover.replaces:
            first, last = next(text)
            rows.append(replace(row, first_page=first, last_page=last))
        else:
            rows.append(replace(row, first_page=row.first_page + moved, last_page=row.last_page + moved))
    return tuple(rows)
