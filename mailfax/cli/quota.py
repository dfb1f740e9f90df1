"""`mailfax quota`: what was used, what is left, and the breaker."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, NoReturn

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit
from mailfax.gateway.quotas import Quotas, Standing
from mailfax.model.quota import Scope, Subject, amount
from mailfax.spool.store import Store

_EX_DATAERR = 65
_BREAKER = "breaker"

app = typer.Typer(help="What was sent and may still be sent.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="User; without one, all limits there are.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how it stands with each limit. The exit status is 75 while the breaker has stopped all sending."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.build import quota_policy  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415

    settings = spool_or_exit(config)
    with open_store(settings) as store:
        if name and store.user(name.lower()) is None:
            _end(f"there is no user {name.lower()}.")
        quotas = Quotas(store, quota_policy(settings))
        domains = [each.lower() for each in settings.domains]
        found = list(dict.fromkeys(_standings(store, quotas, domains, name.lower(), wall_clock_us())))
        stopped = store.breaker()
    if as_json:
        shown = [{**asdict(each), "subject": each.subject.key, "limit": each.limit.written} for each in found]
        typer.echo(json.dumps({"stopped": stopped, "limits": shown}))
    else:
        if stopped:
            typer.echo(f"ALL SENDING IS STOPPED: {stopped} Go on with  mailfax quota reset breaker .")
        for each in found:
            typer.echo(
                f"{each.subject.key:<24} {each.limit.shown:<24} {amount(each.used)} used, {amount(each.waiting)} waiting, resets {each.resets}"
            )
        if not found:
            typer.echo(
                "There are no limits. Set them in [quotas], or with  mailfax user change NAME --quota pages/day=100 ."
            )
    raise typer.Exit(75 if stopped else 0)


@app.command()
def reset(
    subject: Annotated[
        str,
        typer.Argument(
            help="Whose use is counted from now on only: user:anna, domain:fax.lan, line:usb, everybody; or breaker, to send again."
        ),
    ],
    config: ConfigOption = None,
) -> None:
    """Set what was used back to nothing, or let faxes go out again after the breaker. Bills are not changed by it."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415

    scope, _, name = subject.lower().partition(":")
    with open_store(spool_or_exit(config)) as store:
        if scope == _BREAKER and not name:
            closed = store.close_breaker(wall_clock_us())
            typer.echo(
                "faxes go out again" if closed else "sending was not stopped; what is spent is counted from now on"
            )
            return
        if scope not in set(Scope) or bool(name) == (scope == Scope.EVERYBODY):
            _end(f"{subject!r} is nobody: write user:NAME, domain:NAME, line:NAME, everybody or breaker.")
        whose = Subject(scope=Scope(scope), name=name)
        store.reset_usage(whose, wall_clock_us())
    typer.echo(f"{whose.shown} begins anew")


def _standings(store: Store, quotas: Quotas, domains: list[str], name: str, now_us: int) -> Iterator[Standing]:
    users = [store.user(name)] if name else [None, *store.users()]
    for user in users:
        for domain in domains:
            for standing in quotas.standings(user, domain, now_us):
                if user is None or standing.subject.scope is Scope.USER:
                    yield standing
    if not name:
        yield from quotas.line_standings(now_us)


def _end(sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(_EX_DATAERR)
