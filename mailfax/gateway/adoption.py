"""After a crash: settles the calls whose process died, and gives back what dead processes had claimed.

Called by the server before anything else, for all lines (also those that are no longer configured), and by each line's
process when it starts again.
"""

from collections.abc import Callable
from pathlib import Path

import structlog

from mailfax.spool import adopt
from mailfax.spool.blobs import BlobStore
from mailfax.spool.retry import RetryPolicy
from mailfax.spool.store import Store

_log = structlog.get_logger()


def adopt_orphans(
    store: Store,
    blobs: BlobStore,
    calls_root: Path,
    policy: RetryPolicy,
    now_us: Callable[[], int],
    line: str | None = None,
) -> None:
    """Settle every call (of one line, or of all) whose process died, and say in the log what came of it."""
    adopted = adopt.adopt_orphans(store, blobs, calls_root, policy=policy, now_us=now_us(), line=line)
    if adopted.job_ids or adopted.fax_ids:
        _log.warning("calls that a crash cut off are settled", jobs=adopted.job_ids, faxes=adopted.fax_ids)
    for folder in adopted.damaged:
        _log.error("a call folder is damaged and stays for a person to look at", folder=str(folder))
    back = adopted.recovered
    if back.renders or back.jobs or back.deliveries:
        _log.warning(
            "work of dead processes is done again", renders=back.renders, jobs=back.jobs, deliveries=back.deliveries
        )
