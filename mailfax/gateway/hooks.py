"""Webhooks (NO7): what happened to a fax, as JSON to programs that asked for it. Queued like mail, in the same transaction, and tried again like it.

The bodies are made here; `smtp.webhook` signs and posts them. A body is the same octets whenever it is made again, so a program that gets one
twice knows it by its id.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from mailfax.model.fax import InboundFax
from mailfax.model.job import JobState
from mailfax.model.submission import Submission
from mailfax.smtp.wording import JobReport
from mailfax.spool.blobs import BlobStore
from mailfax.spool.records import DeliveryKind, NewDelivery


class HookEvent(StrEnum):
    """What a program can be told."""

    DELIVERED = "fax.delivered"
    FAILED = "fax.failed"
    UNCERTAIN = "fax.uncertain"
    CANCELLED = "fax.cancelled"
    DELAYED = "fax.delayed"
    HELD = "fax.held"
    RECEIVED = "fax.received"


_ENDED = {
    JobState.DELIVERED: HookEvent.DELIVERED,
    JobState.FAILED: HookEvent.FAILED,
    JobState.UNCERTAIN: HookEvent.UNCERTAIN,
    JobState.CANCELLED: HookEvent.CANCELLED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class HookTarget:
    """One program that listens: its name in the configuration, and what it wants to hear."""

    name: str
    events: frozenset[HookEvent]


class Hooks:
    """Makes the deliveries to every program that wants an event."""

    def __init__(self, targets: Sequence[HookTarget], blobs: BlobStore) -> None:
        self._targets, self._blobs = targets, blobs

    def ended(self, submission: Submission, reports: Sequence[JobReport]) -> list[NewDelivery]:
        """Tell of jobs that ended."""
        return [one for report in reports for one in self._sent(_ENDED[report.job.state], submission, report)]

    def waiting(self, event: HookEvent, submission: Submission, reports: Sequence[JobReport]) -> list[NewDelivery]:
        """Tell of jobs that are delayed or held."""
        return [one for report in reports for one in self._sent(event, submission, report)]

    def received(self, fax: InboundFax, mailboxes: Sequence[str]) -> list[NewDelivery]:
        """Tell of a fax that came in."""
        facts = {
            "fax": fax.id,
            "called": fax.called,
            "caller": fax.caller,
            "caller_name": fax.caller_name,
            "far_machine": fax.station_id,
            "subaddress": fax.subaddress,
            "pages": len(fax.pages),
            "complete": all(page.confirmed and not page.bad_rows for page in fax.pages),
            "outcome": fax.outcome.code,
            "seconds": round(fax.seconds_on_line, 1),
            "received": _iso(fax.finished_us),
            "mailboxes": list(mailboxes),
        }
        return self._deliveries(HookEvent.RECEIVED, facts, fax.finished_us, fax_id=fax.id)

    def _sent(self, event: HookEvent, submission: Submission, report: JobReport) -> list[NewDelivery]:
        job = report.job
        facts = {
            "job": job.id,
            "mail": submission.id,
            "message_id": submission.message_id,
            "sender": submission.sender,
            "subject": submission.subject,
            "number": job.number,
            "address": job.recipient.address.mailbox,
            "state": job.state.value,
            "outcome": job.outcome.code if job.outcome else "",
            "status": job.outcome.status if job.outcome else "",
            "sentence": job.outcome.sentence if job.outcome else "",
            "pages": job.pages,
            "pages_confirmed": job.confirmed_pages,
            "notes": list(job.notes),
            "calls": [
                {
                    "call": attempt.call_id,
                    "started": _iso(attempt.started_us),
                    "seconds": round(attempt.result.seconds, 1),
                    "outcome": attempt.result.outcome.code,
                    "pages_confirmed": attempt.result.confirmed_pages,
                    "far_machine": attempt.result.station_id,
                    "speed": attempt.result.bit_rate,
                    "modulation": attempt.result.modulation,
                }
                for attempt in report.attempts
            ],
            "accepted": _iso(submission.received_us),
        }
        at_us = job.finished_us or (report.attempts[-1].started_us if report.attempts else job.created_us)
        return self._deliveries(event, facts, at_us, submission_id=submission.id)

    def _deliveries(
        self,
        event: HookEvent,
        facts: Mapping[str, object],
        at_us: int,
        *,
        submission_id: str | None = None,
        fax_id: str | None = None,
    ) -> list[NewDelivery]:
        wanted = [target for target in self._targets if event in target.events]
        if not wanted:
            return []
        body = json.dumps({"type": event.value, "timestamp": _iso(at_us), "data": facts}, ensure_ascii=False)
        digest = self._blobs.put(body.encode())
        return [
            NewDelivery(
                kind=DeliveryKind.HOOK,
                recipient=target.name,
                sender="",
                message_digest=digest,
                submission_id=submission_id,
                fax_id=fax_id,
            )
            for target in wanted
        ]


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, tz=UTC).isoformat(timespec="milliseconds")
