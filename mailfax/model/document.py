"""A Document: the pages that one submission became, and the account of every part of the mail."""

from dataclasses import dataclass
from enum import StrEnum

from mailfax.model.page import PageBlob


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
    """One page, in the rasters that the renderer made in one run; header strip and cover are not in it."""

    fine: PageBlob
    standard: PageBlob


@dataclass(frozen=True, kw_only=True, slots=True)
class JobCover:
    """The pages that go before those of the document in one job."""

    job_id: str
    pages: tuple[DocumentPage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What is faxed: pages that are the same for every recipient of the submission, and covers that are not. Never changed once made."""

    pages: tuple[DocumentPage, ...]
    account: tuple[PartAccount, ...]
    covers: tuple[JobCover, ...] = ()

    def for_job(self, job_id: str) -> "Document":
        """Return what one job sends: its cover, if it has one, is its first page like any other."""
        cover = next((cover.pages for cover in self.covers if cover.job_id == job_id), ())
        return Document(pages=(*cover, *self.pages), account=self.account)
