"""The verbs that stand alone: serve, check, demo, send, render, queue, show, line."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from mailfax import __version__
from mailfax.cli import (
    alias,
    altering,
    approve,
    backup,
    call,
    line,
    lists,
    mail,
    modem,
    node,
    number,
    offer,
    pipe,
    quota,
    report,
    schedule,
    spool,
    user,
)
from mailfax.cli.options import ConfigOption, JsonOption, config_or_exit, spool_or_exit
from mailfax.model.page import Resolution
from mailfax.spool.disk import SpoolError

app = typer.Typer(
    name="mailfax",
    help="The gateway between e-mail and the telephone network's fax machines.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(modem.app, name="modem")
app.add_typer(call.app, name="call")
app.add_typer(line.app, name="line")
app.add_typer(lists.app, name="list")
app.add_typer(mail.app, name="mail")
app.add_typer(user.app, name="user")
app.add_typer(alias.app, name="alias")
app.add_typer(quota.app, name="quota")
app.add_typer(report.app, name="report")
app.add_typer(offer.app, name="offer")
app.add_typer(number.app, name="number")
app.add_typer(node.app, name="node")
app.add_typer(spool.app, name="spool")
app.add_typer(schedule.app, name="schedule")
for verb in (altering.cancel, altering.hold, altering.release, altering.resend, altering.retarget, altering.log):
    app.command()(verb)
app.command(name="sendmail")(pipe.sendmail)
app.command()(approve.approve)
app.command()(backup.backup)
app.command()(backup.restore)


def main() -> None:
    """Entry point of the `mailfax` command."""
    # A wrong command line ends with 64 (EX_USAGE of sysexits.h): 2 means "uncertain" where a call is reported.
    usage_error = typer.BadParameter.__mro__[1]
    usage_error.exit_code = 64  # type: ignore[attr-defined]
    try:
        app()
    except SpoolError as error:
        typer.echo(f"mailfax: {error}", err=True)
        raise SystemExit(75) from None  # EX_TEMPFAIL


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mailfax {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before every verb."""


@app.command()
def serve(
    config: ConfigOption = None,
    log_json: Annotated[bool, typer.Option("--log-json", help="Write the log as JSON lines.")] = False,
) -> None:
    """Run the gateway: mail in and out, the queue, and every line of the configuration."""
    from mailfax.daemon.server import CannotServe  # noqa: PLC0415 - the other verbs need none of it
    from mailfax.daemon.server import serve as run  # noqa: PLC0415

    settings = config_or_exit(config)
    if config is None:
        typer.echo(
            "mailfax: no --config given; running the embedded default (virtual telephone exchange, SMTP on 127.0.0.1:8025)",
            err=True,
        )
    try:
        run(settings, json_log=log_json)
    except CannotServe as error:
        typer.echo(f"mailfax: {error}", err=True)
        raise typer.Exit(69) from None  # EX_UNAVAILABLE


@app.command()
def check(config: ConfigOption = None) -> None:
    """Say what is wrong with the configuration, with line and advice; and what this machine lacks."""
    from mailfax.daemon.checks import confinement_finding, machine_findings  # noqa: PLC0415
    from mailfax.daemon.children import warm_context  # noqa: PLC0415
    from mailfax.render.sandbox import confinement  # noqa: PLC0415

    settings = config_or_exit(config)
    held = confinement(warm_context())
    findings = list(machine_findings(settings))
    if weak := confinement_finding(held):
        findings.append(weak)
    for finding in findings:
        typer.echo(str(finding))
    if any(finding.fatal for finding in findings):
        raise typer.Exit(78)
    typer.echo(
        f"rendering is held by limits of time, memory and files{''.join(f', {layer}' for layer in sorted(held.layers))}"
    )
    typer.echo(
        f"{config or 'embedded default'}: {len(settings.lines)} lines, {len(settings.domains)} fax domains; ready to serve"
    )


@app.command()
def send(
    number: Annotated[str, typer.Argument(help="Fax number as the fax domain's plan writes it.")],
    files: Annotated[
        list[Path], typer.Argument(help="What to fax: PDF, text, HTML, pictures.", exists=True, dir_okay=False)
    ],
    sender: Annotated[str, typer.Option("--from", help="Mail address that hears the result.")] = "",
    subject: Annotated[str, typer.Option(help="Subject for reports.")] = "",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", help="resolution=standard, paper=letter …: as X-Fax headers of a mail would."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Queue files for a number: the same as a mail with them as attachments, from the shell."""
    from mailfax.cli.sending import queue_files  # noqa: PLC0415
    from mailfax.gateway.shell import ShellRefused  # noqa: PLC0415

    try:
        submission, job = queue_files(
            spool_or_exit(config), number, files, sender=sender, subject=subject, options=_options(option or [])
        )
    except (ShellRefused, SpoolError) as refused:
        typer.echo(f"mailfax: {refused}", err=True)
        raise typer.Exit(65) from None
    if as_json:
        typer.echo(json.dumps({"mail": submission.id, "job": job.id, "number": job.number}))
    else:
        typer.echo(f"{job.id} queued for {job.number} (mail {submission.id})")


def _options(written: list[str]) -> dict[str, str]:
    """Read KEY=VALUE; which keys and values there are is decided where mails are."""
    if wrong := [each for each in written if not re.fullmatch(r"[A-Za-z-]+=.+", each)]:
        raise typer.BadParameter(f"{wrong[0]!r} is not written like resolution=standard.")
    return {key.lower(): value for key, _, value in (each.partition("=") for each in written)}


@app.command()
def poll(
    number: Annotated[str, typer.Argument(help="Fax number as the fax domain's plan writes it.")],
    to: Annotated[str, typer.Option(help="Mail address that gets the document, or hears why not.")],
    selector: Annotated[str, typer.Option(help="Which document of the far machine is wanted (SEP).")] = "",
    subaddress: Annotated[str, typer.Option(help="The subaddress behind the far machine that has it (PSA).")] = "",
    password: Annotated[str, typer.Option(help="The password that it wants (PWD).")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Queue a call that fetches the document which a fax machine offers (polling)."""
    from mailfax.cli.sending import queue_poll  # noqa: PLC0415
    from mailfax.gateway.shell import ShellRefused  # noqa: PLC0415
    from mailfax.model.poll import PollRequest  # noqa: PLC0415

    try:
        request = PollRequest(selector=selector[:20], subaddress=subaddress[:20], password=password[:20])
        job = queue_poll(spool_or_exit(config), number, to, request)
    except (ShellRefused, SpoolError) as refused:
        typer.echo(f"mailfax: {refused}", err=True)
        raise typer.Exit(65) from None
    if as_json:
        typer.echo(json.dumps({"mail": job.submission_id, "job": job.id, "number": job.number}))
    else:
        typer.echo(f"{job.id} will fetch from {job.number} for {to}")


@app.command()
def render(
    files: Annotated[list[Path], typer.Argument(help="A mail (.eml, or - for standard input), or files to fax.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the images.")] = Path("out"),
    png: Annotated[bool, typer.Option("--png", help="A PNG for each page (the default).")] = False,
    tiff: Annotated[bool, typer.Option("--tiff", help="One TIFF, in the fax's own coding.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="One PDF.")] = False,
    resolution: Annotated[
        Resolution, typer.Option(help="The resolution to show; a call takes the best that the far machine has.")
    ] = Resolution.FINE,
    to: Annotated[str, typer.Option(help="The number that the line at the top of each page names.")] = "5551234",
    cover: Annotated[str, typer.Option(help="Cover to show: none, usual, or the name of a template.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what would be faxed of a mail or of files: images, what became of each part, bytes and seconds of each page."""
    from mailfax.cli.rendering import RenderOrder  # noqa: PLC0415
    from mailfax.cli.rendering import render as run  # noqa: PLC0415
    from mailfax.gateway.preview import FileKind  # noqa: PLC0415

    if png + tiff + pdf > 1:
        raise typer.BadParameter("Give one of --png, --tiff and --pdf.")
    kind = FileKind.TIFF if tiff else FileKind.PDF if pdf else FileKind.PNG
    order = RenderOrder(
        files=tuple(files),
        folder=out,
        kind=kind,
        resolution=resolution,
        number=to,
        as_json=as_json,
        cover=cover.lower(),
    )
    run(config_or_exit(config), order)


@app.command()
def queue(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the jobs that are not finished."""
    from mailfax.cli.views import print_queue  # noqa: PLC0415

    print_queue(spool_or_exit(config), as_json=as_json, out=sys.stdout)


@app.command()
def show(
    subject: Annotated[str, typer.Argument(help="Id of a job (J…), a mail (M…) or a received fax (F…).")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the whole life of a job, a mail or a received fax."""
    from mailfax.cli.views import print_life  # noqa: PLC0415

    try:
        print_life(spool_or_exit(config), subject, as_json=as_json, out=sys.stdout)
    except (KeyError, ValueError) as error:
        typer.echo(f"mailfax: {error.args[0]}", err=True)
        raise typer.Exit(65) from None


@app.command()
def demo(
    mail: Annotated[
        Path | None, typer.Option(help="A mail of your own (.eml) instead of ours.", exists=True, dir_okay=False)
    ] = None,
    to: Annotated[str, typer.Option(help="The number to fax it to.")] = "5551234",
    real_time: Annotated[bool, typer.Option("--real-time", help="Pace the calls as a telephone line would.")] = False,
    damage_page: Annotated[
        int, typer.Option(help="Page of each call to damage on the line; the demo must then fail.", min=0)
    ] = 0,
) -> None:
    """Show the whole journey on this machine: mails become faxes, faxes become mails, every page compared."""
    from mailfax.demo import run  # noqa: PLC0415

    raise typer.Exit(run(mail=mail, number=to, real_time=real_time, damage_page=damage_page))
