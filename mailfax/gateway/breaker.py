"""The breaker: when more is spent in a time than it is set to, nothing goes out any more, and the administrators are told, once (AU5).

Called by the server when the spool changes and now and then. A stopped gateway takes no new mail for sending, and no line claims a job;
`mailfax quota reset breaker` ends it.
"""

from collections.abc import Callable

import structlog

from mailfax.gateway.alarms import breaker_mail
from mailfax.gateway.quotas import QuotaPolicy, Quotas
from mailfax.model.user import Role
from mailfax.smtp.compose import Letterhead
from mailfax.spool.blobs import BlobStore
from mailfax.spool.records import DeliveryKind, NewDelivery
from mailfax.spool.store import Store

_log = structlog.get_logger()


class BreakerDesk:
    """Looks whether too much was spent."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        policy: QuotaPolicy,
        letterhead: Letterhead,
        catch_all: str,
        now_us: Callable[[], int],
    ) -> None:
        self._store, self._blobs, self._policy, self._letterhead = store, blobs, policy, letterhead
        self._catch_all, self._now_us = catch_all, now_us
        self._quotas = Quotas(store, policy)

    def step(self) -> bool:
        """Stop all sending where too much was spent; always False: nothing is left to do before the next look."""
        if not self._policy.breaker or self._store.breaker():
            return False
        now_us = self._now_us()
        why = self._quotas.overspent(now_us)
        alarms = [self._alarm(mailbox, why, now_us) for mailbox in self._admins()] if why else []
        if why and self._store.open_breaker(why, alarms, now_us):
            _log.critical("all sending is stopped", why=why)
        return False

    def _admins(self) -> list[str]:
        admins = [user.inbox for user in self._store.users() if Role.ADMIN in user.roles and user.inbox]
        return admins or [self._catch_all]

    def _alarm(self, mailbox: str, why: str, now_us: int) -> NewDelivery:
        octets = breaker_mail(mailbox, why, self._letterhead, now_us)
        return NewDelivery(
            kind=DeliveryKind.NOTICE, recipient=mailbox, sender="", message_digest=self._blobs.put(octets)
        )
