"""`mailfax offer`: documents that callers may fetch from our lines (polling)."""

import contextlib
import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit

app = typer.Typer(help="Documents that callers may fetch from our lines (polling).", no_args_is_help=True)
_EX_DATAERR = 65


@app.command()
def add(
    files: Annotated[
        list[Path], typer.Argument(help="What is offered: PDF, text, JPEG, PNG, TIFF.", exists=True, dir_okay=False)
    ],
    selector: Annotated[
        str,
        typer.Option(help="What the caller has to name (SEP): digits, at most 20. Without, it is what anybody gets."),
    ] = "",
    password: Annotated[str, typer.Option(help="What the caller has to know as well (PWD): digits, at most 20.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Offer files, as one document, to whoever calls one of our lines and asks for it."""
    from mailfax.cli.trial import Report, render  # noqa: PLC0415
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.build import spool_settings  # noqa: PLC0415
    from mailfax.daemon.clock import id_maker, wall_clock_us  # noqa: PLC0415
    from mailfax.gateway.offering import Counter, OfferRefused, offer  # noqa: PLC0415
    from mailfax.spool.blobs import BlobStore  # noqa: PLC0415
    from mailfax.spool.disk import SpoolError  # noqa: PLC0415

    for what, text in (("selector", selector), ("password", password)):
        if len(text) > 20 or not text.isascii() or set(text) - set("0123456789 #*"):
            _refuse(f"{text!r} is no {what}: a fax machine sends digits, # and *, at most 20.")
    loaded = spool_or_exit(config)
    rendered = render(files, Report(as_json=True))
    name = ", ".join(file.name for file in files)
    with open_store(loaded) as store, contextlib.closing(BlobStore(spool_settings(loaded))) as blobs:
        counter = Counter(store=store, blobs=blobs, new_id=id_maker(), now_us=wall_clock_us)
        try:
            new = offer(rendered, name, selector, password, counter)
        except (OfferRefused, SpoolError) as refused:
            _refuse(str(refused))
    pages = len(new.document.pages)
    typer.echo(json.dumps({"offer": new.id, "pages": pages}) if as_json else f"{new.id} offered, {pages} page(s)")


@app.command(name="list")
def list_offers(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List what is offered, and how often it was fetched."""
    from mailfax.cli.views import open_store, printable  # noqa: PLC0415
    from mailfax.spool.offers import OfferState  # noqa: PLC0415

    with open_store(spool_or_exit(config)) as store:
        found = [
            (one, [step.why for step in store.history(one.id) if step.became == OfferState.FETCHED])
            for one in store.offers()
        ]
    if as_json:
        rows = [
            {
                "offer": one.id,
                "selector": one.selector,
                "password": bool(one.password),
                "pages": len(one.document.pages),
                "name": one.name,
                "fetched": fetched,
            }
            for one, fetched in found
        ]
        typer.echo(json.dumps(rows))
        return
    for one, fetched in found:
        who = f"selector {one.selector}" if one.selector else "for anybody"
        secret = ", password" if one.password else ""
        typer.echo(printable(f"{one.id}  {who}{secret}, {len(one.document.pages)} page(s), {one.name}"))
        for call in fetched:
            typer.echo(printable(f"    fetched: {call}"))
    if not found:
        typer.echo("Nothing is offered.")


@app.command()
def remove(
    offer_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the offer (P…).")], config: ConfigOption = None
) -> None:
    """Offer a document no longer."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.model.ids import Kind, parse_id  # noqa: PLC0415

    try:
        wanted = parse_id(offer_id, Kind.OFFER)
    except ValueError as error:
        _refuse(f"{error}.")
    with open_store(spool_or_exit(config)) as store:
        if not store.remove_offer(wanted, wall_clock_us()):
            _refuse(f"there is no offer {wanted}.")


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(_EX_DATAERR)
