"""What many commands have in common: `--config`, `--json`, and the configuration that they work with."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mailfax.cli.users import user_name
from mailfax.config import Config, ConfigError, embedded_default, load

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="MAILFAX_CONFIG", help="Configuration file; without it the embedded default is used."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def config_or_exit(path: Path | None) -> Config:
    """Load the configuration, or say everything that is wrong with it and exit with status 78 (EX_CONFIG)."""
    if path is None:
        return embedded_default(Path.cwd())
    try:
        return load(path)
    except OSError as error:
        typer.echo(f"mailfax: cannot read {path}: {error.strerror}.", err=True)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(f"{path}: {problem}", err=True)
    raise typer.Exit(78)


def spool_or_exit(path: Path | None) -> Config:
    """Load the configuration of a gateway that has been started before, whose spool is ours to touch; or say why not.

    Without this a command in the wrong folder would make a spool that nobody serves, and one of the wrong user would
    leave files in it that the server cannot read.
    """
    from mailfax.daemon.build import spool_settings  # noqa: PLC0415

    config = config_or_exit(path)
    folder = config.data_dir
    if folder.exists() and folder.stat().st_uid != os.geteuid():
        owner = user_name(folder.stat().st_uid)
        typer.echo(f"mailfax: {folder} belongs to {owner}; call  sudo -u {owner} mailfax … --config FILE", err=True)
        raise typer.Exit(77)  # EX_NOPERM
    if not spool_settings(config).begun:
        advice = "Start it with  mailfax serve , or name its file with --config or MAILFAX_CONFIG."
        typer.echo(f"mailfax: no gateway has worked in {folder} yet. {advice}", err=True)
        raise typer.Exit(66)  # EX_NOINPUT
    return config
