"""`mailfax list`: posts to lists, how far they are, paused, released and reported; who is on a list, and who wants nothing of it."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit
from mailfax.config import Config
from mailfax.gateway.maillist import MailList
from mailfax.model.post import Post, PostState
from mailfax.spool.blobs import BlobStore
from mailfax.spool.store import Store

app = typer.Typer(help="Lists of fax numbers: posts, members, opt-outs.", no_args_is_help=True, rich_markup_mode=None)
_EX_DATAERR = 65
ListArgument = Annotated[str, typer.Argument(help="Name of the list.")]
PostArgument = Annotated[str, typer.Argument(metavar="POST", help="Id of the post (M…).")]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Open:
    """A spool that is open for one command."""

    config: Config
    store: Store
    blobs: BlobStore

    def mail_list(self, name: str) -> MailList:
        from mailfax.daemon.build import mail_lists  # noqa: PLC0415

        known = mail_lists(self.config).by_name
        if name not in known:
            _refuse(f"there is no list {name}; lists are: {', '.join(known) or 'none'}.")
        return known[name]

    def post(self, post_id: str) -> Post:
        from mailfax.model.ids import Kind, parse_id  # noqa: PLC0415
        from mailfax.spool import posts  # noqa: PLC0415

        try:
            found = posts.load(self.store, parse_id(post_id, Kind.MAIL))
        except ValueError as error:
            _refuse(f"{error}.")
        if found is None:
            _refuse(f"{post_id} is no post to a list.")
        return found


@contextlib.contextmanager
def _opened(config: Path | None) -> Iterator[_Open]:
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.build import spool_settings  # noqa: PLC0415

    loaded = spool_or_exit(config)
    with open_store(loaded) as store, contextlib.closing(BlobStore(spool_settings(loaded))) as blobs:
        yield _Open(config=loaded, store=store, blobs=blobs)


@app.command()
def names(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the lists of the configuration."""
    loaded = spool_or_exit(config)
    if as_json:
        typer.echo(json.dumps([{"list": name, "owner": each.owner} for name, each in loaded.lists.items()]))
        return
    for name, each in loaded.lists.items():
        typer.echo(f"{name:<20} {each.owner}{', moderated' if each.moderated else ''}")


@app.command()
def status(
    name: Annotated[str, typer.Argument(help="Name of the list; all where left out.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how far the posts of a list are: those under way, and the last one that is over."""
    from mailfax.spool import posts  # noqa: PLC0415

    with _opened(config) as spool:
        wanted = [name] if name else list(spool.config.lists)
        found = [post for each in wanted for post in posts.of_list(spool.store, each)]
        done = [post for post in found if post.state is PostState.DONE]
        shown = [post for post in found if post.state is not PostState.DONE] or done[-1:]
        facts = [_facts(spool.store, post) for post in shown]
    if as_json:
        typer.echo(json.dumps(facts))
        return
    for each in facts:
        counted = ", ".join(f"{count} {state}" for state, count in each["faxes"].items())  # type: ignore[attr-defined]
        paused = ", paused" if each["paused"] else ""
        typer.echo(f"{each['post']}  {each['list']}: {each['state']}{paused}; {each['members']} members; {counted}")
    if not facts:
        typer.echo("Nothing was posted.")


def _facts(store: Store, post: Post) -> dict[str, object]:
    from mailfax.spool import posts  # noqa: PLC0415

    counted = posts.counts(store, post)
    return {
        "post": post.id,
        "list": post.list_name,
        "state": post.state.value,
        "paused": post.paused,
        "members": post.members,
        "faxes": {state.value: count for state, count in counted.states.items()},
        "outcomes": {outcome.code: count for outcome, count in counted.outcomes.items()},
    }


@app.command()
def members(name: ListArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say who is on a list now and would be faxed by a post from the command line, and who would not, and why."""
    from mailfax.daemon.build import routing_settings  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.gateway.identity import local_time  # noqa: PLC0415
    from mailfax.gateway.members import MembersUnreadable, plan, read_members  # noqa: PLC0415
    from mailfax.routing.permission import Asker  # noqa: PLC0415

    with _opened(config) as spool:
        mail_list, routing = spool.mail_list(name), routing_settings(spool.config)
        now = local_time(wall_clock_us(), routing.time_zone)
        try:
            planned = plan(mail_list, read_members(mail_list), Asker(command=True), routing, spool.store, now)
        except MembersUnreadable as fault:
            _refuse(str(fault))
    if as_json:
        faxed = [{"number": each.number, "dialled": each.dialled, **each.fields} for each in planned.members]
        left = [{"number": each.number, "why": each.why, "detail": each.detail} for each in planned.left_out]
        typer.echo(json.dumps({"faxed": faxed, "left_out": left}))
        return
    from mailfax.cli.views import printable  # noqa: PLC0415

    for member in planned.members:
        typer.echo(printable(f"{member.number:<20} {' '.join(member.fields.values())}".rstrip()))
    for gone in planned.left_out:
        typer.echo(printable(f"{gone.number:<20} left out: {gone.why} {gone.detail}".rstrip()))
    typer.echo(f"{len(planned.members)} would be faxed, {len(planned.left_out)} not")


@app.command()
def post(
    name: ListArgument,
    files: Annotated[list[Path], typer.Argument(help="What is faxed.", exists=True, dir_okay=False)],
    sender: Annotated[str, typer.Option("--from", help="Mail address that gets the report besides the owner.")] = "",
    subject: Annotated[str, typer.Option(help="Subject for reports.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fax files to everybody on a list, as a mail to it would. The list has to name `shell` under `post`."""
    from mailfax.cli.sending import queue_post  # noqa: PLC0415
    from mailfax.gateway.posting import PostRefused  # noqa: PLC0415
    from mailfax.gateway.shell import ShellRefused  # noqa: PLC0415
    from mailfax.spool.disk import SpoolError  # noqa: PLC0415

    with _opened(config) as spool:
        mail_list = spool.mail_list(name)
        try:
            made = queue_post(spool.config, spool.store, spool.blobs, mail_list, files, sender=sender, subject=subject)
        except (ShellRefused, PostRefused, SpoolError) as refused:
            _refuse(str(refused))
    facts = {"post": made.id, "members": made.members}
    typer.echo(json.dumps(facts) if as_json else f"{made.id} will be faxed to {made.members} number(s)")


@app.command()
def pause(name: ListArgument, config: ConfigOption = None) -> None:
    """Stop dialling for the posts of a list that are under way; calls in progress end."""
    _set_paused(config, name, paused=True)


@app.command()
def resume(name: ListArgument, config: ConfigOption = None) -> None:
    """Let the posts of a list go on."""
    _set_paused(config, name, paused=False)


def _set_paused(config: Path | None, name: str, *, paused: bool) -> None:
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.spool import posts  # noqa: PLC0415

    with _opened(config) as spool:
        changed = posts.set_paused(spool.store, spool.mail_list(name).name, wall_clock_us(), paused=paused)
    typer.echo(f"{changed} post(s) of {name} {'paused' if paused else 'go on'}")


@app.command()
def release(post_id: PostArgument, config: ConfigOption = None) -> None:
    """Send a post that waits for a moderator."""
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.spool import posts  # noqa: PLC0415

    with _opened(config) as spool:
        found = spool.post(post_id)
        if not posts.let_go(spool.store, found.id, "released by command", wall_clock_us()):
            _refuse(f"{found.id} does not wait for a moderator; it is {found.state.value}.")
    typer.echo(f"{found.id} is released")


@app.command()
def cancel(post_id: PostArgument, config: ConfigOption = None) -> None:
    """Drop what of a post was not dialled yet; calls in progress end, and the report says what was sent."""
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.spool import posts  # noqa: PLC0415

    with _opened(config) as spool:
        found = spool.post(post_id)
        dropped = posts.cancel(spool.store, found, wall_clock_us())
    typer.echo(f"{dropped} fax(es) of {found.id} are cancelled")


@app.command()
def report(
    post_id: PostArgument,
    to: Annotated[str, typer.Option(help="Mail address to send it to.")] = "",
    csv: Annotated[Path | None, typer.Option(help="File for the table as CSV.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="File for the report as PDF.")] = None,
    config: ConfigOption = None,
) -> None:
    """Report a post as it is now: in words, as CSV or PDF, or by mail."""
    from mailfax.daemon import build  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.smtp.listreport import csv_of, in_words  # noqa: PLC0415
    from mailfax.spool import posts  # noqa: PLC0415

    with _opened(config) as spool:
        found = spool.post(post_id)
        reporter = build.reporter(spool.config, spool.store, spool.blobs, wall_clock_us)
        facts, rows = reporter.facts(found, final=found.state is PostState.DONE), reporter.rows(found)
        if csv is not None:
            csv.write_bytes(csv_of(rows, reporter.letterhead))
        if pdf is not None:
            pdf.write_bytes(reporter.pdf(facts, rows))
        if to:
            posts.tell(spool.store, [reporter.interim(found, to)], wall_clock_us())
        typer.echo(in_words(facts, rows).rstrip())


@app.command()
def optout(
    number: Annotated[
        str, typer.Argument(help="The fax number, as the domain's plan writes it; all are listed without.")
    ] = "",
    name: Annotated[str, typer.Option("--list", help="Of this list only; of every list where left out.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take the number off again.")] = False,
    why: Annotated[str, typer.Option(help="A word for the record.")] = "by command",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a number on the do-not-fax list: no post is sent to it any more, also none that is under way."""
    from mailfax.daemon.build import routing_settings  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.gateway.optout import NotANumber, canonical  # noqa: PLC0415
    from mailfax.model.post import OptOut  # noqa: PLC0415
    from mailfax.spool import optouts  # noqa: PLC0415

    with _opened(config) as spool:
        if not number:
            found = optouts.listed(spool.store)
            if as_json:
                typer.echo(
                    json.dumps([{"number": each.number, "list": each.list_name, "why": each.why} for each in found])
                )
            for each in () if as_json else found:
                typer.echo(f"{each.number:<20} {each.list_name or 'every list':<20} {each.why}")
            return
        if name:
            spool.mail_list(name)
        try:
            wanted = canonical(number, routing_settings(spool.config))
        except NotANumber as fault:
            _refuse(str(fault))
        new = OptOut(number=wanted, list_name=name, since_us=wall_clock_us(), why=why)
        changed = optouts.remove(spool.store, wanted, name) if remove else optouts.add(spool.store, new)
    if as_json:
        typer.echo(json.dumps({"number": wanted, "list": name, "changed": changed}))
        return
    where = f"posts of {name}" if name else "posts of any list"
    typer.echo(f"{wanted} gets {where}{' again' if remove else ' no more'}{'' if changed else ' (as before)'}")


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(_EX_DATAERR)
