"""The `sendmail` command: its options, as mail servers and mail programs give them; the work is in `sendmail`."""

import getpass
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailfax.cli.sendmail import EX_TEMPFAIL, EX_USAGE, Errand, NotTaken, as_mail, hand_over

if TYPE_CHECKING:  # a mail server starts this for each mail: nothing is imported that the mail does not need
    from mailfax.config import Config

RecipientsArgument = Annotated[list[str], typer.Argument(help="Fax addresses, or numbers of the first fax domain.")]
SenderOption = Annotated[
    str | None, typer.Option("-f", "-r", help="Mail address that hears the result; '' is a bounce. Without it $SENDER.")
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
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", envvar="MAILFAX_CONFIG", help="Configuration file, where there is no --socket."),
    ] = None,
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
        sender=_sender(sender, settings),
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


def _config(path: Path | None) -> "Config":
    """Load the configuration; one that cannot be read is no fault of the mail, which must wait until it is mended."""
    from mailfax.cli.options import config_or_exit  # noqa: PLC0415

    try:
        return config_or_exit(path)
    except typer.Exit:
        raise typer.Exit(EX_TEMPFAIL) from None


def _server(config: "Config | None") -> Path | tuple[str, int]:
    """Return where the server listens for LMTP."""
    from mailfax.config.endpoint import parse_endpoint, unix_path  # noqa: PLC0415

    if config is None or not config.smtp.lmtp:
        typer.echo("mailfax: smtp.lmtp names no address, so there is no way to the server.", err=True)
        raise typer.Exit(EX_TEMPFAIL)
    address = config.smtp.lmtp[0]
    path = unix_path(address, config.data_dir)
    if path is not None:
        return path
    endpoint = parse_endpoint(address)
    return endpoint.host or "localhost", endpoint.port


def _sender(given: str | None, config: "Config | None") -> str:
    """Return the envelope sender: as given, else as Exim and Postfix's local(8) tell it to what they start, else whoever runs this."""
    told = os.environ.get("SENDER") if given is None else given
    return f"{getpass.getuser()}@{_hostname(config)}" if told is None else told.strip("<>")


def _hostname(config: "Config | None") -> str:
    return socket.getfqdn() if config is None else config.smtp.hostname


def _address(written: str, config: "Config | None") -> str:
    """Return a fax address; a number alone, as transports give it, is one of the first fax domain."""
    if "@" in written or config is None:
        return written
    return f"{written}@{next(iter(config.domains))}"


def main() -> None:
    """Run `mailfax sendmail` and nothing else; a wrong command line ends with 64, as for all commands."""
    usage_error = typer.BadParameter.__mro__[1]
    usage_error.exit_code = EX_USAGE  # type: ignore[attr-defined]
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    app.command()(sendmail)
    app(sys.argv[2:], prog_name="mailfax sendmail")
