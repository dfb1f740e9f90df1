"""`mailfax spool`: what the spool holds, and cleaning it by [retention] now."""

import contextlib
import json
from collections.abc import Iterator
from typing import Annotated

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit

app = typer.Typer(help="What the spool holds on disk; clean it now.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say what is kept, how much room it takes, how much is left, and what retention removed."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.build import spool_settings  # noqa: PLC0415
    from mailfax.spool.blobs import BlobStore  # noqa: PLC0415
    from mailfax.spool.disk import free_bytes  # noqa: PLC0415
    from mailfax.spool.holdings import holdings  # noqa: PLC0415

    loaded = spool_or_exit(config)
    settings = spool_settings(loaded)
    with open_store(loaded) as store, contextlib.closing(BlobStore(settings)) as blobs:
        held = holdings(store, blobs)
    free = free_bytes(settings.directory)
    facts = {**held.rows, "blobs": held.blobs, "blob_bytes": held.blob_bytes, "unnamed_blobs": held.unnamed}
    facts |= {"free_bytes": free, "reserve_bytes": settings.reserve_bytes}
    if as_json:
        typer.echo(json.dumps({**facts, "removed": held.removed}))
        return
    for line in _words(facts):
        typer.echo(line)
    for why in held.removed:
        typer.echo(f"removed: {why}")


def _words(facts: dict[str, int]) -> Iterator[str]:
    for name, value in facts.items():
        shown = f"{value / 1e6:,.1f} MB" if name.endswith("_bytes") else f"{value:,}"
        yield f"{name.removesuffix('_bytes').replace('_', ' '):<22} {shown:>14}"
    if facts["free_bytes"] < facts["reserve_bytes"]:
        yield "Below the reserve: neither mail nor calls are taken."


@app.command()
def clean(
    days: Annotated[
        int | None, typer.Option(help="Remove the content (not the records) of all that ended longer ago.", min=1)
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove what is too old by [retention] now; the server does it every hour. Blobs go from the disk an hour or two later."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.build import retention_policy, spool_settings  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.gateway.housekeeping import clean as run  # noqa: PLC0415
    from mailfax.spool.disk import SpoolError  # noqa: PLC0415

    loaded = spool_or_exit(config)
    policy = retention_policy(loaded)
    if days is not None:
        policy = policy.at_most(days)
    with open_store(loaded) as store:
        try:
            removed = run(store, policy, spool_settings(loaded).calls, wall_clock_us())
        except SpoolError as error:
            typer.echo(f"mailfax: {error}", err=True)
            raise typer.Exit(75) from None  # EX_TEMPFAIL
    if as_json:
        typer.echo(json.dumps(removed))
        return
    for what, count in removed.items():
        typer.echo(f"{what:<16} {count:>8} removed")
