"""`mailfax user token`: secrets that mails carry in place of a login. A secret is shown once and kept nowhere."""

import json
from dataclasses import asdict
from typing import Annotated, NoReturn

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit

_EX_DATAERR = 65
_US_PER_DAY = 86_400_000_000

app = typer.Typer(help="Secrets that mails carry in place of a login.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="User as whom the mails with the token are sent.")],
    label: Annotated[str, typer.Option(help="What it is for, for the list.")] = "",
    days: Annotated[int | None, typer.Option(help="Days after which it is worthless.", min=1, max=36500)] = None,
    uses: Annotated[int | None, typer.Option(help="How many mails it is good for.", min=1)] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token and show its secret, once: in a header `X-Fax-Token: SECRET`, in a subject `[token=SECRET]`, or in an address `5551234+token=SECRET@`."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.clock import id_maker, wall_clock_us  # noqa: PLC0415
    from mailfax.gateway.tokens import new_secret, secret_hash  # noqa: PLC0415
    from mailfax.model.ids import Kind  # noqa: PLC0415
    from mailfax.model.token import Token  # noqa: PLC0415
    from mailfax.model.user import user_name  # noqa: PLC0415

    now_us, secret = wall_clock_us(), new_secret()
    token = Token(
        id=id_maker()(Kind.TOKEN),
        user=user_name(name),
        label=label,
        created_us=now_us,
        expires_us=None if days is None else now_us + days * _US_PER_DAY,
        uses_left=uses,
    )
    with open_store(spool_or_exit(config)) as store:
        if store.user(token.user) is None:
            _end(f"there is no user {token.user}.")
        store.add_token(token, secret_hash(secret))
    typer.echo(
        json.dumps({**asdict(token), "secret": secret})
        if as_json
        else f"token {token.id} of {token.user}; secret: {secret}"
    )


@app.command(name="list")
def list_tokens(
    name: Annotated[str, typer.Argument(help="User; without one, all.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List tokens; never their secrets."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.gateway.identity import local_time  # noqa: PLC0415
    from mailfax.model.user import user_name  # noqa: PLC0415

    settings = spool_or_exit(config)
    with open_store(settings) as store:
        tokens = store.tokens(user_name(name) if name else None)
    if as_json:
        typer.echo(json.dumps([asdict(token) for token in tokens]))
        return

    def day(at_us: int | None, never: str) -> str:
        return never if at_us is None else f"{local_time(at_us, settings.identity.time_zone):%Y-%m-%d %H:%M}"

    for token in tokens:
        left = "" if token.uses_left is None else f", {token.uses_left} uses left"
        typer.echo(
            f"{token.id}  {token.user:<16} until {day(token.expires_us, 'it is removed')}{left}, "
            f"used {day(token.used_us, 'never')}  {token.label}".rstrip()
        )
    if not tokens:
        typer.echo("There are no tokens. Make one with  mailfax user token add NAME .")


@app.command()
def remove(token_id: Annotated[str, typer.Argument(help="Id of the token, T…")], config: ConfigOption = None) -> None:
    """Make a token worthless at once."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.model.ids import Kind, parse_id  # noqa: PLC0415

    try:
        wanted = parse_id(token_id, Kind.TOKEN)
    except ValueError as error:
        _end(f"{error}.")
    with open_store(spool_or_exit(config)) as store:
        if not store.remove_token(wanted):
            _end(f"there is no token {wanted}.")
    typer.echo(f"token {wanted} removed")


def _end(sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(_EX_DATAERR)
