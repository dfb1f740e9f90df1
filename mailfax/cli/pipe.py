"""The `sendmail` command: its options, as mail servers and mail programs give them; the work is in `sendmail`."""

import getpass
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from mailfax.cli.options import ConfigOption, config_or_exit
from mailfax.cli.sendmail import EX_TEMPFAIL, EX_USAGE, Errand, NotTaken, as_mail, hand_over
from mailfax.config import Config
from mailfax.config.endpoint import parse_endpoint, unix_path

RecipientsArgument = Annotated[list[str], typer.Argument(help="Fax addresses, or numbers of the first fax domain.")]
SenderOption = Annotated[
    str | None, typer.Option("-f", "-r", help="Mail address that hears the result; '' is a bounce.")
]
SocketOption = Annotated[
    Path | None, typer.Option("--socket", help="Unix socket of the server's LMTP; no configuration is read then.")
]
_IGNORED = "Taken for the sake of callers of sendmail, and of no effect."


def sendmail(
    recipients: RecipientsArgument,
    sender: SenderOption = None,
    path: SocketOption = None,
    notify: Annotated[str, typer.Option("-N", help="NOTIFY of RFC 3461: never, or success,failure,delay.")] = "",
    ret: Annotated[str, typer.Option("-R", help="RET of RFC 3461: full or hdrs.")] = "",
    envid: Annotated[str, typer.Option("-V", help="ENVID of RFC 3461.")] = "",
    from_headers: Annotated[
        bool, typer.Option("-t", help="Refused: numbers are never taken from a mail's headers.")
    ] = False,
    dots: Annotated[bool, typer.Option("-i", help=_IGNORED)] = False,  # noqa: ARG001
    old: Annotated[list[str] | None, typer.Option("-o", help=_IGNORED)] = None,  # noqa: ARG001
    body: Annotated[str, typer.Option("-B", help=_IGNORED)] = "",  # noqa: ARG001
    full_name: Annotated[str, typer.Option("-F", help=_IGNORED)] = "",  # noqa: ARG001
    config: ConfigOption = None,
) -> None:
    """Hand a mail from standard input to the running server, as a pipe transport of a mail server or a mail program does.

    The exit status is one of sysexits.h: 75 when the server is down, and the caller keeps the mail; 67, 77 or 65 when it is refused.
    """
    if from_headers:
        typer.echo("mailfax: name the recipients; numbers are never taken from the headers of a mail (-t).", err=True)
        raise typer.Exit(EX_USAGE)
    settings = None if path is not None else _config(config)
    errand = Errand(
        server=path.absolute() if path is not None else _server(settings),
        sender=f"{getpass.getuser()}@{_hostname(settings)}" if sender is None else sender.strip("<>"),
        recipients=tuple(_address(recipient, settings) for recipient in recipients),
        octets=as_mail(sys.stdin.buffer.read()),
        notify=notify.upper(),
        ret=ret.upper(),
        envid=envid,
    )
    try:
        hand_over(errand)
    except NotTaken as refused:
        typer.echo(f"mailfax: {refused}", err=True)
        raise typer.Exit(refused.status) from None


def _config(path: Path | None) -> Config:
    """Load the configuration; one that cannot be read is no fault of the mail, which must wait until it is mended."""
    try:
        return config_or_exit(path)
    except typer.Exit:
        raise typer.Exit(EX_TEMPFAIL) from None


def _server(config: Config | None) -> Path | tuple[str, int]:
    """Return where the server listens for LMTP."""
    if config is None or not config.smtp.lmtp:
        typer.echo("mailfax: smtp.lmtp names no address, so there is no way to the server.", err=True)
        raise typer.Exit(EX_TEMPFAIL)
    address = config.smtp.lmtp[0]
    path = unix_path(address, config.data_dir)
    if path is not None:
        return path
    endpoint = parse_endpoint(address)
    return endpoint.host or "localhost", endpoint.port


def _hostname(config: Config | None) -> str:
    return socket.getfqdn() if config is None else config.smtp.hostname


def _address(written: str, config: Config | None) -> str:
    """Return a fax address; a number alone, as transports give it, is one of the first fax domain."""
    if "@" in written or config is None:
        return written
    return f"{written}@{next(iter(config.domains))}"
