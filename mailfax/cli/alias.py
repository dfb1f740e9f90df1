"""`mailfax alias`: address books, one for everybody, one for each domain and one for each user. The server reads them at each recipient."""

import csv
import json
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit
from mailfax.config import Config
from mailfax.model.addressee import Addressee
from mailfax.model.alias import EVERYBODY, Alias, AliasError, domain_scope
from mailfax.model.user import user_name

_EX_DATAERR = 65
_COLUMNS = ("name", "number", "to", "company")
UserOption = Annotated[str, typer.Option(help="In this user's own book.")]
DomainOption = Annotated[
    str, typer.Option(help="In the book of this fax domain; without it and --user, in everybody's.")
]

app = typer.Typer(help="Names that stand for fax numbers.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name that stands before the @.")],
    number: Annotated[str, typer.Argument(help="Number, perhaps with #subaddress.")],
    to: Annotated[str, typer.Option(help="Person, as the cover prints him.")] = "",
    company: Annotated[str, typer.Option(help="Company, the same.")] = "",
    user: UserOption = "",
    domain: DomainOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a name, or give it another number."""
    settings = spool_or_exit(config)
    row = {"name": name, "number": number, "to": to, "company": company}
    (alias,) = _keep(settings, _scope(settings, user, domain), [row])
    typer.echo(json.dumps(asdict(alias)) if as_json else f"{alias.name} is {alias.number}")


@app.command(name="import")
def import_book(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with the columns name, number and perhaps to, company; or TOML, [name] with these keys. - is CSV from standard input."
        ),
    ],
    user: UserOption = "",
    domain: DomainOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add all names of a file, or none where one of them is wrong. Names that it does not have stay."""
    settings = spool_or_exit(config)
    kept = _keep(settings, _scope(settings, user, domain), list(_rows(file)))
    typer.echo(json.dumps([asdict(alias) for alias in kept]) if as_json else f"{len(kept)} names added")


@app.command(name="list")
def list_aliases(
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, which `import` reads.")] = False,
    user: UserOption = "",
    domain: DomainOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the names of all books, or of one."""
    from mailfax.cli.views import open_store  # noqa: PLC0415

    settings = spool_or_exit(config)
    with open_store(settings) as store:
        found = store.aliases()
    if user or domain:
        scope = _scope(settings, user, domain)
        found = tuple(alias for alias in found if alias.scope == scope)
    if as_json:
        typer.echo(json.dumps([asdict(alias) for alias in found]))
        return
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows((a.name, a.number, a.addressee.name, ", ".join(a.addressee.lines)) for a in found)
        return
    for alias in found:
        book = "" if alias.scope == EVERYBODY else f"  in the book of {alias.scope.removeprefix('@')}"
        who = ", ".join(filter(None, (alias.addressee.name, *alias.addressee.lines)))
        typer.echo(f"{alias.name:<20} {alias.number:<20} {who}{book}".rstrip())
    if not found:
        typer.echo("There are no names. Add one with  mailfax alias add NAME NUMBER .")


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name to forget.")],
    user: UserOption = "",
    domain: DomainOption = "",
    config: ConfigOption = None,
) -> None:
    """Forget a name."""
    from mailfax.cli.views import open_store  # noqa: PLC0415

    settings = spool_or_exit(config)
    with open_store(settings) as store:
        if not store.remove_alias(_scope(settings, user, domain), name.lower()):
            _end(f"there is no {name.lower()} in that book.")
    typer.echo(f"{name.lower()} removed")


def _scope(config: Config, user: str, domain: str) -> str:
    """Return whose book is meant, or say why there is none and exit."""
    from mailfax.cli.views import open_store  # noqa: PLC0415

    if user and domain:
        _end("a book is a user's or a domain's: give one of --user and --domain.")
    if domain and domain.lower() not in {each.lower() for each in config.domains}:
        _end(f"{domain} is no fax domain of this server; there are {', '.join(config.domains)}.")
    if user:
        with open_store(config) as store:
            if store.user(user_name(user)) is None:
                _end(f"there is no user {user_name(user)}.")
        return user_name(user)
    return domain_scope(domain) if domain else EVERYBODY


def _keep(config: Config, scope: str, rows: Iterable[dict[str, str]]) -> list[Alias]:
    """Check every row, then keep all; or say what is wrong with the first and exit."""
    from mailfax.cli.views import open_store  # noqa: PLC0415

    made = []
    for place, row in enumerate(rows, start=1):
        try:
            who = Addressee(name=row.get("to", "").strip(), lines=tuple(filter(None, [row.get("company", "").strip()])))
            alias = Alias(scope=scope, name=row["name"].strip().lower(), number=row["number"].strip(), addressee=who)
            _check_number(config, alias)
        except KeyError as error:
            _end(f"entry {place} has no {error.args[0]}.")
        except AliasError as error:
            _end(f"entry {place}: {error}")
        made.append(alias)
    with open_store(config) as store:
        store.put_aliases(made)
    return made


def _check_number(config: Config, alias: Alias) -> None:
    """Hold the number to the plan of its domain, or to that of some domain where it is in no domain's book. Raises AliasError."""
    from mailfax.daemon.build import routing_settings  # noqa: PLC0415
    from mailfax.model.address import parse_recipient  # noqa: PLC0415
    from mailfax.routing.numbers import NumberFault, destination  # noqa: PLC0415

    number = parse_recipient(alias.number, "").addresses[0].number
    faults = []
    for domain in routing_settings(config).domains:
        if alias.scope.startswith("@") and alias.scope != domain_scope(domain.name):
            continue
        try:
            destination(number, domain)
        except NumberFault as fault:
            faults.append(str(fault))
        else:
            return
    raise AliasError(faults[0])


def _rows(file: Path) -> Iterator[dict[str, str]]:
    """Read a file of entries, or say why it cannot be read and exit."""
    try:
        if file == Path("-"):
            yield from _csv_rows(sys.stdin)
        elif file.suffix.lower() == ".toml":
            for name, entry in tomllib.loads(file.read_text("utf-8")).items():
                if not isinstance(entry, dict):
                    _end(f'{file}: {name} is no table; write [{name}] and below it number = "…".')
                yield {"name": name, **{key: str(value) for key, value in entry.items()}}
        else:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                yield from _csv_rows(lines)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, csv.Error) as error:
        _end(f"{file} cannot be read: {error}.")


def _csv_rows(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    for row in csv.DictReader(lines):
        yield {key.strip().lower(): value or "" for key, value in row.items() if key}


def _end(sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(_EX_DATAERR)
