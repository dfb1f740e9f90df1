"""`mailfax sendmail`: a mail from standard input, handed to the running server by LMTP; for pipe transports of mail servers and for mail programs.

Nothing is kept here: what the server has not answered with 250 is not accepted, and the exit status (sysexits.h) says so. A mail
goes to all of its recipients or to none, since the status is one for all, and what is tried again must not be sent twice.
"""

import smtplib
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

EX_OK, EX_USAGE, EX_DATAERR, EX_NOUSER = 0, 64, 65, 67
EX_UNAVAILABLE, EX_TEMPFAIL, EX_NOPERM = 69, 75, 77
_TIMEOUT_S = 600.0
_DECLARED = {"1": EX_NOUSER, "7": EX_NOPERM}  # by the subject of an enhanced status code (RFC 3463 section 3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """A mail and where it goes. `server` is the path of a Unix socket, or host and port; the options are those of RFC 3461."""

    server: Path | tuple[str, int]
    sender: str
    recipients: tuple[str, ...]
    octets: bytes
    notify: str = ""
    ret: str = ""
    envid: str = ""


class NotTaken(Exception):
    """The server did not take the mail: what it said, and the exit status that stands for it."""

    def __init__(self, said: str, status: int) -> None:
        super().__init__(said)
        self.status = status


def hand_over(errand: Errand) -> str:
    """Give the mail to the server and return its answer. Raises NotTaken."""
    try:
        with _connected(errand.server) as server:
            return _dialogue(server, errand)
    except smtplib.SMTPResponseException as refusal:
        said = refusal.smtp_error
        _refuse(refusal.smtp_code, said if isinstance(said, bytes) else said.encode())
    except ValueError as fault:  # a line end in an address
        raise NotTaken(str(fault), EX_DATAERR) from fault
    except (OSError, smtplib.SMTPException) as fault:
        raise NotTaken(f"the server does not answer ({fault}); the mail was not taken", EX_TEMPFAIL) from fault


def as_mail(octets: bytes) -> bytes:
    """Return what came by standard input as a mail: without the From line of a mailbox file, with CR LF."""
    if octets.startswith(b"From "):
        octets = octets.partition(b"\n")[2]
    octets = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return octets if octets.endswith(b"\r\n") else octets + b"\r\n"


def _connected(server: Path | tuple[str, int]) -> smtplib.LMTP:
    host, port = (str(server), 0) if isinstance(server, Path) else server
    return smtplib.LMTP(host, port, local_hostname="localhost", timeout=_TIMEOUT_S)


def _dialogue(server: smtplib.LMTP, errand: Errand) -> str:
    """Say LHLO, MAIL, RCPT and the mail, addresses as they are. Raises NotTaken."""
    _hold(*server.ehlo())
    asked = [f"SIZE={len(errand.octets)}"]
    asked += [f"RET={errand.ret}"] if errand.ret else []
    asked += [f"ENVID={errand.envid}"] if errand.envid else []
    asked += [] if errand.octets.isascii() else ["BODY=8BITMIME"]
    _hold(*server.docmd("MAIL", f"FROM:<{errand.sender}> {' '.join(asked)}"))
    notify = f" NOTIFY={errand.notify}" if errand.notify else ""
    refused = []
    for recipient in errand.recipients:
        code, said = server.docmd("RCPT", f"TO:<{recipient}>{notify}")
        if code != 250:
            refused.append((code, said))
    if refused:
        _hold(*max(refused, key=lambda answer: answer[0] < 500))  # one that may be taken later keeps all waiting
    code, said = server.data(errand.octets)
    answers = [(code, said), *(server.getreply() for _ in errand.recipients[1:])]
    for answer in answers:
        _hold(*answer)
    return answers[0][1].decode("ascii", "replace")


def _hold(code: int, said: bytes) -> None:
    if not 200 <= code < 300:
        _refuse(code, said)


def _refuse(code: int, said: bytes) -> NoReturn:
    text = said.decode("ascii", "replace")
    if code < 500:
        raise NotTaken(f"{code} {text}", EX_TEMPFAIL)
    subject = text.partition(" ")[0].split(".")[1:2]
    raise NotTaken(f"{code} {text}", _DECLARED.get("".join(subject), EX_DATAERR))
