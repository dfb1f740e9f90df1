"""`mailfax user notices`: what a user is told of his faxes, in which language, and who gets copies. Mounted by `user`."""

import json
from dataclasses import asdict, replace
from typing import Annotated, NoReturn

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit
from mailfax.model.options import OptionFault
from mailfax.model.telling import Proof, Telling, read_events, read_language, read_mailbox
from mailfax.model.user import user_name

_EX_DATAERR = 65
_AS_OTHERS = "usual"  # takes a wish away, so that the domain's or the configuration's holds again


def notices(
    name: Annotated[str, typer.Argument(help="Name by which the user logs in.")],
    events: Annotated[
        str | None,
        typer.Option(help="accepted, delivered, delayed, failed, several with a comma; none; or usual, as for others."),
    ] = None,
    language: Annotated[str | None, typer.Option(help="en, de …; or usual.")] = None,
    copy: Annotated[
        list[str] | None,
        typer.Option(help="Mail address that gets a copy of what he is told; again for more; none; or usual."),
    ] = None,
    proof: Annotated[str | None, typer.Option(help="Sent pages in a report: none, first, all; or usual.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a user is told of his faxes, and change what is given."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.build import telling_policy  # noqa: PLC0415

    settings = spool_or_exit(config)
    with open_store(settings) as store:
        user = store.user(user_name(name))
        if user is None:
            _end(f"there is no user {user_name(name)}.")
        try:
            wishes = _changed(user.telling, events, language, copy, proof)
        except (OptionFault, ValueError) as fault:
            _end(str(fault))
        known = telling_policy(settings).languages
        if wishes.language and wishes.language not in known:
            _end(f"no notices are written in {wishes.language}; there are {', '.join(known)}.")
        if wishes != user.telling:
            store.change_user(replace(user, telling=wishes))
    typer.echo(json.dumps(asdict(wishes)) if as_json else "\n".join(_lines(wishes)))


def _changed(
    was: Telling, events: str | None, language: str | None, copies: list[str] | None, proof: str | None
) -> Telling:
    """Return the wishes with what is given in place of what was. Raises OptionFault, ValueError."""
    if events is not None:
        was = replace(was, events=None if events == _AS_OTHERS else read_events(events))
    if language is not None:
        was = replace(was, language="" if language == _AS_OTHERS else read_language(language))
    if copies is not None:
        kept = None if copies == [_AS_OTHERS] else tuple(read_mailbox(each) for each in copies if each != "none")
        was = replace(was, copies=kept)
    if proof is not None:
        was = replace(was, proof=None if proof == _AS_OTHERS else Proof(proof))
    return was


def _lines(wishes: Telling) -> list[str]:
    def said(values: tuple[str, ...] | None) -> str:
        return _AS_OTHERS if values is None else ", ".join(values) or "none"

    return [
        f"events       {said(wishes.events)}",
        f"language     {wishes.language or _AS_OTHERS}",
        f"copies       {said(wishes.copies)}",
        f"proof        {wishes.proof or _AS_OTHERS}",
    ]


def _end(sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(_EX_DATAERR)
