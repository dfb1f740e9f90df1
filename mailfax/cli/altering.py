"""`mailfax cancel|hold|release|resend|retarget`, mounted by `app`: what an administrator does to faxes in the queue; and `mailfax log`."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit
from mailfax.cli.users import user_name
from mailfax.config import Config
from mailfax.gateway.altering import Alteration
from mailfax.gateway.shell import ShellRefused
from mailfax.model.ids import parse_id
from mailfax.model.job import Job

_EX_DATAERR = 65
JobArgument = Annotated[str, typer.Argument(help="Id of the fax (J…).")]
NumberArgument = Annotated[str, typer.Argument(help="Fax number as the fax domain's plan writes it.")]


def cancel(job: JobArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Give up a fax that is not on a line; its sender is told."""
    _alter(config, job, lambda alteration, job_id: alteration.cancel(job_id), "is cancelled", as_json=as_json)


def hold(job: JobArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Keep a fax back that waits for a line, until it is released."""
    _alter(config, job, lambda alteration, job_id: alteration.hold(job_id), "is held", as_json=as_json)


def release(job: JobArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let a fax go that is held."""
    _alter(config, job, lambda alteration, job_id: alteration.release(job_id), "is released", as_json=as_json)


def resend(
    job: JobArgument,
    to: Annotated[str, typer.Option(help="Another number; without it, the same.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a fax that has ended once more, as a new one."""
    _alter(config, job, lambda alteration, job_id: alteration.resend(job_id, to), "is queued", as_json=as_json)


def retarget(
    job: JobArgument, number: NumberArgument, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Send a fax that waits to another number."""
    _alter(config, job, lambda alteration, job_id: alteration.retarget(job_id, number), "goes there", as_json=as_json)


def log(
    subject: Annotated[
        str, typer.Argument(help="Id of a fax, a mail, a received fax or a delivery; without one, of all.")
    ] = "",
    last: Annotated[int, typer.Option("--last", "-n", help="How many lines.", min=1, max=100000)] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the log of every change of state: when, what, from what to what, and why."""
    from mailfax.cli.views import open_store, printable  # noqa: PLC0415
    from mailfax.gateway.identity import local_time  # noqa: PLC0415 - loads fonts

    settings = spool_or_exit(config)
    try:
        wanted = parse_id(subject) if subject and ":" not in subject else subject  # line:NAME is none, and has a log
    except ValueError as error:
        typer.echo(f"mailfax: {error.args[0]}", err=True)
        raise typer.Exit(_EX_DATAERR) from None
    with open_store(settings) as store:
        steps = store.history(wanted)[-last:] if wanted else store.newest_history(last)
    if as_json:
        typer.echo(json.dumps([asdict(step) for step in steps]))
        return
    for step in steps:
        when = f"{local_time(step.at_us, settings.identity.time_zone):%Y-%m-%d %H:%M:%S}"
        change = f"{step.was} -> {step.became}" if step.was else step.became
        typer.echo(printable(f"{when}  {step.subject:<13}  {change:<24}  {step.why}"))


def _alter(path: ConfigOption, job: str, change: Callable[[Alteration, str], Job], said: str, *, as_json: bool) -> None:
    from mailfax.cli.views import plain  # noqa: PLC0415

    config = spool_or_exit(path)
    try:
        with _alteration(config) as alteration:
            found = change(alteration, parse_id(job))
    except (ShellRefused, ValueError) as error:
        typer.echo(f"mailfax: {error.args[0]}", err=True)
        raise typer.Exit(_EX_DATAERR) from None
    if as_json:
        typer.echo(json.dumps(asdict(found), default=plain))
    else:
        typer.echo(f"{found.id} for {found.number} {said}")


@contextlib.contextmanager
def _alteration(config: Config) -> Iterator[Alteration]:
    from mailfax.daemon import build  # noqa: PLC0415 - the other verbs need none of it
    from mailfax.daemon.clock import id_maker, wall_clock_us  # noqa: PLC0415
    from mailfax.spool.blobs import BlobStore  # noqa: PLC0415
    from mailfax.spool.store import Store  # noqa: PLC0415

    settings, new_id = build.spool_settings(config), id_maker()
    with contextlib.closing(Store(settings, new_id)) as store, contextlib.closing(BlobStore(settings)) as blobs:
        yield Alteration(
            intake=build.intake(config, store, blobs, new_id),
            routing=build.routing_settings(config),
            user=user_name(os.geteuid()),
            now_us=wall_clock_us,
        )
