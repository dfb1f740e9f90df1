"""`mailfax report billing`: what calls used and cost, added up by billing code, user, country or whatever is asked for; CSV for a bill."""

import csv
import json
import sys
from collections import defaultdict
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, NoReturn

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit
from mailfax.model.tariff import MICRO
from mailfax.spool.records import LedgerRow

_EX_DATAERR = 65

app = typer.Typer(help="What was used and what it costs.", no_args_is_help=True, rich_markup_mode=None)


class By(StrEnum):
    """What a report is added up by."""

    CODE = "code"
    USER = "user"
    COUNTRY = "country"
    CLASS = "class"
    DOMAIN = "domain"
    LINE = "line"
    CALL = "call"


@app.callback()
def _reports() -> None:
    """Keep `billing` a command of its own beside those to come."""


@app.command()
def billing(
    since: Annotated[
        str, typer.Option("--from", help="First day, 2026-11-01; without it, the first of this month.")
    ] = "",
    until: Annotated[str, typer.Option("--to", help="Last day; without it, today.")] = "",
    by: Annotated[list[By] | None, typer.Option(help="What to add up by; again for more.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print CSV: calls, pages, minutes and money, by billing code (X-Fax-Billing) and user if nothing else is asked. Days are those of [identity]."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.gateway.identity import local_time  # noqa: PLC0415

    settings = spool_or_exit(config)
    now = local_time(wall_clock_us(), settings.identity.time_zone)
    first = _day(since, now) if since else now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = (_day(until, now) if until else now.replace(hour=0, minute=0, second=0, microsecond=0)) + timedelta(days=1)
    with open_store(settings) as store:
        rows = store.ledger(_us(first), _us(after))
    keys = list(dict.fromkeys(by or [By.CODE, By.USER]))
    table = _added(rows, keys)
    if as_json:
        typer.echo(json.dumps(table))
        return
    money = f"money {settings.prices.currency}".strip()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*keys, "calls", "pages", "minutes", money])
    for row in table:
        writer.writerow([_cell(row[key]) for key in (*keys, "calls", "pages", "minutes", "money")])


def _added(rows: tuple[LedgerRow, ...], keys: list[By]) -> list[dict[str, str | int | float]]:
    groups: dict[tuple[str, ...], list[LedgerRow]] = defaultdict(list)
    for row in rows:
        groups[tuple(_key(row, key) for key in keys)].append(row)
    return [
        {
            **dict(zip(keys, group, strict=True)),
            "calls": sum(row.calls for row in members),
            "pages": sum(row.pages for row in members),
            "minutes": round(sum(row.seconds for row in members) / 60, 2),
            "money": round(sum(row.cost_micro for row in members) / MICRO, 4),
        }
        for group, members in sorted(groups.items())
    ]


def _key(row: LedgerRow, by: By) -> str:
    return {
        By.CODE: row.billing,
        By.USER: row.identity,
        By.COUNTRY: row.country,
        By.CLASS: row.kind,
        By.DOMAIN: row.domain,
        By.LINE: row.line,
        By.CALL: row.call_id,
    }[by]


def _cell(value: str | float) -> str | float:
    """Keep what a spreadsheet would take for a formula a text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"} else value


def _day(written: str, now: datetime) -> datetime:
    try:
        day = datetime.strptime(written, "%Y-%m-%d")  # noqa: DTZ007 (the zone comes with `now`)
    except ValueError:
        _end(f"{written!r} is no day: write 2026-11-01.")
    return now.replace(year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0, microsecond=0)


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def _end(sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(_EX_DATAERR)
