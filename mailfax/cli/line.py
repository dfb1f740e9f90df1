"""`mailfax line`: how each line is, letting one that was set aside back in, and running one alone."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from mailfax.cli.options import ConfigOption, JsonOption, config_or_exit, spool_or_exit
from mailfax.config import Config
from mailfax.model.line import LineState, LineStatus

_EX_DATAERR, _EX_CONFIG = 65, 78


app = typer.Typer(
    help="How each line is; let a line back in; run one alone.", no_args_is_help=True, rich_markup_mode=None
)


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="Name of the line in the configuration.")], config: ConfigOption = None
) -> None:
    """Run one line alone, for a service manager that starts each line by itself."""
    from mailfax.daemon.line import line_process  # noqa: PLC0415 - the other verbs need none of it

    settings = config_or_exit(config)
    _known(settings, name)
    line_process(settings, name, server=None, json_log=False)


@app.command(name="list")
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say of each line whether it is up, down, waiting for its device, or set aside, since when, and why."""
    from mailfax.cli.views import open_store, printable  # noqa: PLC0415

    settings = spool_or_exit(config)
    with open_store(settings) as store:
        known = {line.name: line for line in store.lines()}
    if as_json:
        typer.echo(json.dumps([facts(settings, name, known.get(name)) for name in settings.lines]))
        return
    for name in settings.lines:
        typer.echo(printable(words(settings, name, known.get(name))))


@app.command()
def release(name: Annotated[str, typer.Argument(help="Name of the line.")], config: ConfigOption = None) -> None:
    """Have a line that was set aside (quarantined) tried again, at once."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415

    settings = spool_or_exit(config)
    _known(settings, name)
    with open_store(settings) as store:
        released = store.release_line(name, wall_clock_us())
    if not released:
        typer.echo(f"mailfax: line {name} has never been up here.", err=True)
        raise typer.Exit(_EX_DATAERR)
    typer.echo(f"line {name} is released")


def state_of(status: LineStatus | None) -> str:
    """Return the state in a word; that of a line whose process ended without a word is not known."""
    if status is None:
        return "never up"
    if not status.alive and status.state is not LineState.STOPPED:
        return "not running"
    return status.state.value


def facts(config: Config, name: str, status: LineStatus | None) -> dict[str, object]:
    """Return a line as plain data."""
    plain = asdict(status) if status is not None else {"name": name}
    return {**plain, "state": state_of(status), "kind": config.lines[name].kind, "device": config.lines[name].device}


def words(config: Config, name: str, status: LineStatus | None) -> str:
    """Return a line as one line of text."""
    from mailfax.gateway.identity import local_time  # noqa: PLC0415 - loads fonts

    where = config.lines[name].device or config.lines[name].number
    parts = [f"{name:<12} {state_of(status):<12} {where}"]
    if status is not None:
        parts.append(f"since {local_time(status.since_us, config.identity.time_zone)}")
        if status.faults:
            parts.append(f"{status.faults} fault{'s' * (status.faults != 1)} since the last good call")
        if status.reason:
            parts.append(status.reason)
    return ", ".join(parts)


def _known(config: Config, name: str) -> None:
    if name not in config.lines:
        typer.echo(f"mailfax: there is no line {name}; lines are: {', '.join(config.lines)}.", err=True)
        raise typer.Exit(_EX_CONFIG)
