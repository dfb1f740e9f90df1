"""A mailbox at an IMAP server (RFC 3501), on top of aioimaplib: what is in it, one mail, a mail moved away, and the wait for news.

Opened by `daemon` for each [imap.NAME], used by `gateway.mailboxes` through its `Mailbox`. This is the only file that imports
aioimaplib, which is GPL-3.0 and comes with the extra `imap`. Whatever goes wrong is a MailboxFault: the mailbox is opened anew later.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aioimaplib import IMAP4, IMAP4_SSL, AioImapException, Response

from mailfax.smtp.fetched import ImapAccount, MailboxFault

_STEP_S = 60.0
_IDLE_S = 25 * 60.0  # RFC 2177: less than 29 minutes
_TOKEN_S = 30.0
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_EXISTS = re.compile(rb"\b\d+ EXISTS\b")


class ImapMailbox:
    """One mailbox while the connection to its server lasts."""

    def __init__(self, client: IMAP4, account: ImapAccount) -> None:
        self._client, self._account = client, account

    async def sizes(self) -> dict[int, int]:
        """Return the octets of each mail that is there and is not marked as deleted, by its UID, oldest first."""
        found = _held(await self._client.uid_search("UNDELETED", charset=None), "SEARCH")
        uids = sorted({int(word) for word in b" ".join(found.lines[:-1]).split() if word.isdigit()})
        if not uids:
            return {}
        listed = ",".join(map(str, uids))
        told = _held(await self._client.uid("fetch", listed, "(UID RFC822.SIZE)"), "FETCH")
        sizes = {
            int(uid[1]): int(size[1])
            for line in told.lines
            if (uid := _UID.search(line)) is not None and (size := _SIZE.search(line)) is not None
        }
        return {uid: sizes[uid] for uid in uids if uid in sizes}

    async def mail(self, uid: int) -> bytes:
        """Return a mail as it is; it is not marked as read by this."""
        return await self._part(uid, "BODY.PEEK[]")

    async def header(self, uid: int) -> bytes:
        """Return the header of a mail."""
        return await self._part(uid, "BODY.PEEK[HEADER]")

    async def move(self, uid: int, *, sent: bool) -> None:
        """Move a mail to the folder of those that were taken, or of those that were not."""
        folder = self._account.sent if sent else self._account.failed
        if self._client.has_capability("MOVE"):
            _held(await self._client.uid("move", str(uid), _quoted(folder)), f"MOVE to {folder}")
            return
        _held(await self._client.uid("copy", str(uid), _quoted(folder)), f"COPY to {folder}")
        _held(await self._client.uid("store", str(uid), "+FLAGS.SILENT", r"(\Deleted)"), "STORE")
        if self._client.has_capability("UIDPLUS"):  # without it, other people's deleted mails would go too
            _held(await self._client.uid("expunge", str(uid)), "EXPUNGE")

    async def news(self) -> None:
        """Return when there may be a new mail: the server says so (IDLE), or some time is over.

        It is over with IDLE too: a server tells each news once, and may do so at the end of another command, where aioimaplib hears nothing.
        """
        if not self._client.has_capability("IDLE"):
            await asyncio.sleep(self._account.poll_s)
            _held(await self._client.noop(), "NOOP")
            return
        idle = await self._client.idle_start(timeout=_IDLE_S)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._account.poll_s):
                    while True:
                        told = await self._client.wait_server_push(timeout=_IDLE_S)
                        if not isinstance(told, list) or any(_EXISTS.search(line) for line in told):
                            break
        finally:
            self._client.idle_done()
            with suppress(TimeoutError, AioImapException):
                await asyncio.wait_for(idle, _STEP_S)

    async def _part(self, uid: int, part: str) -> bytes:
        told = _held(await self._client.uid("fetch", str(uid), f"(UID {part})"), "FETCH")
        literals = [bytes(line) for line in told.lines if isinstance(line, bytearray)]
        if len(literals) != 1:
            raise MailboxFault(f"the server shows no mail for UID {uid}")
        return literals[0]


@asynccontextmanager
async def open_mailbox(account: ImapAccount) -> AsyncIterator[ImapMailbox]:
    """Connect, log in, and select the folder; the two other folders are made where they are missing. Raises MailboxFault."""
    client: IMAP4 | None = None
    lost = asyncio.Event()
    try:
        if account.tls:
            context = ssl.create_default_context(cafile=account.ca_file)
            client = IMAP4_SSL(account.host, account.port, timeout=_STEP_S, ssl_context=context)
        else:
            client = IMAP4(account.host, account.port, timeout=_STEP_S)
        await client.wait_hello_from_server()
        client.protocol.conn_lost_cb = lambda _error: lost.set()
        await _log_in(client, account)
        await client.protocol.capability()  # there are often more after the login
        for folder in (account.sent, account.failed):
            await client.create(_quoted(folder))  # NO where it is there already
        _held(await client.select(_quoted(account.folder)), f"SELECT {account.folder}")
        async with _ended_when(lost):
            yield ImapMailbox(client, account)
    except (OSError, TimeoutError, AioImapException, ValueError) as fault:
        raise MailboxFault(str(fault) or type(fault).__name__) from fault
    finally:
        if client is not None and client.protocol.transport is not None:
            with suppress(OSError, TimeoutError, AioImapException):
                if not lost.is_set():
                    await asyncio.wait_for(client.logout(), 5)
            client.protocol.transport.abort()


@asynccontextmanager
async def _ended_when(lost: asyncio.Event) -> AsyncIterator[None]:
    """Interrupt what is done inside when the connection is lost; a wait for news would go on for half an hour."""
    task = asyncio.current_task()
    assert task is not None

    async def watch() -> None:
        await lost.wait()
        task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if lost.is_set() and not task.uncancel():
            raise MailboxFault("the server hung up") from None
        raise
    finally:
        watcher.cancel()


async def _log_in(client: IMAP4, account: ImapAccount) -> None:
    if account.password_file is not None:
        password = account.password_file.read_text("utf-8").strip()
        said = await client.login(_quoted(account.user), password)
    else:
        said = await client.xoauth2(account.user, await _token(account))
    if said.result != "OK":
        raise MailboxFault(f"the server does not let us in: {_words(said)}")


async def _token(account: ImapAccount) -> str:
    """Return the access token of now."""
    if account.token_file is not None:
        return account.token_file.read_text("utf-8").strip()
    program = await asyncio.create_subprocess_exec(
        *account.token_command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        said, _ = await asyncio.wait_for(program.communicate(), _TOKEN_S)
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    if program.returncode or not said.strip():
        raise MailboxFault(f"{account.token_command[0]} gave no token; it ended with {program.returncode}")
    return said.decode("utf-8").strip()


def _held(said: Response, what: str) -> Response:
    if said.result != "OK":
        raise MailboxFault(f"{what}: the server says {said.result} {_words(said)}")
    return said


def _words(said: Response) -> str:
    return bytes(said.lines[-1]).decode("utf-8", "replace")[:200] if said.lines else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
