"""LMTP (RFC 2033): the session of a mail server of this house, such as Postfix or Exim, by TCP or a Unix socket.

The listener makes one for each connection of `smtp.lmtp`. It is SMTP but for two things: LHLO instead of EHLO, and after the
message a reply for each recipient that was taken. Ours are all alike, since a mail is taken whole, in one commit, or not at all.
"""

from mailfax.smtp.dialogue import Dialogue

_NOT_HERE = "500 5.5.1 This is LMTP: say LHLO"


class LmtpDialogue(Dialogue):
    """One mail server's session."""

    async def smtp_LHLO(self, arg: str | None) -> None:  # noqa: N802 (aiosmtpd finds the verb in the name)
        """Greet, as EHLO does."""
        await super().smtp_EHLO(arg)

    async def smtp_EHLO(self, arg: str | None) -> None:  # noqa: ARG002, N802
        """Refuse: RFC 2033 section 4.1 forbids it."""
        await self.push(_NOT_HERE)

    async def smtp_HELO(self, arg: str | None) -> None:  # noqa: ARG002, N802
        """Refuse: RFC 2033 section 4.1 forbids it."""
        await self.push(_NOT_HERE)

    def _replies(self, taken: int) -> int:
        return taken

    def _protocol(self) -> str:
        return "UTF8LMTP" if self.envelope.mail is not None and self.envelope.mail.wide else "LMTP"
