"""Mails fetched from a mailbox are faxed like any other: by the same door, the same rules, and each once.

Run by the server for each [imap.NAME]. What was taken is durable, under a name made of the mailbox and the mail's own octets, before the mail is
moved; so a mail that is met again after a crash, or under another UID, is moved and not taken again (promise 2). A mail is moved
to one of two folders and never deleted. Who has no user in the file is a stranger: his mail has to prove who sent it, as [trust] says.
"""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, assert_never

import structlog

from mailfax.model.outcome import Disposition, Outcome
from mailfax.model.submission import FETCHED, Notify, Recipient
from mailfax.smtp.door import Accepted, Client, Command, Deferred, DeferredRecipient, Door, Incoming, Permitted, Refused
from mailfax.smtp.fetched import FetchedEnvelope, MailboxFault, NoEnvelope, envelope_of
from mailfax.smtp.reading import accepted_form, in_lines
from mailfax.spool.store import Store

_log = structlog.get_logger()
_FIRST_REST_S = 5.0
_LONGEST_REST_S = 300.0
_NO_MAIL_NOW = {Outcome.DISK_FULL, Outcome.STORE_BUSY}  # of any mail, so the others need not be fetched
# Nobody has proved that he sent these, or a machine did: an answer might go to somebody who never heard of us.
_UNANSWERED = {Outcome.NOT_PERMITTED, Outcome.NOT_PROVED, Outcome.NOT_YOUR_ADDRESS, Outcome.AUTOMATIC_MAIL}


class Mailbox(Protocol):
    """A mailbox while the connection to its server lasts; every method raises MailboxFault."""

    async def sizes(self) -> dict[int, int]:
        """Return the octets of each mail by its UID, oldest first."""
        ...

    async def mail(self, uid: int) -> bytes:
        """Return a mail."""
        ...

    async def header(self, uid: int) -> bytes:
        """Return the header of a mail."""
        ...

    async def move(self, uid: int, *, sent: bool) -> None:
        """Move a mail to the folder of those that were taken, or of those that were not."""
        ...

    async def news(self) -> None:
        """Return when there may be a new mail."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchPolicy:
    """How the mails of one mailbox are judged. `user` is whose they are; empty: each has to prove it. Sizes are octets."""

    name: str
    recipient_field: str
    user: str = ""
    max_message_bytes: int
    max_line_octets: int
    hostname: str = ""


Refuse = Callable[[FetchedEnvelope, bytes, Refused], None]  # has the sender told; durable when it returns


class MailboxDesk:
    """Empties one mailbox."""

    def __init__(self, *, policy: FetchPolicy, door: Door, store: Store, refuse: Refuse) -> None:
        self._policy, self._door, self._store, self._refuse = policy, door, store, refuse

    async def run(self, opened: Callable[[], AbstractAsyncContextManager[Mailbox]]) -> None:
        """Fetch until cancelled; while the server is down or refuses us, rest longer each time, five minutes at most."""
        rest_s = _FIRST_REST_S
        while True:
            try:
                async with opened() as mailbox:
                    _log.info("mailbox is open", mailbox=self._policy.name)
                    while True:
                        while await self.empty(mailbox):
                            pass  # what came meanwhile may not be told of again
                        rest_s = _FIRST_REST_S
                        await mailbox.news()
            except MailboxFault as fault:
                _log.warning("mailbox cannot be read", mailbox=self._policy.name, error=str(fault), rest_s=rest_s)
            await asyncio.sleep(rest_s)
            rest_s = min(2 * rest_s, _LONGEST_REST_S)

    async def empty(self, mailbox: Mailbox) -> bool:
        """Take every mail that is there, and say whether any was moved. Raises MailboxFault, also where our own disk takes nothing now."""
        moved = False
        for uid, size in (await mailbox.sizes()).items():
            moved = await self._one(mailbox, uid, size) or moved
        return moved

    async def _one(self, mailbox: Mailbox, uid: int, size: int) -> bool:
        """Take one mail or turn it down; False where it stays."""
        if size > self._policy.max_message_bytes:
            header = await mailbox.header(uid)
            return await self._turn_down(mailbox, uid, in_lines(header), Refused(outcome=Outcome.TOO_BIG))
        octets = in_lines(await mailbox.mail(uid))
        client = self._client(octets)
        if await asyncio.to_thread(self._store.has_mail_of_client, client.ip):
            _log.info("mail was taken before", mailbox=self._policy.name, uid=uid)
            await mailbox.move(uid, sent=True)
            return True
        match await self._taken(client, octets):
            case Accepted():
                await mailbox.move(uid, sent=True)
                return True
            case Refused() as refused:
                return await self._turn_down(mailbox, uid, octets, refused)
            case _ as never:
                assert_never(never)

    def _client(self, octets: bytes) -> Client:
        """Name the mail after its own octets: the delivering server's lines make each delivery another one."""
        digest = hashlib.sha256(octets).hexdigest()[:32]
        name = f"{FETCHED}{self._policy.name}/{digest}"
        return Client(ip=name, helo=self._policy.name, tls=True, identity=self._policy.user)

    async def _taken(self, client: Client, octets: bytes) -> Accepted | Refused:
        """Bring a mail through the door."""
        if malformed := accepted_form(octets, self._policy.max_line_octets, self._policy.hostname):
            outcome = Outcome.AUTOMATIC_MAIL if Outcome.AUTOMATIC_MAIL.code in malformed else Outcome.UNREADABLE
            return Refused(outcome=outcome, detail=malformed.partition(" ")[2].partition(" ")[2])
        try:
            envelope = envelope_of(octets, self._policy.recipient_field)
        except NoEnvelope as fault:
            return Refused(outcome=Outcome.BAD_NUMBER, detail=str(fault))
        if not envelope.sender:
            return Refused(outcome=Outcome.AUTOMATIC_MAIL)
        if client.identity and (foreign := await self._door.sender(client, envelope.sender)):
            return foreign
        recipients: tuple[Recipient, ...] = ()
        deferred: tuple[DeferredRecipient, ...] = ()
        commands: tuple[str, ...] = ()
        match await self._door.recipient(client, envelope.sender, envelope.recipient):
            case Permitted() as permitted:
                recipients = permitted.recipients(Notify.UNSET, "")
            case Command():
                commands = (envelope.recipient,)
            case Deferred():
                deferred = (DeferredRecipient(mailbox=envelope.recipient, notify=Notify.UNSET, orcpt=""),)
            case Refused() as refused:
                return refused
            case _ as never:
                assert_never(never)
        return await self._door.accept(
            Incoming(
                client=client,
                sender=envelope.sender,
                recipients=recipients,
                deferred=deferred,
                commands=commands,
                return_full=False,
                envid="",
                octets=octets,
            )
        )

    async def _turn_down(self, mailbox: Mailbox, uid: int, octets: bytes, refused: Refused) -> bool:
        """Tell the sender, if it is sure who he is, and put the mail aside; what is only for now stays, and holds up no other."""
        if refused.outcome.disposition is Disposition.RETRY:
            why = refused.detail or refused.outcome.sentence
            if refused.outcome in _NO_MAIL_NOW:
                raise MailboxFault(f"the mail {uid} stays: {why}")
            _log.info("fetched mail stays for now", mailbox=self._policy.name, uid=uid, why=why)
            return False
        said = refused.outcome.smtp_reply(refused.detail)
        _log.warning("fetched mail refused", mailbox=self._policy.name, uid=uid, reply=said)
        if refused.outcome not in _UNANSWERED:
            await self._answer(octets, refused)
        await mailbox.move(uid, sent=False)
        return True

    async def _answer(self, octets: bytes, refused: Refused) -> None:
        try:
            envelope = envelope_of(octets, self._policy.recipient_field)
        except NoEnvelope:
            return
        if not envelope.sender:
            return
        if self._policy.user:
            if await self._door.sender(self._client(octets), envelope.sender):
                return
        elif refused.outcome is Outcome.TOO_BIG:
            return  # its proof was not looked at
        await asyncio.to_thread(self._refuse, envelope, octets, refused)
