"""The dialogue in which one mail is handed to one server, by SMTP or LMTP, on top of aiosmtplib. Called by `outgoing`.

Each step is told in plain words to whoever wants to hear it (`mailfax mail test`), and each way in which one fails is a
HandoverFault that says whose affair it is: a refusal of the recipient or of the mail is for good, everything else
(no connection, no TLS, our login, our sender address) is between us and the server and waits until somebody mends it.
"""

import errno
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aiosmtplib

from mailfax.smtp.ways import LmtpServer, Smarthost, Timeouts, TlsMode

_QUIT_S = 5.0
# Our own fault towards the server, at whichever command it is said (RFC 4954 section 6).
_OUR_LOGIN = {530, 534, 535, 538}
_TOO_BIG = re.compile(r"[245]\.(?:2\.3|3\.4)\b")  # RFC 3463: message length exceeds a limit


class Phase(StrEnum):
    """How far a handover had come. The values are words of `mailfax mail test --json`."""

    CONNECT = "connect"
    TLS = "tls"
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENT = "recipient"
    MESSAGE = "message"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A phase that has gone well; `said` is a sentence for a person."""

    phase: Phase
    said: str


Tell = Callable[[Step], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One mail (CRLF line ends) for one mailbox; an empty `sender` is the null path of notices."""

    octets: bytes
    sender: str
    recipient: str


class HandoverFault(Exception):
    """The mail was not taken, or nothing was heard of its being taken; the text is one plain sentence."""

    def __init__(self, phase: Phase, sentence: str, *, for_good: bool = False) -> None:
        super().__init__(sentence)
        self.phase, self.for_good = phase, for_good


def nobody(_step: Step) -> None:
    """Listen to no steps."""


async def hand_over(letter: Letter, peer: Smarthost | LmtpServer, hostname: str, tell: Tell = nobody) -> str:
    """Offer a mail to a server once; return what it said when it took it. Raises HandoverFault."""
    smarthost = peer if isinstance(peer, Smarthost) else None
    implicit = smarthost is not None and smarthost.tls is TlsMode.IMPLICIT
    client = aiosmtplib.SMTP(local_hostname=hostname, start_tls=False, use_tls=implicit, **_place(peer))
    try:
        await _connect(client, peer, tell)
        await _greet(client, peer, hostname)
        if smarthost is not None and smarthost.tls is TlsMode.STARTTLS:
            await _start_tls(client, smarthost, tell)
        if smarthost is not None and smarthost.user:
            await _log_in(client, smarthost, tell)
        return await _send(client, letter, peer, tell)
    finally:
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=_QUIT_S)
        client.close()


def _place(peer: Smarthost | LmtpServer) -> dict[str, Any]:
    """Return where aiosmtplib has to connect to, and by what certificates it knows the server."""
    if isinstance(peer, LmtpServer):
        return {"socket_path": str(peer.socket)} if peer.socket else {"hostname": peer.host, "port": peer.port}
    where = {"hostname": peer.host, "port": peer.port}
    return where if peer.tls is TlsMode.NONE else {**where, "tls_context": _trust(peer)}


def _trust(smarthost: Smarthost) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if smarthost.ca_file is None else str(smarthost.ca_file))
    except OSError as fault:
        sentence = f"The certificates in {smarthost.ca_file} (mail.ca_file) cannot be used: {_reason(fault)}"
        raise HandoverFault(Phase.TLS, sentence) from fault
    if not smarthost.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _connect(client: aiosmtplib.SMTP, peer: Smarthost | LmtpServer, tell: Tell) -> None:
    try:
        greeting = await client.connect(timeout=peer.timeouts.connect_s)
    except aiosmtplib.SMTPConnectResponseError as refusal:
        raise HandoverFault(Phase.CONNECT, f"{peer} does not talk to us: {refusal.code} {refusal.message}") from refusal
    except (aiosmtplib.SMTPException, OSError) as fault:
        cause = fault.__cause__ if isinstance(fault.__cause__, OSError) else fault
        phase = Phase.TLS if isinstance(cause, ssl.SSLError) else Phase.CONNECT
        raise HandoverFault(phase, f"{_unreached(cause, peer)}{_hint(cause, peer)}") from fault
    tell(Step(phase=Phase.CONNECT, said=f"Connected to {peer}, which said: {greeting.message}"))
    if isinstance(peer, Smarthost) and peer.tls is TlsMode.IMPLICIT:
        tell(Step(phase=Phase.TLS, said=_secured(client, peer)))


async def _greet(client: aiosmtplib.SMTP, peer: Smarthost | LmtpServer, hostname: str) -> None:
    """Say who we are. A server that knows only HELO has no extensions to ask for."""
    timeout_s = peer.timeouts.command_s
    with _speaking(Phase.CONNECT, peer):
        if isinstance(peer, LmtpServer):
            answer = await client.execute_command(b"LHLO", hostname.encode("ascii"), timeout=timeout_s)
            if answer.code != aiosmtplib.SMTPStatus.completed:
                raise aiosmtplib.SMTPHeloError(answer.code, answer.message)
            client.last_ehlo_response = answer
            return
        try:
            await client.ehlo(timeout=timeout_s)
        except aiosmtplib.SMTPHeloError:
            await client.helo(timeout=timeout_s)


async def _start_tls(client: aiosmtplib.SMTP, smarthost: Smarthost, tell: Tell) -> None:
    if not client.supports_extension("starttls"):
        advice = "set mail.tls to implicit if it has TLS on a port of its own, or to none if the way to it is safe"
        raise HandoverFault(Phase.TLS, f"{smarthost} does not offer STARTTLS; {advice}.")
    with _speaking(Phase.TLS, smarthost):
        await client.starttls(timeout=smarthost.timeouts.connect_s)
        await client.ehlo(timeout=smarthost.timeouts.command_s)
    tell(Step(phase=Phase.TLS, said=_secured(client, smarthost)))


async def _log_in(client: aiosmtplib.SMTP, smarthost: Smarthost, tell: Tell) -> None:
    assert smarthost.password_file is not None, "Smarthost has seen to it"
    try:
        password = smarthost.password_file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        sentence = f"The password of {smarthost.user} cannot be read from {smarthost.password_file}: {_reason(fault)}"
        raise HandoverFault(Phase.LOGIN, sentence) from fault
    if not client.supports_extension("auth"):
        raise HandoverFault(
            Phase.LOGIN, f"{smarthost} lets nobody log in (it does not offer AUTH); is it the right port?"
        )
    with _speaking(Phase.LOGIN, smarthost):
        try:
            await client.login(smarthost.user, password, timeout=smarthost.timeouts.command_s)
        except aiosmtplib.SMTPAuthenticationError as refusal:
            sentence = f"{smarthost} does not let {smarthost.user} log in: {refusal.code} {refusal.message}"
            raise HandoverFault(Phase.LOGIN, sentence) from refusal
    tell(Step(phase=Phase.LOGIN, said=f"Logged in as {smarthost.user}."))


async def _send(client: aiosmtplib.SMTP, letter: Letter, peer: Smarthost | LmtpServer, tell: Tell) -> str:
    timeouts, size = peer.timeouts, len(letter.octets)
    options = [f"SIZE={size}"] if client.supports_extension("size") else []
    if not letter.octets.isascii() and client.supports_extension("8bitmime"):
        options.append("BODY=8BITMIME")
    wide = not (letter.sender + letter.recipient).isascii()
    if wide:
        if not client.supports_extension("smtputf8"):
            sentence = (
                f"{peer} takes no address with letters beyond ASCII (it does not offer SMTPUTF8): {letter.recipient}"
            )
            raise HandoverFault(Phase.RECIPIENT, sentence, for_good=True)
        options.append("SMTPUTF8")
    encoding = "utf-8" if wide else "ascii"
    with _speaking(Phase.SENDER, peer):
        await client.mail(letter.sender, options=options, encoding=encoding, timeout=timeouts.command_s)
    tell(Step(phase=Phase.SENDER, said=f"It takes mail from {letter.sender or 'the null sender'}."))
    with _speaking(Phase.RECIPIENT, peer):
        await client.rcpt(letter.recipient, encoding=encoding, timeout=timeouts.command_s)
    tell(Step(phase=Phase.RECIPIENT, said=f"It takes mail for {letter.recipient}."))
    with _speaking(Phase.MESSAGE, peer):
        answer = await client.data(letter.octets, timeout=_end_s(size, timeouts))
    tell(Step(phase=Phase.MESSAGE, said=f"It took the mail and said: {answer.message}"))
    return answer.message


def _end_s(size: int, timeouts: Timeouts) -> float:
    """Return how long the answer to a whole mail is waited for: for its way there and for the server's work on it."""
    return timeouts.end_s + size / timeouts.least_octets_per_s


@contextmanager
def _speaking(phase: Phase, peer: Smarthost | LmtpServer) -> Iterator[None]:
    """Make a HandoverFault of whatever goes wrong between our command and the answer to it."""
    try:
        yield
    except aiosmtplib.SMTPResponseException as refusal:
        raise _refused(phase, peer, refusal) from refusal
    except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError) as fault:
        late = isinstance(fault, aiosmtplib.SMTPTimeoutError)
        sentence = f"{peer} {'did not answer in time' if late else 'hung up'} at the step {phase}."
        if phase is Phase.MESSAGE:
            sentence += (
                " It may have taken the mail all the same; it will then get it twice, under the same Message-ID."
            )
        raise HandoverFault(phase, sentence) from fault
    except ssl.SSLError as fault:
        raise HandoverFault(phase, _unreached(fault, peer)) from fault
    except (aiosmtplib.SMTPException, OSError, ValueError) as fault:
        raise HandoverFault(phase, f"{peer}, at the step {phase}: {_reason(fault)}.") from fault


def _refused(phase: Phase, peer: object, refusal: aiosmtplib.SMTPResponseException) -> HandoverFault:
    """Tell a refusal for good from one for now (RFC 5321 section 4.2.1), and the mail's from our own."""
    text = " ".join(refusal.message.split())
    permanent = 500 <= refusal.code < 600 and refusal.code not in _OUR_LOGIN
    about_the_mail = phase in {Phase.RECIPIENT, Phase.MESSAGE} or (
        phase is Phase.SENDER and (refusal.code == 552 or _TOO_BIG.match(text) is not None)
    )
    return HandoverFault(phase, f"{peer} said: {refusal.code} {text}", for_good=permanent and about_the_mail)


def _secured(client: aiosmtplib.SMTP, smarthost: Smarthost) -> str:
    """Say by what the connection is protected, and whose certificate was seen."""
    secured = client.get_transport_info("ssl_object")
    assert isinstance(secured, ssl.SSLObject)
    if not smarthost.verify:
        return f"{secured.version()}, but the certificate was not looked at (mail.verify = false)."
    certificate = secured.getpeercert() or {}
    return f"{secured.version()}; its certificate is for {', '.join(_names(certificate))}, until {certificate.get('notAfter')}."


def _names(certificate: dict[str, Any]) -> list[str]:
    names = [str(value) for _, value in certificate.get("subjectAltName", ())]
    return names or [str(value) for ((key, value), *_) in certificate.get("subject", ()) if key == "commonName"]


def _unreached(fault: BaseException, peer: object) -> str:
    """Say why there is no connection, and what to do where that can be known."""
    match fault:
        case ssl.SSLCertVerificationError():
            return f"{peer} shows a certificate that is not trusted: {_distrust(fault)}."
        case ssl.SSLError():
            return f"No TLS with {peer}: {fault.reason or fault}."
        case socket.gaierror():
            return f"The name in {peer} is not known: {fault.strerror}."
        case TimeoutError() | aiosmtplib.SMTPTimeoutError():
            return f"{peer} does not answer."
        case FileNotFoundError():
            return f"There is no socket {peer}; does that server run?"
        case _ if _is(fault, errno.ECONNREFUSED):
            return f"Nobody listens at {peer}."
        case _:
            return f"{peer} could not be reached or hung up: {_reason(fault)}."


def _is(fault: BaseException, number: int) -> bool:
    """Say whether it is this error of the system; of several tried addresses asyncio makes one error that only names them."""
    return getattr(fault, "errno", None) == number or f"[Errno {number}]" in str(fault)


def _hint(fault: BaseException, peer: Smarthost | LmtpServer) -> str:
    """Guess what is set wrongly where the two sides begin in different ways."""
    if not isinstance(peer, Smarthost):
        return ""
    if isinstance(fault, ssl.SSLError) and fault.reason == "WRONG_VERSION_NUMBER":
        return ' It does not begin with TLS there: set mail.tls to "starttls", or choose its other port (often 465).'
    if peer.port == 465 and peer.tls is not TlsMode.IMPLICIT:
        return ' Port 465 begins with TLS: set mail.tls to "implicit".'
    return ""


# X509_V_ERR_... of OpenSSL, as in x509_vfy.h.
_DISTRUST = {
    10: "it has expired",
    9: "it is not valid yet; is the clock of this machine right?",
    18: "it is signed by itself; name its file as mail.ca_file to trust it",
    19: "it comes from an authority of its own; name the authority's certificate as mail.ca_file to trust it",
    20: "this machine does not know who signed it; name the authority's certificate as mail.ca_file to trust it",
    62: "it is for other names; write in mail.smarthost a name that it is for",
    64: "it is not for this address; write in mail.smarthost a name that it is for",
}


def _distrust(fault: ssl.SSLCertVerificationError) -> str:
    return _DISTRUST.get(fault.verify_code, fault.verify_message)


def _reason(fault: BaseException) -> str:
    return str(getattr(fault, "strerror", None) or str(fault) or type(fault).__name__).rstrip(".")
