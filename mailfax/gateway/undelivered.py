"""The administrator is told by mail of what no mail server or program takes (RFC 4161 section 2.5: requeue, then log, then tell).

Used by the desks that hand things over, when they give up.
"""

from mailfax.gateway.telling import TellingPolicy
from mailfax.smtp.compose import Letterhead
from mailfax.smtp.messages import undelivered_message, untaken_hook_message
from mailfax.smtp.wording import Voice
from mailfax.spool.blobs import BlobMissing, BlobStore
from mailfax.spool.records import Delivery, DeliveryKind, NewDelivery


class Alarms:
    """Makes the mail for the administrator."""

    def __init__(self, *, blobs: BlobStore, letterhead: Letterhead, telling: TellingPolicy, administrator: str) -> None:
        self._blobs, self._letterhead, self._telling = blobs, letterhead, telling
        self._administrator = administrator

    def undelivered(self, delivery: Delivery, why: str, now_us: int) -> list[NewDelivery]:
        """Return the alarm for a delivery that was given up; none for one that was itself meant for the administrator."""
        if delivery.kind is DeliveryKind.ALARM or delivery.recipient == self._administrator:
            return []
        try:
            message = self._blobs.get(delivery.message_digest)
        except BlobMissing:
            message = b""
        usual = self._telling.usual
        make = untaken_hook_message if delivery.kind is DeliveryKind.HOOK else undelivered_message
        alarm = make(
            delivery.id,
            message,
            delivery.recipient,
            why,
            self._administrator,
            Voice(language=self._telling.language(usual), zone=self._letterhead.zone),
            self._letterhead,
            now_us,
        )
        return [
            NewDelivery(
                kind=DeliveryKind.ALARM,
                recipient=self._administrator,
                sender="",
                message_digest=self._blobs.put(alarm),
                submission_id=delivery.submission_id,
                fax_id=delivery.fax_id,
            )
        ]
