"""`mailfax mail`: try the way out, see what waits for it, and have it tried again at once."""

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from mailfax.cli.options import ConfigOption, JsonOption, config_or_exit, spool_or_exit

if TYPE_CHECKING:
    from mailfax.smtp.outgoing import Delivery
    from mailfax.smtp.peer import Step

app = typer.Typer(help="Mail that goes out: test, queue, retry.", no_args_is_help=True, rich_markup_mode=None)
_EX_DATAERR, _EX_NOUSER, _EX_TEMPFAIL = 65, 67, 75
# sysexits.h: what kind of thing has to be mended.
_STATUS = {"connect": 69, "tls": 76, "login": 77, "sender": 78, "recipient": _EX_TEMPFAIL, "message": _EX_TEMPFAIL}


@app.command(name="test")
def try_out(
    address: Annotated[str, typer.Argument(help="Who gets the test mail; without one, the catch-all.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send one mail by the way that received faxes and reports take, and say each step.

    The exit status is 0 where it was taken; 69 no connection, 76 no TLS, 77 no login, 78 our own address is not taken, 67 the
    mailbox is refused, 75 it would be tried again later.
    """
    from mailfax.cli.views import printable  # noqa: PLC0415
    from mailfax.daemon.build import letterhead, outgoing_settings  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.gateway.mailtest import send_test  # noqa: PLC0415
    from mailfax.smtp.outgoing import Handed  # noqa: PLC0415

    settings = config_or_exit(config)
    outgoing, mailbox = outgoing_settings(settings), address or settings.receive.catch_all
    steps: list[Step] = []

    def tell(step: "Step") -> None:
        steps.append(step)
        if not as_json:
            typer.echo(printable(step.said))

    if not as_json:
        typer.echo(f"Mail for {mailbox} goes to {outgoing.way(mailbox)}.")
    result = asyncio.run(send_test(mailbox, outgoing, letterhead(settings), wall_clock_us(), tell))
    status = _status(result)
    if as_json:
        facts = {"mailbox": mailbox, "way": str(outgoing.way(mailbox)), "taken": isinstance(result, Handed)}
        said = [{"step": step.phase, "said": step.said} for step in steps]
        failed = "" if isinstance(result, Handed) else result.phase
        typer.echo(json.dumps({**facts, "steps": said, "failed": failed, "detail": result.detail, "status": status}))
    elif not isinstance(result, Handed):
        typer.echo(f"mailfax: {printable(result.detail)}", err=True)
    if status:
        raise typer.Exit(status)


def _status(result: "Delivery") -> int:
    from mailfax.smtp.outgoing import Deferred, Handed, Refused  # noqa: PLC0415

    match result:
        case Handed():
            return 0
        case Refused():
            return _EX_NOUSER
        case Deferred(phase=phase):
            return _STATUS[phase]
        case _:
            assert_never(result)


@app.command()
def queue(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the mails that wait to be handed over: for whom, how often it was tried, when next, and what was said."""
    from mailfax.cli.life import counted, delivery_line  # noqa: PLC0415
    from mailfax.cli.views import open_store, printable  # noqa: PLC0415

    settings = spool_or_exit(config)
    with open_store(settings) as store:
        waiting = store.waiting_deliveries()
    if as_json:
        typer.echo(json.dumps([asdict(delivery) for delivery in waiting]))
        return
    for delivery in waiting:
        about = delivery.fax_id or delivery.submission_id or ""
        what = f"{delivery_line(delivery, settings.identity.time_zone)}  ({delivery.kind.value}{' of ' * bool(about)}{about})"
        typer.echo(printable(what))
    typer.echo(f"{counted(len(waiting), 'mail')} going out" if waiting else "No mail waits.")


@app.command()
def retry(
    ids: Annotated[list[str] | None, typer.Argument(help="Mails of the queue (D…); without one, all.")] = None,
    config: ConfigOption = None,
) -> None:
    """Have mails that wait tried again at once, for example when the mail server works again."""
    from mailfax.cli.life import counted  # noqa: PLC0415
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.model.ids import parse_id  # noqa: PLC0415

    settings = spool_or_exit(config)
    try:
        wanted = [parse_id(written) for written in ids or []]
    except ValueError as error:
        typer.echo(f"mailfax: {error}", err=True)
        raise typer.Exit(_EX_DATAERR) from None
    with open_store(settings) as store:
        hurried = store.hurry_deliveries(wanted or None, wall_clock_us())
    if lacking := set(wanted) - set(hurried):
        typer.echo(f"mailfax: {', '.join(sorted(lacking))}: no such mail waits; see  mailfax mail queue .", err=True)
        raise typer.Exit(_EX_DATAERR)
    typer.echo(f"{counted(len(hurried), 'mail')} will be tried at once")
