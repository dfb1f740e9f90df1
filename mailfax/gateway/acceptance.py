"""Where a mail becomes durable (promise 1): its blob is fsynced, and its rows and jobs are committed, before anybody is told so.

Called by `door` for what comes in by mail, by `shell` for `mailfax send`, and by `schedules`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from mailfax.gateway.covers import CoverPolicy
from mailfax.gateway.mailheader import readable, wishes
from mailfax.gateway.planning import PlanPolicy, plan_of
from mailfax.gateway.quotas import QuotaPolicy
from mailfax.gateway.receipts import new_token
from mailfax.gateway.sameness import content_key, post_key
from mailfax.gateway.telling import TellingPolicy
from mailfax.model.address import FaxAddress
from mailfax.model.ids import IdMaker, Kind
from mailfax.model.options import send_options
from mailfax.model.submission import Recipient, Submission
from mailfax.smtp.author import parsed_header
from mailfax.smtp.automatic import list_name
from mailfax.spool.blobs import BlobStore
from mailfax.spool.disk import SpoolFull
from mailfax.spool.records import NewDelivery, Taken
from mailfax.spool.store import Store

SUBJECT_LIMIT = 200  # characters of a subject that reports quote


def as_written(address: FaxAddress) -> str:
    """Return the number of an address as what is dialled."""
    return address.number


@dataclass(frozen=True, kw_only=True, slots=True)
class Intake:
    """Where mails are put."""

    store: Store
    blobs: BlobStore
    new_id: IdMaker
    covers: CoverPolicy = field(default_factory=CoverPolicy)
    quotas: QuotaPolicy = field(default_factory=QuotaPolicy)
    telling: TellingPolicy = field(default_factory=TellingPolicy)
    plans: PlanPolicy = field(default_factory=PlanPolicy)


def accept_mail(
    intake: Intake,
    octets: bytes,
    *,
    now_us: int,
    sender: str,
    client: str,
    identity: str,
    recipients: Iterable[Recipient],
    dialled: Callable[[FaxAddress], str] = as_written,
    envid: str = "",
    return_full: bool = False,
    window_us: int = 0,
    receipt: Callable[[Submission], Sequence[NewDelivery]] = lambda _submission: (),
) -> tuple[Submission, Taken]:
    """Put a mail and its jobs on disk; also the way in for `mailfax send`. `dialled` gives a number's dialled form.

    The same mail within `window_us` is one fax, unless it asks for more. `receipt` makes what is mailed back if it is kept. Raises OptionFault, SpoolError.
    """
    if not intake.store.has_room(len(octets)):
        raise SpoolFull("free space is below the reserve")
    headers = parsed_header(octets)
    subject, asked = wishes(headers)
    recipients = tuple(replace(each, options=each.options.over(send_options(asked))) for each in recipients)
    intake.covers.check(recipients)
    list_id = list_name(headers)
    user = intake.store.user(identity) if identity else None
    once = window_us > 0 and asked.get("duplicate") != "yes"
    recipients = planned(recipients, identity, intake, now_us)
    submission = Submission(
        id=intake.new_id(Kind.MAIL),
        received_us=now_us,
        sender=sender,
        client=client,
        identity=identity,
        message_digest=intake.blobs.put(octets),
        size=len(octets),
        subject=subject[:SUBJECT_LIMIT],
        message_id=readable(headers, "Message-ID"),
        envid=envid,
        return_full=return_full,
        recipients=recipients,
        telling=intake.telling.decide(headers, asked, user, recipients, list_id),
        token=new_token(),
        post=post_key(headers, list_id),
        content_key=content_key(octets, headers, list_id) if once else "",
    )
    numbers = [dialled(recipient.address) for recipient in recipients]
    taken = intake.store.accept(submission, numbers, now_us, window_us=window_us, new=receipt(submission))
    return submission, taken


def planned(recipients: Sequence[Recipient], identity: str, intake: Intake, now_us: int) -> tuple[Recipient, ...]:
    """Give each recipient the plan of his call, by the sender's clock. Raises OptionFault, SpoolError."""
    user = intake.store.user(identity) if identity else None
    zone = user.time_zone if user is not None else ""
    numbers = len({each.address.number for each in recipients})
    return tuple(
        replace(each, plan=plan_of(each.options, each.address, numbers, zone, intake.plans, now_us))
        for each in recipients
    )
