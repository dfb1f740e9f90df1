"""Places where the crash tests strike. Without MAILFAX_CRASH_AT in the environment a fault point does nothing.

`MAILFAX_CRASH_AT=name` kills the whole process group with SIGKILL the first time the process comes to that point,
`MAILFAX_CRASH_AT=name:3` the third time. SIGKILL runs no handler and flushes no buffer: what is left is what was durable.
`MAILFAX_CRASH_AT=/path` names a Unix socket instead: every process tells whoever listens there to which point it has come,
and stands still until the listener hangs up. So a test sees every step, and kills whom it wants while nobody moves.
"""

import multiprocessing
import os
import signal
import socket
from collections import Counter

POINTS: dict[str, str] = {
    "blob-synced": "a blob's octets are on disk under a temporary name",
    "blob-renamed": "a blob has its name, its folder is not synced yet",
    "commit-before": "a group of operations ran, their commit did not",
    "accept-committed": "a submission and its jobs are committed, the 250 is not sent",
    "render-claimed": "a submission is marked as being rendered",
    "page-rendered": "a page is rendered and stored, its document is not complete",
    "document-committed": "the document is committed, its jobs are queued",
    "job-claimed": "an attempt is committed, nothing is dialled",
    "call-created": "the call's folder is durable, nothing is dialled",
    "call-end-of-page-noted": "an end-of-page command is in the call's journal, not on the line",
    "call-confirmation-noted": "a page's confirmation or refusal is in the call's journal",
    "page-written": "a received page is written, the journal does not name it yet",
    "page-kept": "a received page is durable, its MCF is not sent",
    "call-finished": "the call's result is in its journal, the rows do not know it",
    "call-committed": "the call's result is committed, its folder still there",
    "fax-committed": "a received fax is committed, its folder still there",
    "route-committed": "a received fax has its deliveries",
    "notice-committed": "the sender's notice is committed as a delivery",
    "delivery-claimed": "a delivery is marked as being made",
    "delivery-handed": "the mail server or the Maildir has the mail, its row does not say so",
    "delivery-redirected": "a delivery ended and its successor to another mailbox is committed with it",
    "delivery-committed": "the end of a delivery is committed",
}
VARIABLE = "MAILFAX_CRASH_AT"
_visits: Counter[str] = Counter()


def fault_point(name: str) -> None:
    """Die here with the whole process group, or stand here, if the environment says so."""
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    if wanted.startswith("/"):
        _stand(wanted, name)
        return
    where, _, count = wanted.partition(":")
    if where not in POINTS:
        raise ValueError(f"{VARIABLE} names no fault point: {where!r}; there are {', '.join(POINTS)}")
    if where != name:
        return
    _visits[name] += 1
    if _visits[name] >= int(count or 1):
        os.killpg(os.getpgrp(), signal.SIGKILL)


def _stand(address: str, name: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            listener.connect(address)
            listener.sendall(f"{os.getpid()} {multiprocessing.current_process().name} {name}\n".encode())
            listener.recv(1)
        except OSError:
            return  # nobody listens any more
