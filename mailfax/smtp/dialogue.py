"""One client's SMTP session, on top of aiosmtpd. The listener makes one per connection; the gateway is its Door.

aiosmtpd keeps the connection, the command loop and STARTTLS. What a fax gateway decides is ours: MAIL and RCPT with the
DSN parameters (aiosmtpd refuses them all), AUTH (aiosmtpd's cannot wait for a slow hash, and knows no implicit TLS), one
verdict per RCPT, DATA in chunks with an end that cannot be smuggled, and a bound on everything a client can use up. Every
reply has its enhanced status code (RFC 2034).
"""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

import structlog
from aiosmtpd.smtp import SMTP, Session, TLSSetupException

from mailfax.model.outcome import Outcome
from mailfax.model.submission import Hold, Recipient
from mailfax.smtp.door import Accepted, Client, Command, Deferred, DeferredRecipient, Door, Incoming, Permitted, Refused
from mailfax.smtp.envelope import EnvelopeFault, MailCommand, RcptCommand, parse_bdat, parse_mail, parse_rcpt
from mailfax.smtp.login import Guesses, LoginFault, log_in
from mailfax.smtp.origin import UNTOLD, Peer, peer_of
from mailfax.smtp.reading import EndlessData, accepted_form, in_lines, read_chunk, read_data
from mailfax.smtp.repeated import joined
from mailfax.smtp.replies import enhanced, received
from mailfax.smtp.settings import HANDSHAKE_S, LOGIN_ENTRANCES, Entrance, SmtpSettings
from mailfax.smtp.transaction import Extensions, Transaction

_log = structlog.get_logger(__name__)
_SHARE_OF_STRANGERS = 0.75  # of all connections: the rest is kept for who is known
_CHUNKS_PER_SESSION = 100_000
_MAX_NAME = 64  # letters of a user name that a failed login writes to the log
_BECOMES = {
    None: "faxed",
    Hold.PREVIEW: "shown to you first",
    Hold.APPROVAL: "faxed once an operator has approved it",
}
_VERBS: dict[type, list[str]] = {}  # the names of each kind of dialogue, found once
_MAX_REPLY = 510  # RFC 5321 section 4.5.3.1.5, without CR LF


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What all sessions of a listener share. `tls` is None where there is no certificate."""

    settings: SmtpSettings
    door: Door
    now_us: Callable[[], int]
    live: "set[Dialogue]"
    guesses: Guesses
    tls: ssl.SSLContext | None = None


class Dialogue(SMTP):
    """One client's session."""

    envelope: Transaction
    session: Session

    def __init__(self, house: House, entrance: Entrance, announced: Peer | None = None) -> None:
        settings = house.settings
        self.line_length_limit = self.command_size_limit = settings.max_command_octets
        super().__init__(
            handler=Extensions(),
            data_size_limit=settings.max_message_bytes,
            hostname=settings.hostname,
            ident="ESMTP mailfax",
            enable_SMTPUTF8=True,
            timeout=settings.timeout_s,
            command_call_limit={
                "*": settings.max_commands,
                "RCPT": 10 * settings.max_recipients,
                "BDAT": _CHUNKS_PER_SESSION,
            },
            tls_context=None if entrance is Entrance.SUBMISSIONS else house.tls,
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limits = defaultdict(lambda: settings.max_command_octets)
        self._house, self._entrance, self._announced = house, entrance, announced
        self._peer = Peer(ip=UNTOLD)
        self._turned_away = False
        self._settings, self._door, self._live = settings, house.door, house.live
        self._user = ""
        self._errors = 0
        self._refused_recipients = 0
        self._accepting = False
        self._farewell = ""

    def __dir__(self) -> list[str]:
        """Name the verbs and nothing else: aiosmtpd looks at every name of each new session for them, a quarter of the time of a small mail."""
        kind = type(self)
        if kind not in _VERBS:
            _VERBS[kind] = [name for name in dir(kind) if name.startswith("smtp_")]
        return _VERBS[kind]

    # -- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the client in; after STARTTLS this is called again, and all that was said before is void (RFC 3207)."""
        self._live.add(self)
        self._peer = self._announced or peer_of(transport)
        super().connection_made(transport)
        self._user = self._settings.local_users.get(self._peer.local_user, "")
        if self.session.ssl is None:
            self.session.ssl = transport.get_extra_info("ssl_object")
        refusal = self._no_room()
        self._turned_away = bool(refusal)
        if refusal:
            self.leave(refusal)

    async def _handle_client(self) -> None:
        if not self._turned_away:
            await super()._handle_client()

    def _no_room(self) -> str:
        """Return why a stranger may not stay: he has many connections, or strangers have all but what is kept for who is known."""
        if self._user or self._door.knows(self._client()):
            return ""
        if sum(other._peer == self._peer for other in self._live) > self._settings.max_connections_per_stranger:
            return "421 4.7.0 Too many connections from your address; try again later"
        if len(self._live) > self._settings.max_connections * _SHARE_OF_STRANGERS:
            return "421 4.3.2 Too many connections; try again later"
        return ""

    def connection_lost(self, error: Exception | None) -> None:
        """Count the client out."""
        self._live.discard(self)
        super().connection_lost(error)

    def _timeout_cb(self) -> None:
        self.leave("421 4.4.2 You took too long")

    def leave(self, reply: str) -> None:
        """Say goodbye and close; a client that does not even read its replies is cut off."""
        transport = self.transport
        if not isinstance(transport, asyncio.WriteTransport) or transport.is_closing():
            return
        _log.info("session ended", client=self._client().ip, reply=reply)
        transport.write(reply.encode("ascii") + b"\r\n")
        if transport.get_write_buffer_size():
            transport.abort()
        else:
            transport.close()

    def stop(self) -> asyncio.Task[None] | None:
        """End the session for a stop of the server, after the answer to a message that is just being made durable."""
        self._farewell = "421 4.3.2 The server is stopping; try again later"
        if not self._accepting:
            self.leave(self._farewell)
        return self._handler_coroutine

    # -- replies

    def _create_envelope(self) -> Transaction:
        return Transaction()

    async def push(self, status: str | bytes) -> None:
        """Send one of aiosmtpd's or our own replies; too many errors end the session."""
        reply = enhanced(status.decode("ascii") if isinstance(status, bytes) else status)
        await self._answer(reply)
        if reply[0] in "45":
            self._errors += 1
            if self._errors >= self._settings.max_errors:
                self.leave("421 4.7.0 Too many errors")

    async def _answer(self, reply: str) -> None:
        """Send a verdict as one line of printable ASCII, whatever a client put into its address."""
        await super().push("".join(letter if " " <= letter <= "~" else "?" for letter in reply)[:_MAX_REPLY])

    async def handle_exception(self, error: Exception) -> str:
        """Answer a fault of ours as what it is, a temporary one; the client keeps its mail and tries again."""
        _log.error("smtp session failed", exc_info=error)
        return Outcome.STORE_BUSY.smtp_reply()

    # -- commands

    async def smtp_STARTTLS(self, arg: str | None) -> None:  # noqa: N802 (aiosmtpd finds the verb in the name)
        """Begin TLS. A handshake that does not come would be waited for in vain: nobody is told that its connection has ended."""
        with suppress(TimeoutError, TLSSetupException):
            async with asyncio.timeout(min(HANDSHAKE_S, self._settings.timeout_s)):
                await super().smtp_STARTTLS(arg)
        if (
            self._original_transport is not None and self.session.ssl is None
        ):  # the other end is silent, gone, or speaks no TLS
            _log.info("session ended in a TLS handshake", client=self._peer.ip)
            self._live.discard(self)
            if isinstance(self._original_transport, asyncio.WriteTransport):
                self._original_transport.abort()
            raise ConnectionResetError

    async def smtp_AUTH(self, arg: str | None) -> None:  # noqa: N802 (aiosmtpd finds the verb in the name)
        """Take AUTH, under TLS only; every failure counts against the client's address."""
        if await self.check_helo_needed("EHLO"):
            return
        if self.session.ssl is None:
            await self.push("538 5.7.11 A password is heard under TLS only; say STARTTLS first")
            return
        if self._user or self.envelope.mail is not None:
            await self.push("503 5.5.1 AUTH comes once, and not between MAIL and DATA")
            return
        ip = self._client().ip
        if self._house.guesses.too_many(ip, self._house.now_us()):
            self.leave("421 4.7.0 Too many failed logins from your address; try again in ten minutes")
            return
        try:
            login = await log_in(arg or "", self._asked, self._door)
        except LoginFault as fault:
            await self.push(str(fault))
            return
        if not login.user:
            self._house.guesses.failed(ip, self._house.now_us())
            _log.warning("login failed", client=ip, user=login.claimed[:_MAX_NAME])
            await self.push(login.reply)
            return
        self._user = login.user
        _log.info("logged in", client=ip, user=login.user, mechanism=login.mechanism)
        await self.push("235 2.7.0 You are logged in")

    async def _asked(self, challenge: str) -> bytes:
        """Say a challenge and return the client's line. Raises LoginFault."""
        self._reset_timeout()
        await self.push(challenge)
        try:
            line = await self._reader.readuntil(b"\r\n")
        except asyncio.IncompleteReadError as fault:
            raise ConnectionResetError from fault
        except asyncio.LimitOverrunError as overrun:
            self.leave("500 5.5.6 The line is too long")
            raise ConnectionResetError from overrun
        return bytes(line[:-2])

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 (aiosmtpd finds the verb in the name)
        """Take MAIL FROM, with SIZE, BODY, RET and ENVID."""
        if await self.check_helo_needed() or await self.check_auth_needed("MAIL"):
            return
        if self.envelope.mail is not None:
            await self.push("503 5.5.1 MAIL was already said; RSET forgets it")
            return
        if self._must_log_in():
            await self.push("530 5.7.0 Log in first, with AUTH under TLS")
            return
        try:
            mail = parse_mail(arg or "", extended=self.session.extended_smtp)
        except EnvelopeFault as fault:
            await self.push(str(fault))
            return
        if mail.size > self._settings.max_message_bytes:
            await self.push(Outcome.TOO_BIG.smtp_reply())
            return
        if self._user and mail.sender and (refused := await self._door.sender(self._client(), mail.sender)):
            await self._answer(refused.outcome.smtp_reply(refused.detail))
            return
        self.envelope.mail = mail
        await self.push("250 2.1.0 Sender taken")

    def _must_log_in(self) -> bool:
        """Say whether this entrance wants a login that has not been (RFC 6409 section 4.3)."""
        return self._entrance in LOGIN_ENTRANCES and not self._user and not self._door.knows(self._client())

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        """Take RCPT TO, with NOTIFY and ORCPT: one verdict for each."""
        if await self.check_helo_needed() or await self.check_auth_needed("RCPT"):
            return
        mail = self.envelope.mail
        if mail is None:
            await self.push("503 5.5.1 MAIL comes before RCPT")
            return
        if self.envelope.chunks is not None:
            await self.push("503 5.5.1 BDAT has begun; RCPT comes before it")
            return
        try:
            rcpt = parse_rcpt(arg or "", extended=self.session.extended_smtp, wide=mail.wide)
        except EnvelopeFault as fault:
            await self.push(str(fault))
            return
        if self.envelope.taken >= self._settings.max_recipients:
            await self._answer(Outcome.TOO_MANY_RECIPIENTS.smtp_reply())
            return
        match await self._verdict(mail, rcpt):
            case Permitted() as permitted:
                made = permitted.recipients(rcpt.notify, rcpt.orcpt)
                self.envelope.recipients, said = joined(self.envelope.recipients, made)
                self.envelope.taken += 1
                becomes = _BECOMES[permitted.hold]
                await self.push(f"250 2.1.5 {permitted.address.mailbox} will be {becomes}{said}")
            case Command():
                self.envelope.commands.append(rcpt.mailbox)
                self.envelope.taken += 1
                await self.push("250 2.1.5 An answer will be mailed to you")
            case Deferred():
                later = DeferredRecipient(mailbox=rcpt.mailbox, notify=rcpt.notify, orcpt=rcpt.orcpt)
                self.envelope.deferred.append(later)
                self.envelope.taken += 1
                await self.push("250 2.1.5 Noted; the message has to prove who sends it")
            case Refused(outcome=outcome, detail=detail):
                await self._answer(outcome.smtp_reply(detail))
                self._refused_recipients += 1
                if self._refused_recipients > self._settings.max_recipients:
                    self.leave("421 4.7.0 Too many refused recipients")
            case _ as never:
                assert_never(never)

    async def _verdict(self, mail: MailCommand, rcpt: RcptCommand) -> Permitted | Command | Deferred | Refused:
        """Ask the door. A null sender is a bounce: refused here and not at MAIL, which RFC 5321 section 6.1 lets it have."""
        if not mail.sender:
            _log.info("bounce refused", client=self._client().ip, mailbox=rcpt.mailbox)
            return Refused(outcome=Outcome.AUTOMATIC_MAIL)
        return await self._door.recipient(self._client(), mail.sender, rcpt.mailbox)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """Read the message to its end; `_conclude` answers it."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        if self.envelope.mail is None or not self.envelope.has_recipients:
            await self.push("503 5.5.1 No recipient was accepted")
            return
        if self.envelope.chunks is not None:
            await self.push("503 5.5.1 BDAT has begun; it ends with BDAT and LAST")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        octets: bytes | None = None
        try:
            octets = await read_data(self._reader, self._settings.max_message_bytes, self._reset_timeout)
        except asyncio.IncompleteReadError as fault:
            raise ConnectionResetError from fault
        except EndlessData:
            self._farewell = "421 4.3.4 The message does not end"
        await self._conclude(octets)

    async def smtp_BDAT(self, arg: str | None) -> None:  # noqa: N802
        """Take a chunk of the message (RFC 3030). Its octets are read whatever the answer: they must not be taken for commands."""
        try:
            size, last = parse_bdat(arg or "")
        except EnvelopeFault as fault:
            self.leave(str(fault))  # where the chunk ends, and the next command begins, nobody knows
            return
        chunks = bytearray() if self.envelope.chunks is None else self.envelope.chunks
        fits = len(chunks) + size <= self._settings.max_message_bytes
        wanted = fits and self.envelope.mail is not None and self.envelope.has_recipients
        if size > 2 * self._settings.max_message_bytes:
            self._farewell = "421 4.3.4 The chunk is far too large"
            await self._conclude(None)
            return
        try:
            await read_chunk(self._reader, size, chunks if wanted else None, self._reset_timeout)
        except asyncio.IncompleteReadError as fault:
            raise ConnectionResetError from fault
        if not self.envelope.has_recipients:
            await self.push("503 5.5.1 No recipient was accepted")
        elif not wanted or last:
            await self._conclude(in_lines(chunks) if wanted else None)
        else:
            self.envelope.chunks = chunks
            await self.push(f"250 2.0.0 {size} octets taken")

    async def _conclude(self, octets: bytes | None) -> None:
        """Answer the whole message, None where it was too large, and forget the transaction."""
        envelope = self.envelope
        try:
            if octets is None or envelope.mail is None:
                reply = Outcome.TOO_BIG.smtp_reply()
            else:
                reply = await self._message(envelope.mail, tuple(envelope.recipients), octets)
            await self.push(reply)
            for _ in range(1, self._replies(envelope.taken)):
                await self._answer(reply)
        finally:
            self._accepting = False
            self.envelope = self._create_envelope()
        if self._farewell:
            self.leave(self._farewell)

    def _replies(self, taken: int) -> int:  # noqa: ARG002 - LMTP counts
        """Say how many replies a message has."""
        return 1

    async def _message(self, mail: MailCommand, recipients: tuple[Recipient, ...], octets: bytes) -> str:
        """Look at the message, hand it to the door, and return the reply to it."""
        refusal = accepted_form(octets, self._settings.max_line_octets, self._settings.hostname)
        if refusal:
            _log.info("mail refused", client=self._client().ip, sender=mail.sender, reply=refusal)
            return refusal
        incoming = Incoming(
            client=self._client(),
            sender=mail.sender,
            recipients=recipients,
            return_full=mail.return_full,
            envid=mail.envid,
            deferred=tuple(self.envelope.deferred),
            commands=tuple(self.envelope.commands),
            octets=received(self._client(), self._protocol(), self.hostname, self._house.now_us()) + octets,
        )
        self._accepting = True
        self._reset_timeout()
        match await self._door.accept(incoming):
            case Accepted(said=said):
                return f"250 2.0.0 {said}"
            case Refused(outcome=outcome, detail=detail):
                return outcome.smtp_reply(detail)
            case _ as never:
                assert_never(never)

    # -- who and when

    def _client(self) -> Client:
        """Return who is connected, and as whom he is known."""
        return Client(
            ip=self._peer.ip,
            helo=self.session.host_name or "",
            tls=self.session.ssl is not None,
            identity=self._user,
            local_user=self._peer.local_user,
        )

    def _protocol(self) -> str:
        """Return the name of what we speak, for our trace header."""
        if self.envelope.mail is not None and self.envelope.mail.wide:
            return "UTF8SMTP"
        return "ESMTP" if self.session.extended_smtp else "SMTP"
