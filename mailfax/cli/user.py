"""`mailfax user`: who may log in, and what far machines see of each. The records are in the spool; the server reads them at each use."""

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from mailfax.cli import token, wishes
from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit
from mailfax.config import Config
from mailfax.model.options import NO_COVER, USUAL_COVER
from mailfax.model.quota import Limit, LimitFault, read_limits
from mailfax.model.secret import Secret
from mailfax.model.telling import Telling
from mailfax.model.user import Role, User, UserError, user_name
from mailfax.spool.users import NumberTaken

_EX_DATAERR = 65
NameArgument = Annotated[str, typer.Argument(help="Name by which the user logs in.")]
GenerateOption = Annotated[
    bool, typer.Option("--generate", help="Make up a password and print it once, for a machine or a mail program.")
]

NoPasswordOption = Annotated[
    bool, typer.Option("--no-password", help="Nobody logs in as him: he is known by a token or by signed mail.")
]

app = typer.Typer(help="Who may log in to send faxes.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(token.app, name="token")
app.command()(wishes.notices)


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
MailboxOption = Annotated[
    str | None, typer.Option(help="Where faxes for the user go; without it, the first mail address that is whole.")
]
NumberOption = Annotated[
    list[str] | None, typer.Option(help="Number of the user's own: faxes for it go to his mailbox; again for more.")
]
RoleOption = Annotated[list[Role] | None, typer.Option(help="What he is beside a sender; again for more.")]
QuotaOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Limit of his own, as pages/day=100 or money/month=50, instead of that of [quotas]; again for more."
    ),
]
CoverOption = Annotated[str | None, typer.Option(help="His usual cover: none, usual, or the name of a template.")]


@app.command()
def add(
    name: NameArgument,
    address: AddressOption = None,
    group: GroupOption = None,
    station_id: StationOption = None,
    header_name: HeaderOption = None,
    time_zone: ZoneOption = None,
    mailbox: MailboxOption = None,
    number: NumberOption = None,
    role: RoleOption = None,
    quota: QuotaOption = None,
    cover: CoverOption = None,
    generate: GenerateOption = False,
    no_password: NoPasswordOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415

    settings = spool_or_exit(config)
    given = Given(address, group, station_id, header_name, time_zone, mailbox, number, role, quota, cover)
    user = given.over(None, user_name(name), settings)
    shown, secret = ("", Secret(argon2="")) if no_password else _new_password(generate=generate)
    with open_store(settings) as store, _refusals():
        if not store.add_user(user, secret, wall_clock_us()):
            _end(f"there is a user {user.name} already.")
    _tell_secret(user.name, "added", shown, as_json=as_json)


@app.command()
def change(
    name: NameArgument,
    address: AddressOption = None,
    group: GroupOption = None,
    station_id: StationOption = None,
    header_name: HeaderOption = None,
    time_zone: ZoneOption = None,
    mailbox: MailboxOption = None,
    number: NumberOption = None,
    role: RoleOption = None,
    quota: QuotaOption = None,
    cover: CoverOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is given and keep the rest. An empty text ('') takes away; what may stand there more than once is given all anew."""
    from mailfax.cli.views import open_store  # noqa: PLC0415

    settings = spool_or_exit(config)
    given = Given(address, group, station_id, header_name, time_zone, mailbox, number, role, quota, cover)
    with open_store(settings) as store, _refusals():
        was = store.user(user_name(name))
        if was is None:
            _end(f"there is no user {user_name(name)}.")
        user = given.over(was, was.name, settings)
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
        shown, secret = _new_password(generate=generate)
        store.set_secret(user_name(name), secret)
    _tell_secret(user_name(name), "has another password", shown, as_json=as_json)


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
    for field in fields(user):
        if field.name == "telling":  # `mailfax user notices` shows it
            continue
        value = getattr(user, field.name)
        shown = ", ".join(map(_shown, value)) if isinstance(value, tuple) else value
        typer.echo(f"{field.name.replace('_', ' '):<12} {shown or '-'}")


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
        numbers = f"  with {', '.join(user.numbers)}" if user.numbers else ""
        typer.echo(f"{user.name:<20} {', '.join(user.addresses)}{groups}{numbers}")
    if not users:
        typer.echo("There are no users. Add one with  mailfax user add NAME --address ADDRESS .")


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says of a record; None where it says nothing."""

    addresses: list[str] | None
    groups: list[str] | None
    station_id: str | None
    header_name: str | None
    time_zone: str | None
    mailbox: str | None
    numbers: list[str] | None
    roles: list[Role] | None
    quota: list[str] | None
    cover: str | None

    def over(self, was: User | None, name: str, config: Config) -> User:
        """Make the record that this makes of the one that was, or say what is wrong with it and exit."""
        from mailfax.config.sense.mail import has_a_way  # noqa: PLC0415
        from mailfax.daemon.build import cover_policy  # noqa: PLC0415

        def words(given: list[str] | None, field: str) -> tuple[str, ...]:
            return tuple(getattr(was, field, ())) if given is None else tuple(filter(None, given))

        def word(given: str | None, field: str) -> str:
            return str(getattr(was, field, "")) if given is None else given

        with _refusals():
            user = User(
                name=name,
                addresses=words(self.addresses, "addresses"),
                groups=words(self.groups, "groups"),
                station_id=word(self.station_id, "station_id"),
                header_name=word(self.header_name, "header_name"),
                time_zone=word(self.time_zone, "time_zone"),
                mailbox=word(self.mailbox, "mailbox"),
                numbers=words(self.numbers, "numbers"),
                roles=tuple(self.roles) if self.roles else was.roles if was else (Role.USER,),
                quota=was.quota if self.quota is None and was else read_limits(filter(None, self.quota or ())),
                cover=word(self.cover, "cover").lower(),
                telling=was.telling if was else Telling(),
            )
        if self.cover and user.cover not in {NO_COVER, USUAL_COVER, *(known := cover_policy(config).covers.templates)}:
            _end(f"there is no cover {user.cover}; there are {', '.join((NO_COVER, USUAL_COVER, *sorted(known)))}.")
        if user.mailbox and not has_a_way(user.mailbox, config.mail):
            _end(f"{user.mailbox!r} is no mailbox that mail could go to, by [mail].")
        try:
            ZoneInfo(user.time_zone or "UTC")
        except (ValueError, OSError, LookupError):
            _end(f"this machine knows no time zone {user.time_zone!r}.")
        return user


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Say in a sentence what cannot be kept, and exit."""
    try:
        yield
    except (UserError, LimitFault, NumberTaken) as error:
        _end(str(error))


def _shown(value: str | Limit) -> str:
    return value.shown if isinstance(value, Limit) else str(value)


def _new_password(*, generate: bool) -> tuple[str, Secret]:
    """Return a password to be shown (only one that we made up) and what is kept of the new password."""
    from mailfax.gateway.login import PasswordUnfit, new_secret, new_token  # noqa: PLC0415

    if generate:
        shown = new_token()
        return shown, new_secret(shown)
    if sys.stdin.isatty():
        word: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        word = sys.stdin.readline().rstrip("\r\n")
    try:
        return "", new_secret(word)
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
