"""Posts what `hooks` has queued to the programs that asked for it, signed (Standard Webhooks), and tries again until they take it.

Called by the server, beside the delivery of mail: a program that hangs holds up no mail.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import random
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import structlog

from mailfax import __version__
from mailfax.gateway.live import Emit, Live, MailHanded, MailWaits
from mailfax.gateway.undelivered import Alarms
from mailfax.spool.blobs import BlobMissing, BlobStore
from mailfax.spool.records import Delivery, DeliveryKind
from mailfax.spool.retry import US_PER_S, MailRetry, next_mail_try
from mailfax.spool.store import Store

_log = structlog.get_logger()
_BASE64_MARK = "whsec_"
_GONE = 410  # the program says that it wants nothing more
_ANSWER_OCTETS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class HookPoint:
    """Where a program listens. The secret is read from its file at each post, so it can be changed."""

    url: str
    secret_file: Path | None = None
    timeout_s: float = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    """What came of a post. `lasting` says that trying again would not help."""

    taken: bool
    detail: str
    lasting: bool = False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: what was signed for one address is sent to no other."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


_OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


class HookDesk:
    """Posts one message at a time."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        points: Mapping[str, HookPoint],
        alarms: Alarms,
        now_us: Callable[[], int],
        emit: Emit,
    ) -> None:
        self._store, self._blobs, self._points, self._alarms = store, blobs, points, alarms
        self._now_us, self._emit = now_us, emit

    async def step(self, taken: Callable[[], object] = lambda: None) -> bool:
        """Post the next message that is due; False when none is. `taken` is called when one was found, so that another worker may look."""
        claimed = await asyncio.to_thread(self._store.claim_delivery, self._now_us(), (DeliveryKind.HOOK,))
        if claimed is None:
            return False
        taken()
        said = await asyncio.to_thread(self._post, claimed)
        await asyncio.to_thread(self._settle, claimed, said)
        return True

    def _post(self, delivery: Delivery) -> _Said:
        point = self._points.get(delivery.recipient)
        if point is None:
            detail = f"There is no webhook {delivery.recipient} in the configuration any more."
            return _Said(taken=False, detail=detail, lasting=True)
        try:
            body = self._blobs.get(delivery.message_digest)
            secret = point.secret_file.read_text("utf-8").strip() if point.secret_file else ""
            return post(point, delivery.id, body, secret, self._now_us())
        except BlobMissing as error:
            return _Said(taken=False, detail=str(error), lasting=True)
        except (OSError, ValueError) as error:
            return _Said(taken=False, detail=f"{point.url}: {error}")

    def _settle(self, delivery: Delivery, said: _Said) -> None:
        now_us = self._now_us()
        about = delivery.submission_id or delivery.fax_id or delivery.id
        if said.taken:
            self._store.delivery_done(delivery.id, said.detail, now_us)
            self._emit(Live(subject=about, event=MailHanded(what=delivery.kind.value, recipient=delivery.recipient)))
            return
        next_us = next_mail_try(
            created_us=delivery.created_us,
            tries=delivery.tries,
            now_us=now_us,
            schedule=MailRetry(),
            jitter=random.random(),  # noqa: S311 - spreads load, guards nothing
        )
        waits = MailWaits(what=delivery.kind.value, recipient=delivery.recipient, detail=said.detail)
        self._emit(Live(subject=about, event=waits))
        if said.lasting or next_us is None:
            _log.error("webhook given up", delivery=delivery.id, hook=delivery.recipient, detail=said.detail)
            alarm = self._alarms.undelivered(delivery, said.detail, now_us)
            self._store.delivery_failed(delivery.id, said.detail, now_us, alarm)
        else:
            _log.warning("webhook waits", delivery=delivery.id, hook=delivery.recipient, detail=said.detail)
            self._store.delivery_deferred(delivery.id, next_us, said.detail, now_us)


def post(point: HookPoint, message_id: str, body: bytes, secret: str, now_us: int) -> _Said:
    """Post one body and return what came of it. Raises ValueError for a secret that is none."""
    stamp = str(now_us // US_PER_S)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"mailfax/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
    }
    if secret:
        headers["webhook-signature"] = f"v1,{signature(secret, message_id, stamp, body)}"
    request = urllib.request.Request(point.url, data=body, headers=headers, method="POST")  # noqa: S310 - the configuration allows http and https only
    try:
        with _OPENER.open(request, timeout=point.timeout_s) as answer:
            return _Said(taken=True, detail=f"{point.url} said: {answer.status}")
    except urllib.error.HTTPError as error:
        with error:
            shown = error.read(_ANSWER_OCTETS).decode("utf-8", "replace")
        detail = f"{point.url} said: {error.code} {shown}".strip()
        return _Said(taken=False, detail=detail, lasting=error.code == _GONE)
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        return _Said(taken=False, detail=f"{point.url} could not be reached: {error}")


def signature(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    """Return the signature of Standard Webhooks: HMAC-SHA256 over id, time and body, in base64. Raises ValueError."""
    key = secret.encode()
    if secret.startswith(_BASE64_MARK):
        try:
            key = base64.b64decode(secret.removeprefix(_BASE64_MARK), validate=True)
        except binascii.Error:
            raise ValueError(f"the secret begins with {_BASE64_MARK} and is no base64") from None
    signed = f"{message_id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
