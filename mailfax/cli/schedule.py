"""`mailfax schedule`: what is faxed on a calendar, when next, and running one now."""

import contextlib
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit
from mailfax.config import Config
from mailfax.spool.store import Store

app = typer.Typer(help="Documents that are faxed on a calendar.", no_args_is_help=True, rich_markup_mode=None)
_EX_DATAERR = 65


@contextlib.contextmanager
def _opened(path: Path | None) -> Iterator[tuple[Config, Store]]:
    from mailfax.cli.views import open_store  # noqa: PLC0415

    config = spool_or_exit(path)
    with open_store(config) as store:
        yield config, store


@app.command(name="list")
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the schedules: when each is due next, and what came of it last."""
    from mailfax.cli.views import printable  # noqa: PLC0415
    from mailfax.daemon.build import schedules  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.spool import runs  # noqa: PLC0415

    with _opened(config) as (loaded, store):
        facts = []
        for name, each in schedules(loaded).items():
            last = next(iter(runs.newest(store, name)), None)
            facts.append(
                {
                    "schedule": name,
                    "to": each.to,
                    "next": _shown(loaded, name, next(each.calendar.upcoming(wall_clock_us()), None)),
                    "last": _shown(loaded, name, last.due_us if last else None),
                    "state": last.state.value if last else "",
                    "note": last.note if last else "",
                }
            )
    if as_json:
        typer.echo(json.dumps(facts))
        return
    for fact in facts:
        latest = f"; last {fact['last']}: {fact['state']}, {fact['note']}" if fact["last"] else ""
        typer.echo(printable(f"{fact['schedule']:<20} next {fact['next'] or 'never'}{latest}"))
    if not facts:
        typer.echo("Nothing is scheduled.")


@app.command(name="next")
def upcoming(
    name: Annotated[str, typer.Argument(help="Name of the schedule.")],
    count: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 5,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say when a schedule is due next."""
    from mailfax.daemon.build import schedules  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415

    loaded = spool_or_exit(config)
    known = schedules(loaded)
    if name not in known:
        _refuse(f"there is no schedule {name}; schedules are: {', '.join(known) or 'none'}.")
    moments = [_shown(loaded, name, each) for each in islice(known[name].calendar.upcoming(wall_clock_us()), count)]
    typer.echo(json.dumps(moments) if as_json else "\n".join(moments) or "never")


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="Name of the schedule.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a schedule now, beside its calendar."""
    from mailfax.cli.views import printable  # noqa: PLC0415
    from mailfax.daemon import build  # noqa: PLC0415
    from mailfax.daemon.clock import id_maker, wall_clock_us  # noqa: PLC0415
    from mailfax.model.schedule import RunState  # noqa: PLC0415
    from mailfax.spool.blobs import BlobStore  # noqa: PLC0415
    from mailfax.spool.disk import SpoolError  # noqa: PLC0415

    with (
        _opened(config) as (loaded, store),
        contextlib.closing(BlobStore(build.spool_settings(loaded))) as blobs,
    ):
        desk = build.schedule_desk(loaded, build.intake(loaded, store, blobs, id_maker()), wall_clock_us)
        try:
            done = desk.run_now(name)
        except KeyError:
            _refuse(f"there is no schedule {name}; schedules are: {', '.join(loaded.schedules) or 'none'}.")
        except SpoolError as error:
            _refuse(str(error))
    facts = {"schedule": name, "state": done.state.value, "note": done.note}
    typer.echo(json.dumps(facts) if as_json else printable(f"{name}: {done.state.value}, {done.note}"))
    if done.state is RunState.FAILED:
        raise typer.Exit(1)


def _shown(config: Config, name: str, at_us: int | None) -> str:
    from mailfax.gateway.identity import local_time  # noqa: PLC0415

    zone = config.schedules[name].zone or config.identity.time_zone or "UTC"
    return "" if at_us is None else f"{local_time(at_us, zone):%Y-%m-%d %H:%M %Z}"


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(_EX_DATAERR)
