"""`mailfax number explain`: what a number means, who may dial it, and what is dialled, rule by rule. Dials nothing."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, NoReturn

import typer

from mailfax.cli.options import ConfigOption, JsonOption, config_or_exit, spool_or_exit
from mailfax.config import Config
from mailfax.model.user import User
from mailfax.routing.book import BookEntry
from mailfax.routing.own import OwnNumber
from mailfax.routing.settings import RoutingSettings

_EX_DATAERR, _EX_NOPERM = 65, 77
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

app = typer.Typer(help="What a number means and what is dialled.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _numbers() -> None:
    """Keep `explain` a command of its own beside those to come."""


@app.command()
def explain(
    number: Annotated[
        str, typer.Argument(help="A number, or an address such as 5551234@fax.lan; alone it is of the first domain.")
    ],
    as_user: Annotated[str, typer.Option("--as", help="User who would send; without one, the command line.")] = "",
    client: Annotated[str, typer.Option(help="IP address that the mail would come from.")] = "",
    at: Annotated[str, typer.Option(help="Time, for rules with hours: 18:30 or sat 18:30; without it, now.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show each rule that is applied to a number: its canonical form, class, permission, and what each line dials.

    The exit status is 0 where it may be dialled, 77 where not, 65 where there is no such number.
    """
    from mailfax.daemon.build import routing_settings  # noqa: PLC0415
    from mailfax.routing import outbound  # noqa: PLC0415
    from mailfax.routing.numbers import NumberFault, destination  # noqa: PLC0415
    from mailfax.routing.permission import Asker  # noqa: PLC0415

    settings = spool_or_exit(config) if as_user else config_or_exit(config)
    routing = routing_settings(settings)
    mailbox = number if "@" in number else f"{number}@{routing.domains[0].name}"
    user, entry, own = _from_spool(settings, mailbox, as_user)
    found = outbound.recipient(mailbox, routing, lambda _domain, _name: entry)
    if isinstance(found, outbound.Refused):
        _end(f"{found.detail} {found.outcome.advice}", _EX_DATAERR)
    written, _ = found
    address = written.addresses[0]
    subaddresses = [each.subaddress for each in written.addresses if each.subaddress]
    domain = routing.domain(address.domain)
    assert domain is not None
    try:
        where = destination(address.number, domain)
    except NumberFault as fault:
        _end(str(fault), _EX_DATAERR)
    asker = Asker(ip=client, user=user, command=not client and user is None)
    verdict = outbound.verdict(mailbox, asker, routing, _moment(at, routing), lambda _domain, _name: entry, own)
    permitted = isinstance(verdict, outbound.Permitted)
    dials = isinstance(verdict, outbound.Permitted) and not verdict.inside
    lines = _lines(settings, address.domain, where.dialled) if dials else {}
    why = verdict.because if isinstance(verdict, outbound.Permitted) else verdict.detail
    if as_json:
        facts = {**asdict(where), "domain": domain.name, "permitted": permitted, "because": why, "lines": lines}
        more = {"subaddresses": subaddresses, "addressee": asdict(written.addressee)}
        typer.echo(json.dumps({**facts, "subaddress": address.subaddress, **more}))
    else:
        behind = f", subaddress {', '.join(subaddresses)}" if subaddresses else ""
        for rule, result in (
            ("written", f"{number}, in the domain {domain.name}"),
            ("address book", entry.number if entry else ""),
            ("for", ", ".join(filter(None, (written.addressee.name, *written.addressee.lines)))),
            *((step.rule, step.result) for step in where.steps),
            ("canonical", f"{where.canonical}{behind}"),
            ("allowed" if permitted else "refused", why),
            *((f"line {name}", f"dials {dialled}") for name, dialled in lines.items()),
        ):
            if result:
                typer.echo(f"{rule:<24} {result}")
    if not permitted:
        raise typer.Exit(_EX_NOPERM)


def _from_spool(
    config: Config, mailbox: str, as_user: str
) -> tuple[User | None, BookEntry | None, tuple[OwnNumber, ...]]:
    """Return the user by this name, what the address is in his address book, and users' own numbers; exit where there is no such user."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.build import spool_settings  # noqa: PLC0415
    from mailfax.gateway.books import book_of  # noqa: PLC0415
    from mailfax.gateway.ownnumbers import own_numbers  # noqa: PLC0415
    from mailfax.model.address import is_book_name  # noqa: PLC0415
    from mailfax.model.options import split_suffix  # noqa: PLC0415
    from mailfax.model.user import user_name  # noqa: PLC0415

    local, _, domain = mailbox.rpartition("@")
    name, _ = split_suffix(local)
    if not as_user and not spool_settings(config).database.exists():
        return None, None, ()
    with open_store(config) as store:
        user = store.user(user_name(as_user)) if as_user else None
        entry = book_of(store, user.name if user else "")(domain.lower(), name.lower()) if is_book_name(name) else None
        own = own_numbers(store.users())
    if as_user and user is None:
        _end(f"there is no user {user_name(as_user)}.", _EX_DATAERR)
    return user, entry, own


def _lines(config: Config, domain: str, dialled: str) -> dict[str, str]:
    """Return what each line that may send for this domain dials, its own prefix before the number."""
    groups = next(about.groups for name, about in config.domains.items() if name.lower() == domain)
    return {
        name: line.dial_prefix + dialled.removeprefix("+")
        for name, line in config.lines.items()
        if line.send and (not groups or line.group in groups)
    }


def _moment(written: str, routing: RoutingSettings) -> datetime:
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.gateway.identity import local_time  # noqa: PLC0415

    now = local_time(wall_clock_us(), routing.time_zone)
    if not written:
        return now
    *day, clock = written.lower().split()
    try:
        hour, minute = map(int, clock.split(":"))
        now = now.replace(hour=hour, minute=minute)
        further = (_DAYS.index(day[0]) - now.weekday()) % 7 if day else 0
    except (ValueError, IndexError):
        _end(f"{written!r} is no time: write 18:30, or sat 18:30.", _EX_DATAERR)
    return now + timedelta(days=further)


def _end(sentence: str, status: int) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(status)
