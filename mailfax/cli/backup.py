"""`mailfax backup` and `mailfax restore`: the spool in a folder or a file elsewhere, and back."""

import contextlib
import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from mailfax import __version__
from mailfax.cli.options import ConfigOption, JsonOption, config_or_exit, spool_or_exit

_EX_DATAERR, _EX_IOERR = 65, 74


def backup(
    target: Annotated[Path, typer.Argument(help="A folder, or a file that ends in .tar or .tar.gz.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Save the spool while the server runs: queue, pages, received faxes, calls in progress. A folder is brought up to date."""
    from mailfax.daemon.build import spool_settings  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.spool.backup import BackupFault, back_up  # noqa: PLC0415
    from mailfax.spool.blobs import BlobStore  # noqa: PLC0415
    from mailfax.spool.disk import SpoolError  # noqa: PLC0415

    settings = spool_settings(spool_or_exit(config))
    try:
        with contextlib.closing(BlobStore(settings)) as blobs:
            made = back_up(settings, blobs, target, __version__, wall_clock_us)
    except (BackupFault, SpoolError) as fault:
        _refuse(str(fault), _EX_IOERR)
    missing = len(made.manifest.missing)
    if as_json:
        facts = {"target": str(target), "blobs": made.manifest.blobs, "copied": made.copied, "missing": missing}
        typer.echo(json.dumps(facts))
    else:
        typer.echo(f"{target}: {made.manifest.blobs} blobs, {made.copied} of them copied now")
    if missing:
        _refuse(
            f"{missing} blob(s) that the spool names were lost or damaged on its disk before; the rest is saved.", 1
        )


def restore(
    source: Annotated[Path, typer.Argument(help="What `mailfax backup` made.", exists=True)],
    send: Annotated[
        bool,
        typer.Option(
            "--send", help="Send what waited; only where nothing can have been sent since (the machine was moved)."
        ),
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only see whether the backup is whole; restore nothing.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the spool of a backup in data_dir, which may not have one. Faxes that waited are told to their senders as uncertain."""
    import tempfile  # noqa: PLC0415

    from mailfax.daemon.build import spool_settings  # noqa: PLC0415
    from mailfax.daemon.clock import id_maker, wall_clock_us  # noqa: PLC0415
    from mailfax.spool.disk import SpoolError  # noqa: PLC0415
    from mailfax.spool.restore import RestoreFault, verify  # noqa: PLC0415
    from mailfax.spool.restore import restore as run  # noqa: PLC0415

    try:
        if check:
            with tempfile.TemporaryDirectory(prefix="mailfax-check-", dir=source.resolve().parent) as staging:
                manifest = verify(source, Path(staging))
            facts = {"whole": True, "blobs": manifest.blobs, "made_us": manifest.made_us, "version": manifest.version}
            typer.echo(json.dumps(facts) if as_json else f"{source} is whole: {manifest.blobs} blobs")
            return
        done = run(source, spool_settings(config_or_exit(config)), id_maker(), wall_clock_us, send_on=send)
    except (RestoreFault, SpoolError, OSError) as fault:
        _refuse(str(fault), _EX_DATAERR)
    if as_json:
        facts = {"blobs": done.blobs, "missing": done.missing, "faxes": done.faxes, "sent_on": send}
        typer.echo(json.dumps(facts))
        return
    typer.echo(f"restored: {done.blobs} blobs" + (f"; {done.missing} are missing" if done.missing else ""))
    if done.faxes:
        what = "will be sent" if send else "end as uncertain; their senders are told when the server starts"
        typer.echo(f"{len(done.faxes)} fax(es) that waited {what}")


def _refuse(sentence: str, status: int) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(status)
