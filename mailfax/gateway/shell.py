"""`mailfax send`: files from the shell become a mail like any other, and wait in the same queue.

Whoever may write the data folder may send: the operating system has checked that. The number is checked by the same
rules as one that comes by SMTP.
"""

import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from mailfax.gateway.acceptance import Intake, accept_mail
from mailfax.gateway.books import book_of
from mailfax.gateway.identity import local_time
from mailfax.gateway.maillist import MailList
from mailfax.gateway.ownnumbers import own_numbers
from mailfax.gateway.posting import Posting, PostOrder
from mailfax.gateway.quotas import Quotas
from mailfax.model.ids import Kind
from mailfax.model.job import Job
from mailfax.model.options import OptionFault, send_options
from mailfax.model.poll import PollRequest
from mailfax.model.post import Post
from mailfax.model.submission import Notify, Recipient, Submission
from mailfax.routing import outbound
from mailfax.routing.permission import Asker
from mailfax.routing.settings import RoutingSettings
from mailfax.smtp.envelope import is_mailbox


class ShellRefused(Exception):
    """The number or a file cannot be taken; the text is one plain sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShellOrder:
    """What the user asked for. `user` is the name the operating system knows, `options` are by the keys of `model.options`."""

    number: str
    files: tuple[Path, ...]
    user: str
    sender: str
    subject: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


def send_files(
    order: ShellOrder, intake: Intake, routing: RoutingSettings, now_us: int, date: datetime
) -> tuple[Submission, Job]:
    """Queue the files for the number. Raises ShellRefused, SpoolError."""
    verdict = permitted(order.number, intake, routing, now_us)
    message = _message(order, verdict.address.mailbox, date)
    try:
        submission, taken = accept_mail(
            intake,
            message.as_bytes(),
            now_us=now_us,
            sender=order.sender,
            client="shell",
            identity=_name(order.user),
            recipients=[
                Recipient(
                    address=verdict.address,
                    options=send_options(verdict.asked),
                    addressee=verdict.addressee,
                    tariff=verdict.tariff,
                    inside=verdict.inside,
                )
            ],
            dialled=lambda _address: verdict.number,
        )
    except OptionFault as fault:
        raise ShellRefused(str(fault)) from fault
    (job,) = taken.jobs
    return submission, job


def post_files(order: ShellOrder, mail_list: MailList, posting: Posting, date: datetime) -> Post:
    """Queue the files for everybody on a list. Raises ShellRefused, PostRefused, SpoolError."""
    message = _message(order, f"{mail_list.name}@{posting.routing.domains[0].name}", date)
    post = PostOrder(
        octets=message.as_bytes(),
        asker=Asker(command=True),
        sender=order.sender,
        client="shell",
        identity=_name(order.user),
        subject=str(message["Subject"]),
    )
    return posting.accept(mail_list, post)


def order_poll(
    number: str, mailbox: str, poll: PollRequest, user: str, intake: Intake, routing: RoutingSettings, now_us: int
) -> Job:
    """Queue a call that fetches a document, for a mailbox that also hears if it fails. Raises ShellRefused, SpoolError."""
    verdict = permitted(number, intake, routing, now_us)
    if not is_mailbox(mailbox):
        raise ShellRefused(f"{mailbox!r} is no mail address. Write --to you@example.org.")
    submission = Submission(
        id=intake.new_id(Kind.MAIL),
        received_us=now_us,
        sender=mailbox,
        client="shell",
        identity=_name(user),
        message_digest=intake.blobs.put(b""),
        size=0,
        subject=f"Fetch a document from {verdict.number}",
        recipients=(Recipient(address=verdict.address, notify=Notify.FAILURE, tariff=verdict.tariff),),
    )
    return intake.store.order_poll(submission, verdict.number, poll, now_us)


def permitted(number: str, intake: Intake, routing: RoutingSettings, now_us: int) -> outbound.Permitted:
    """Ask the rules and the quotas about a number, of the first domain where it names none. Raises ShellRefused."""
    book, own = book_of(intake.store, ""), own_numbers(intake.store.users())
    mailbox = number if "@" in number else f"{number}@{routing.domains[0].name}"
    answer = outbound.verdict(mailbox, Asker(command=True), routing, local_time(now_us, routing.time_zone), book, own)
    if isinstance(answer, outbound.Refused):
        raise ShellRefused(f"{answer.detail} {answer.outcome.advice}")
    if answer.further:
        raise ShellRefused(f"{number} is for several subaddresses. Send to each of them by itself.")
    if over := Quotas(intake.store, intake.quotas).refusal(None, {answer.address.domain: 1}, now_us):
        raise ShellRefused(over)
    return answer


def _message(order: ShellOrder, to: str, date: datetime) -> EmailMessage:
    if not is_mailbox(order.sender):
        raise ShellRefused(
            f"{order.sender!r} is no mail address, so nobody would hear the result. Write --from you@example.org."
        )
    message = EmailMessage(policy=SMTP)
    message["From"] = order.sender
    message["To"] = to
    message["Subject"] = order.subject or ", ".join(file.name for file in order.files)
    message["Date"] = format_datetime(date)
    for key, value in order.options.items():
        message[f"X-Fax-{key.capitalize()}"] = value
    _attach(message, order.files)
    return message


def _name(user: str) -> str:
    """Name a user of this machine in a way that no user of ours can be named: theirs have no colon."""
    return f"shell:{user}"


def _attach(message: EmailMessage, files: Sequence[Path]) -> None:
    message.make_mixed()
    for file in files:
        try:
            octets = file.read_bytes()
        except OSError as error:
            raise ShellRefused(f"{file} cannot be read: {error.strerror}.") from error
        kind, _, subtype = (mimetypes.guess_type(file.name)[0] or "application/octet-stream").partition("/")
        message.add_attachment(octets, maintype=kind, subtype=subtype, filename=file.name)
