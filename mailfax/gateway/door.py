"""The door for mail: what the SMTP listener asks, answered from the users, the routing rules and the spool.

Called by `smtp.dialogue` for each login, each MAIL FROM of a user, each RCPT TO and each message. A mail is durable (`acceptance`) before `accept`
returns, and only then does the listener say 250 (promise 1).
"""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from mailfax.gateway.acceptance import SUBJECT_LIMIT, Intake, accept_mail, planned
from mailfax.gateway.books import book_of
from mailfax.gateway.commands import CommandDesk
from mailfax.gateway.identity import local_time
from mailfax.gateway.live import Accepted as AcceptedStep
from mailfax.gateway.live import Emit, Live
from mailfax.gateway.login import Logins
from mailfax.gateway.mailheader import authors, readable, wishes, wishes_of
from mailfax.gateway.maillist import MailList, MailLists
from mailfax.gateway.orders import PREVIEW
from mailfax.gateway.ownnumbers import OwnNumbers
from mailfax.gateway.posting import Posting, PostOrder, PostRefused
from mailfax.gateway.proof import Claim as ProofClaim
from mailfax.gateway.proof import Proof, Prover, TrustPolicy
from mailfax.gateway.quotas import Quotas
from mailfax.gateway.receipts import Receipts
from mailfax.gateway.sameness import content_key
from mailfax.gateway.tokens import uncover_address, uncover_mail
from mailfax.model.address import FaxAddress, split_mailbox
from mailfax.model.options import OptionFault, send_options
from mailfax.model.outcome import Outcome
from mailfax.model.secret import ScramKeys
from mailfax.model.submission import Hold, Submission
from mailfax.model.user import User
from mailfax.routing import outbound
from mailfax.routing.permission import Asker
from mailfax.routing.settings import RoutingSettings
from mailfax.smtp.alignment import Txt
from mailfax.smtp.author import parsed_header
from mailfax.smtp.dns import look_up_txt
from mailfax.smtp.door import Accepted, Client, Command, Deferred, Incoming, Permitted, Refused
from mailfax.smtp.login import Credentials
from mailfax.spool.disk import SpoolError, SpoolFull
from mailfax.spool.records import Taken

_log = structlog.get_logger()
NO_TRUST = TrustPolicy()
NO_LISTS = MailLists()
USED_BEFORE = "The message was taken once already, or its token has been used up."


class GatewayDoor:
    """Implements `smtp.door.Door`."""

    def __init__(
        self,
        *,
        intake: Intake,
        routing: RoutingSettings,
        receipts: Receipts,
        commands: CommandDesk,
        now_us: Callable[[], int],
        emit: Emit,
        trust: TrustPolicy = NO_TRUST,
        txt: Txt = look_up_txt,
        lists: MailLists = NO_LISTS,
    ) -> None:
        self._intake, self._routing, self._now_us, self._emit = intake, routing, now_us, emit
        self._receipts, self._commands = receipts, commands
        self._logins = Logins(intake.store)
        self._own_numbers = OwnNumbers(intake.store)
        self._quotas = Quotas(intake.store, intake.quotas)
        self._prover = Prover(intake.store, trust, txt)
        self._accepting: set[asyncio.Task[Accepted | Refused]] = set()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._lists = lists
        self._posting = Posting(
            store=intake.store,
            blobs=intake.blobs,
            new_id=intake.new_id,
            routing=routing,
            quotas=intake.quotas,
            now_us=now_us,
            window_us=intake.telling.window_us,
        )

    def knows(self, client: Client) -> bool:
        """Say whether the client is in a network that may send without logging in."""
        return outbound.allowed_network(client.ip, self._routing.allow_networks) is not None

    async def log_in(self, credentials: Credentials) -> str:
        """Compare a name and a password."""
        return await self._logins.check(credentials.name, credentials.password)

    async def scram_keys(self, name: str) -> ScramKeys | None:
        """Return the keys of a user's password for SCRAM."""
        return await self._logins.scram_keys(name)

    async def scram_user(self, name: str) -> str:
        """Return the user who has proven his password by SCRAM."""
        return await self._logins.scram_user(name)

    async def sender(self, client: Client, sender: str) -> Refused | None:
        """Hold a user to his own mail addresses: reports go there, and the receiver's reader is told that name."""
        return await asyncio.to_thread(self._not_his, client, [sender])

    def _not_his(self, client: Client, addresses: Sequence[str]) -> Refused | None:
        user = self._intake.store.user(client.identity)
        foreign = [address for address in addresses if user is None or not user.owns(address)]
        if not foreign:
            return None
        _log.info("sender refused", client=client.ip, user=client.identity, address=foreign[0])
        detail = f"{foreign[0]} is no mail address of the user {client.identity}."
        return Refused(outcome=Outcome.NOT_YOUR_ADDRESS, detail=detail)

    async def recipient(self, client: Client, sender: str, mailbox: str) -> Permitted | Command | Deferred | Refused:
        """Ask the routing rules about one RCPT. The sender's address proves nothing; at most it says what proof may come."""
        return await asyncio.to_thread(self._recipient, client, sender, mailbox)

    def _recipient(self, client: Client, sender: str, mailbox: str) -> Permitted | Command | Deferred | Refused:
        if (client.identity or self.knows(client)) and self._commands.box(mailbox) is not None:
            return Command()
        bare = uncover_address(mailbox)
        if not client.identity and outbound.is_ours(bare.mailbox, self._routing):
            stranger = not self.knows(client)
            if (bare.secrets and self._prover.takes_tokens) or (
                stranger and self._prover.may_come(client, sender, self._now_us())
            ):
                return Deferred()
        return self._judged(client, sender, bare.mailbox)

    def _judged(self, client: Client, sender: str, mailbox: str) -> Permitted | Refused:
        user = self._intake.store.user(client.identity) if client.identity else None
        if (mail_list := self._lists.addressed(mailbox, self._routing)) is not None:
            return self._may_post(mail_list, Asker(ip=client.ip, user=user), mailbox)
        now = local_time(self._now_us(), self._routing.time_zone)
        book = book_of(self._intake.store, client.identity)
        own = self._own_numbers.now() if self._routing.inside else ()
        mailbox, hold = _held(mailbox)
        match outbound.verdict(mailbox, Asker(ip=client.ip, user=user), self._routing, now, book, own):
            case outbound.Permitted() as found:
                faxes = 0 if found.inside else 1 + len(found.further)
                if over := self._quotas.refusal(user, {found.address.domain: faxes}, self._now_us()):
                    _log.info("recipient refused, over quota", client=client.ip, user=client.identity, why=over)
                    return Refused(outcome=Outcome.OVER_QUOTA, detail=over)
                return Permitted(
                    address=found.address,
                    further=found.further,
                    addressee=found.addressee,
                    tariff=found.tariff,
                    inside=found.inside,
                    options=send_options(found.asked),
                    hold=Hold.APPROVAL if found.approval else hold,
                )
            case outbound.Refused(outcome=outcome, detail=detail):
                _log.info("recipient refused", client=client.ip, sender=sender, mailbox=mailbox, outcome=outcome.code)
                return Refused(outcome=outcome, detail=detail)

    def _may_post(self, mail_list: MailList, asker: Asker, mailbox: str) -> Permitted | Refused:
        """Let a list stand in the place of a number for whoever may post to it; strangers learn nothing of it."""
        known = asker.user is not None or outbound.allowed_network(asker.ip, self._routing.allow_networks) is not None
        if known and mail_list.may_post(asker):
            return Permitted(address=FaxAddress(number=mail_list.name, domain=split_mailbox(mailbox)[1]))
        _log.info("post refused", client=asker.ip, list=mail_list.name)
        detail = f"You may not post to the list {mail_list.name}." if known else ""
        return Refused(outcome=Outcome.NOT_PERMITTED, detail=detail)

    async def accept(self, incoming: Incoming) -> Accepted | Refused:
        """Make the mail durable, with one job for each number.

        This goes on to its end when the client hangs up: the store cannot be stopped halfway, so the proof of what it takes must stay spent, and
        its turn must not be over before.
        """
        task = asyncio.create_task(self._accept(incoming))
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)
        return await asyncio.shield(task)

    async def _accept(self, incoming: Incoming) -> Accepted | Refused:
        proved = await asyncio.to_thread(self._proved, incoming)
        if isinstance(proved, Refused):
            return proved
        proof, incoming = proved
        if proof is None:
            return await self._take(incoming)
        if not await asyncio.to_thread(self._prover.spend, proof, self._now_us()):
            return Refused(outcome=Outcome.NOT_PROVED, detail=USED_BEFORE)
        taken: Accepted | Refused | None = None
        try:
            taken = await self._take(incoming)
            return taken
        finally:
            if not isinstance(taken, Accepted):
                await asyncio.to_thread(self._prover.give_back, proof)

    def _proved(self, incoming: Incoming) -> tuple[Proof | None, Incoming] | Refused:
        """Take tokens out of the message; find out who sends where the session does not say, and judge what waited for it."""
        client = incoming.client
        addresses = [uncover_address(each.mailbox) for each in incoming.deferred]
        in_addresses = frozenset().union(*(each.secrets for each in addresses))
        mail = uncover_mail(incoming.octets, in_addresses)
        secrets = mail.secrets | in_addresses if self._prover.takes_tokens else frozenset()
        bare = replace(incoming, octets=mail.octets, deferred=())
        if client.identity or not (secrets or incoming.deferred):
            return None, bare
        mailboxes = tuple(each.mailbox for each in addresses)
        claim = ProofClaim(client=client, octets=incoming.octets, secrets=secrets, mailboxes=mailboxes)
        proof = self._prover.proof(claim, self._now_us())
        if isinstance(proof, Refused):
            _log.info(
                "mail refused, its sender is not proved", client=client.ip, sender=incoming.sender, why=proof.detail
            )
            return proof
        client = replace(client, identity=proof.user.name)
        if refused := self._not_his(client, [incoming.sender]):
            return refused
        recipients = list(incoming.recipients)
        for mailbox, each in zip(mailboxes, incoming.deferred, strict=True):
            judged = self._judged(client, incoming.sender, mailbox)
            if isinstance(judged, Refused):
                return replace(judged, detail=f"{mailbox}: {judged.detail} Nothing of this message is faxed.")
            orcpt = "" if any(secret in each.orcpt.lower() for secret in in_addresses) else each.orcpt
            known = {other.address for other in recipients}
            recipients += [made for made in judged.recipients(each.notify, orcpt) if made.address not in known]
        _log.info("sender proved", client=client.ip, user=proof.user.name, by=proof.how)
        return proof, replace(bare, client=client, recipients=tuple(recipients))

    def _turn(self, incoming: Incoming) -> contextlib.AbstractAsyncContextManager[object]:
        """Let mails that count against the same quota come one after another, from the last look at it to the commit."""
        domains = {recipient.address.domain for recipient in incoming.recipients}
        if incoming.commands or self._is_post(incoming):  # what is sent again by an order, or to a list, may go to any
            domains |= {domain.name for domain in self._routing.domains}
        turn = self._quotas.turn(self._user(incoming.client), domains)
        return contextlib.nullcontext() if turn is None else self._turns[turn]

    def _is_post(self, incoming: Incoming) -> bool:
        return any(self._lists.named(each.address) for each in incoming.recipients)

    def _user(self, client: Client) -> User | None:
        return self._intake.store.user(client.identity) if client.identity else None

    def _over_quota(self, incoming: Incoming) -> Refused | None:
        """Judge all numbers of a mail together, and once more: at RCPT each was judged by itself, and others may have sent since."""
        if self._is_post(incoming):
            return None  # its members are counted when they are read
        counted = Counter(recipient.address.domain for recipient in incoming.recipients if not recipient.inside)
        over = self._quotas.refusal(self._user(incoming.client), counted, self._now_us()) if counted else ""
        if over and len(incoming.recipients) > 1:
            over += f" This mail is for {counted.total()} numbers."
        return Refused(outcome=Outcome.OVER_QUOTA, detail=over) if over else None

    async def _take(self, incoming: Incoming) -> Accepted | Refused:
        async with await asyncio.to_thread(self._turn, incoming):
            return await self._take_in_turn(incoming)

    async def _take_in_turn(self, incoming: Incoming) -> Accepted | Refused:
        try:
            if refused := await asyncio.to_thread(self._over_quota, incoming):
                return refused
            if incoming.client.identity:
                written = await asyncio.to_thread(authors, incoming.octets)
                if refused := await asyncio.to_thread(self._not_his, incoming.client, written):
                    return refused
            if self._is_post(incoming):
                return await asyncio.to_thread(self._post, incoming)
            if refused := await asyncio.to_thread(self._not_then, incoming):
                return refused
            return await asyncio.to_thread(self._keep, incoming)
        except OptionFault as fault:
            _log.info("mail refused, it asks for what is not known", client=incoming.client.ip, detail=str(fault))
            return Refused(outcome=Outcome.BAD_OPTION, detail=str(fault))
        except SpoolFull as error:
            _log.error("mail refused, the disk is full", client=incoming.client.ip, error=str(error))
            return Refused(outcome=Outcome.DISK_FULL)
        except SpoolError as error:
            _log.error("mail refused, it could not be stored", client=incoming.client.ip, error=str(error))
            return Refused(outcome=Outcome.STORE_BUSY)

    def _not_then(self, incoming: Incoming) -> Refused | None:
        """Judge faxes that are to go later by the hours of the rules at that time, too. Raises OptionFault."""
        if not any(rule.hours for rule in self._routing.rules):
            return None
        asker, now_us = Asker(ip=incoming.client.ip, user=self._user(incoming.client)), self._now_us()
        _, asked = wishes_of(incoming.octets)
        later = tuple(replace(each, options=each.options.over(asked)) for each in incoming.recipients)
        for each in planned(later, incoming.client.identity, self._intake, now_us):
            if each.plan.send_at_us is not None:
                then = local_time(each.plan.send_at_us, self._routing.time_zone)
                found = outbound.verdict(each.address.mailbox, asker, self._routing, then)
                if isinstance(found, outbound.Refused):
                    return Refused(outcome=found.outcome, detail=found.detail)
        return None

    def _keep(self, incoming: Incoming) -> Accepted | Refused:
        """Keep the faxes of a mail and carry out its orders. Raises OptionFault, SpoolError."""
        if incoming.commands and (why := self._commands.unanswered(incoming)):
            _log.info("orders refused", client=incoming.client.ip, sender=incoming.sender, why=why)
            if not incoming.recipients:
                return Refused(outcome=Outcome.AUTOMATIC_MAIL, detail=why)
            incoming = replace(incoming, commands=())
        said = []
        submission_id = ""
        if incoming.recipients:
            submission, taken = accept_mail(
                self._intake,
                incoming.octets,
                now_us=self._now_us(),
                sender=incoming.sender,
                client=incoming.client.ip,
                identity=incoming.client.identity,
                recipients=incoming.recipients,
                dialled=self._dialled,
                envid=incoming.envid,
                return_full=incoming.return_full,
                window_us=self._intake.telling.window_us,
                receipt=self._receipts.accepted,
            )
            submission_id = taken.submission_id
            if taken.unsaid:
                self._receipts.again(submission, taken.unsaid)
            self._log_taken(submission, taken)
            said.append(f"accepted as {submission_id}{'' if taken.jobs else ', since it came before'}")
        if incoming.commands:
            said.append(self._commands.carry_out(incoming))
        return Accepted(submission_id=submission_id, said="; ".join(said))

    def _log_taken(self, submission: Submission, taken: Taken) -> None:
        numbers = tuple(job.number for job in taken.jobs)
        _log.info(
            "mail accepted" if taken.jobs else "mail came again",
            mail=taken.submission_id,
            sender=submission.sender,
            numbers=numbers,
            octets=submission.size,
            repeated=[one.job_id for one in taken.repeated],
        )
        self._emit(Live(subject=taken.submission_id, event=AcceptedStep(sender=submission.sender, numbers=numbers)))

    def _post(self, incoming: Incoming) -> Accepted | Refused:
        """Make a mail to a list durable, with everybody who is on it now."""
        mail_list = self._lists.named(incoming.recipients[0].address)
        if mail_list is None or len(incoming.recipients) > 1:
            return Refused(outcome=Outcome.NOT_ALONE)
        client = incoming.client
        headers = parsed_header(incoming.octets)
        subject, asked = wishes(headers)
        order = PostOrder(
            octets=incoming.octets,
            asker=Asker(ip=client.ip, user=self._intake.store.user(client.identity) if client.identity else None),
            sender=incoming.sender,
            client=client.ip,
            identity=client.identity,
            subject=subject[:SUBJECT_LIMIT],
            message_id=readable(headers, "Message-ID"),
            options=incoming.recipients[0].options.over(send_options(asked)),
            content_key="" if asked.get("duplicate") == "yes" else content_key(incoming.octets, headers, ""),
        )
        try:
            post = self._posting.accept(mail_list, order)
        except PostRefused as refused:
            _log.info("post refused", client=client.ip, list=mail_list.name, detail=str(refused))
            return Refused(outcome=refused.outcome, detail=str(refused))
        _log.info("post accepted", mail=post.id, sender=incoming.sender, list=mail_list.name, members=post.members)
        event = AcceptedStep(sender=incoming.sender, numbers=(mail_list.name,))
        self._emit(Live(subject=post.id, event=event))
        return Accepted(submission_id=post.id, said=f"accepted as {post.id}")

    def _dialled(self, address: FaxAddress) -> str:
        return outbound.dialled(address, self._routing)


def _held(mailbox: str) -> tuple[str, Hold | None]:
    """Return the address of a fax that is wanted as a preview, and that it is to be held."""
    if mailbox.lower().startswith(PREVIEW):
        return mailbox[len(PREVIEW) :], Hold.PREVIEW
    return mailbox, None
