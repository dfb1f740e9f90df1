"""What the spool holds, counted, for `mailfax spool status`."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from mailfax.spool.blobs import BlobStore
from mailfax.spool.references import Named
from mailfax.spool.retention import LOG
from mailfax.spool.store import Store
from mailfax.spool.tables import deliveries, faxes, jobs, submissions, transitions

SHOWN = 10  # lines of what was removed


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdings:
    """Rows by name, blobs and their octets, blobs that no row names, and the newest words about removed records."""

    rows: dict[str, int]
    blobs: int
    blob_bytes: int
    unnamed: int
    removed: tuple[str, ...]


def holdings(store: Store, blobs: BlobStore) -> Holdings:
    """Count everything; some seconds for a million blobs."""
    rows = store.read(_rows)
    named = store.read(Named)
    count = size = unnamed = 0
    for blob in blobs.stored():
        count, size = count + 1, size + blob.size
        unnamed += blob.digest not in named
    gone = select(transitions.c.why).where(transitions.c.subject == LOG).order_by(transitions.c.number.desc())
    removed = store.read(lambda connection: tuple(connection.scalars(gone.limit(SHOWN))))
    return Holdings(rows=rows, blobs=count, blob_bytes=size, unnamed=unnamed, removed=removed)


def _rows(connection: Connection) -> dict[str, int]:
    counted = {
        "mails": select(func.count()).select_from(submissions),
        "mails_with_content": select(func.count()).where(submissions.c.mail_gone_us.is_(None)),
        "faxes_sent_or_waiting": select(func.count()).select_from(jobs),
        "faxes_waiting": select(func.count()).where(jobs.c.finished_us.is_(None)),
        "faxes_received": select(func.count()).select_from(faxes),
        "faxes_received_with_pages": select(func.count()).where(faxes.c.pages_gone_us.is_(None)),
        "mails_to_hand_over": select(func.count()).where(deliveries.c.finished_us.is_(None)),
    }
    return {name: connection.scalar(question) or 0 for name, question in counted.items()}
