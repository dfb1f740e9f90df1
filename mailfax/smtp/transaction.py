"""What aiosmtpd's session is given by ours: the extensions that are announced, and one MAIL with what follows it. Used by the dialogue."""

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailfax.model.submission import Recipient
from mailfax.smtp.door import DeferredRecipient
from mailfax.smtp.envelope import MailCommand
from mailfax.smtp.login import MECHANISMS

_EXTENSIONS = ["250-PIPELINING", "250-CHUNKING", "250-ENHANCEDSTATUSCODES", "250-DSN"]


class Extensions:
    """aiosmtpd's handler object: it adds our extensions to the answer to EHLO."""

    async def handle_EHLO(  # noqa: N802 (aiosmtpd finds the verb in the name)
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Return the lines of the answer; the last one is aiosmtpd's `250 HELP`. AUTH is offered under TLS only."""
        session.host_name = hostname
        ours = [f"250-AUTH {' '.join(MECHANISMS)}"] if session.ssl is not None else []
        theirs = [line for line in responses[:-1] if not line.startswith("250-AUTH")]
        return [*theirs, *_EXTENSIONS, *ours, responses[-1]]


class Transaction(Envelope):
    """One MAIL and what followed it; aiosmtpd throws it away at RSET, EHLO and after DATA."""

    def __init__(self) -> None:
        super().__init__()
        self.mail: MailCommand | None = None
        self.recipients: list[Recipient] = []
        self.deferred: list[DeferredRecipient] = []
        self.commands: list[str] = []
        self.taken = 0  # RCPT commands that were answered 250: more than recipients where one was given twice
        self.chunks: bytearray | None = None  # of BDAT, from the first on

    @property
    def has_recipients(self) -> bool:
        """Say whether somebody was accepted, or is to be judged with the message."""
        return bool(self.recipients or self.deferred or self.commands)
