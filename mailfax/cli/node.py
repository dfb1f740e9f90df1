"""`mailfax node`: the gateways that share one database."""

import json
from dataclasses import asdict

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit

app = typer.Typer(help="The gateways that share one queue.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keep `list` a verb of its own: with one command alone typer would leave its name out."""


@app.command(name="list")
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say of each gateway whether it is alive, and since when it is known."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.gateway.identity import local_time  # noqa: PLC0415 - loads fonts

    settings = spool_or_exit(config)
    with open_store(settings) as store:
        nodes = store.nodes()
    if as_json:
        typer.echo(json.dumps([asdict(node) for node in nodes]))
        return
    zone = settings.identity.time_zone
    for node in nodes:
        lease = f"{'until' if node.alive else 'silent since'} {local_time(node.lease_until_us, zone):%Y-%m-%d %H:%M:%S}"
        known = f"known since {local_time(node.since_us, zone):%Y-%m-%d %H:%M:%S}"
        typer.echo(f"{node.name:<16} {'alive' if node.alive else 'gone':<6} {lease}, {known}")
    if not nodes:
        typer.echo("This gateway shares its queue with no other (spool.database).")
