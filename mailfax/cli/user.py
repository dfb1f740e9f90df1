"""`mailfax user`: who may log in, and what far machines see of each. The records are in the spool; the server reads them at each use."""

import json
import sys
from dataclasses import asdict
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit
from mailfax.model.user import User, UserError, user_name

_EX_DATAERR = 65
NameArgument = Annotated[str, typer.Argument(help="Name by which the user logs in.")]
GenerateOption = Annotated[
    bool, typer.Option("--generate", help="Make up a password and print it once, for a machine or a mail program.")
]

app = typer.Typer(help="Who may log in to send faxes.", no_args_is_help=True, rich_markup_mode=None)


AddressOption = Annotated[
    list[str] | None,
    typer.Option(help="Mail address that is the user's; again for more; @example.org for a domain, * for any."),
]
GroupOption = Annotated[list[str] | None, typer.Option(help="Group the user is in; again for more.")]
StationOption = Annotated[
    str | None, typer.Option(help="Number that far machines show, instead of that of [identity].")
]
HeaderOption = Annotated[str | None, typer.Option(help="Name in the line above each page.")]
ZoneOption = Annotated[str | None, typer.Option(help="Time zone of that line, for example Europe/Berlin.")]


@app.command()
def add(
    name: NameArgument,
    address: AddressOption = None,
    group: GroupOption = None,
    station_id: StationOption = None,
    header_name: HeaderOption = None,
    time_zone: ZoneOption = None,
    generate: GenerateOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415

    user = _record(
        name=user_name(name),
        addresses=tuple(address or ()),
        groups=tuple(group or ()),
        station_id=station_id or "",
        header_name=header_name or "",
        time_zone=time_zone or "",
    )
    settings = spool_or_exit(config)
    secret, hashed = _new_password(generate=generate)
    with open_store(settings) as store:
        if not store.add_user(user, hashed, wall_clock_us()):
            _end(f"there is a user {user.name} already.")
    _tell_secret(user.name, "added", secret, as_json=as_json)


@app.command()
def change(
    name: NameArgument,
    address: AddressOption = None,
    group: GroupOption = None,
    station_id: StationOption = None,
    header_name: HeaderOption = None,
    time_zone: ZoneOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is given and keep the rest. An empty text ('') takes away; addresses and groups are given all anew."""
    from mailfax.cli.views import open_store  # noqa: PLC0415

    with open_store(spool_or_exit(config)) as store:
        was = store.user(user_name(name))
        if was is None:
            _end(f"there is no user {user_name(name)}.")
        user = _record(
            name=was.name,
            addresses=was.addresses if address is None else tuple(filter(None, address)),
            groups=was.groups if group is None else tuple(filter(None, group)),
            station_id=was.station_id if station_id is None else station_id,
            header_name=was.header_name if header_name is None else header_name,
            time_zone=was.time_zone if time_zone is None else time_zone,
        )
        store.change_user(user)
    typer.echo(json.dumps(asdict(user)) if as_json else f"user {user.name} changed")


@app.command()
def password(
    name: NameArgument, generate: GenerateOption = False, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Give a user another password; the old one is void at once."""
    from mailfax.cli.views import open_store  # noqa: PLC0415

    with open_store(spool_or_exit(config)) as store:
        if store.user(user_name(name)) is None:
            _end(f"there is no user {user_name(name)}.")
        secret, hashed = _new_password(generate=generate)
        store.set_password_hash(user_name(name), hashed)
    _tell_secret(user_name(name), "has another password", secret, as_json=as_json)


@app.command()
def remove(name: NameArgument, config: ConfigOption = None) -> None:
    """Forget a user: nobody logs in by that name any more. Faxes that wait are still sent."""
    from mailfax.cli.views import open_store  # noqa: PLC0415

    with open_store(spool_or_exit(config)) as store:
        if not store.remove_user(user_name(name)):
            _end(f"there is no user {user_name(name)}.")
    typer.echo(f"user {user_name(name)} removed")


@app.command()
def show(name: NameArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what is kept of a user; never the password."""
    from mailfax.cli.views import open_store  # noqa: PLC0415

    with open_store(spool_or_exit(config)) as store:
        user = store.user(user_name(name))
    if user is None:
        _end(f"there is no user {user_name(name)}.")
    if as_json:
        typer.echo(json.dumps(asdict(user)))
        return
    for field, value in asdict(user).items():
        shown = ", ".join(value) if isinstance(value, tuple | list) else value
        typer.echo(f"{field.replace('_', ' '):<12} {shown or '-'}")


@app.command(name="list")
def list_users(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the users."""
    from mailfax.cli.views import open_store  # noqa: PLC0415

    with open_store(spool_or_exit(config)) as store:
        users = store.users()
    if as_json:
        typer.echo(json.dumps([asdict(user) for user in users]))
        return
    for user in users:
        groups = f"  in {', '.join(user.groups)}" if user.groups else ""
        typer.echo(f"{user.name:<20} {', '.join(user.addresses)}{groups}")
    if not users:
        typer.echo("There are no users. Add one with  mailfax user add NAME --address ADDRESS .")


def _record(
    *, name: str, addresses: tuple[str, ...], groups: tuple[str, ...], station_id: str, header_name: str, time_zone: str
) -> User:
    """Make a record, or say what is wrong with it and exit."""
    try:
        user = User(
            name=name,
            addresses=addresses,
            groups=groups,
            station_id=station_id,
            header_name=header_name,
            time_zone=time_zone,
        )
        if time_zone:
            ZoneInfo(time_zone)
    except UserError as error:
        _end(str(error))
    except (ValueError, OSError, LookupError):
        _end(f"this machine knows no time zone {time_zone!r}.")
    return user


def _new_password(*, generate: bool) -> tuple[str, str]:
    """Return a password to be shown (only one that we made up) and the hash of the new password."""
    from mailfax.gateway.login import PasswordUnfit, new_token, password_hash  # noqa: PLC0415

    if generate:
        secret = new_token()
        return secret, password_hash(secret)
    if sys.stdin.isatty():
        word: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        word = sys.stdin.readline().rstrip("\r\n")
    try:
        return "", password_hash(word)
    except PasswordUnfit as error:
        _end(str(error))


def _tell_secret(name: str, what: str, secret: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"user": name, **({"password": secret} if secret else {})}))
        return
    typer.echo(f"user {name} {what}" + (f"; password: {secret}" if secret else ""))


def _end(sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(_EX_DATAERR)
