"""`mailfax call`: what was said in a call. Explains frames, shows a call as a ladder, and runs one again."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from mailfax.cli.options import spool_or_exit
from mailfax.t30.explain import explain, headline, read_frame
from mailfax.t30.frames import parse_frame
from mailfax.t30.replay import NotReplayable, Replayed, parse, replay
from mailfax.t30.transcript import CALL, SENT, Row

app = typer.Typer(help="Look into calls: frames, transcripts, replay.", no_args_is_help=True)

_EX_USAGE, _EX_DATAERR, _EX_NOINPUT = 64, 65, 66
_NOT_HEX = re.compile(r"[\s,:]|0x")
_WIDTH = 118


@app.command()
def frame(
    octets: Annotated[list[str], typer.Argument(help="The frame in hex, from FF on: FF C8 01 00 77 5F 23 01.")],
) -> None:
    """Explain a T.30 frame: its name, every bit of a DIS or DCS, numbers, makers. Either bit order, with or without FCS."""
    try:
        given = bytes.fromhex(_NOT_HEX.sub("", "".join(octets)))
    except ValueError:
        _fail(_EX_USAGE, f"{' '.join(octets)!r} is not written in hex octets.")
    found, plain, assumed = read_frame(given)
    if found is None:
        _fail(
            _EX_DATAERR, f"{given.hex(' ').upper()} is no frame of T.30 (address FF, control C0 or C8, then its code)."
        )
    if assumed:
        typer.echo(f"(read as {plain.hex(' ').upper()}: {assumed})")
    for line in explain(found):
        typer.echo(_printable(line))


@app.command(name="replay")
def replay_call(
    file: Annotated[Path, typer.Argument(help="A transcript, as `call show` finds them.", exists=True, dir_okay=False)],
) -> None:
    """Run the engine against a call that was, and say where it would do otherwise now."""
    try:
        rows = parse(file.read_text(encoding="utf-8").splitlines())
        again = replay(rows)
    except (NotReplayable, UnicodeDecodeError) as error:
        _fail(_EX_DATAERR, f"{file}: {error}.")
    for event in again.events:
        typer.echo(_printable(str(event)))
    typer.echo(_summary(again))
    raise typer.Exit(1 if again.difference else 0)


@app.command()
def show(
    call_or_file: Annotated[str, typer.Argument(help="A call (C…), a received fax (F…), a job (J…), or a file.")],
    config: Annotated[
        Path | None, typer.Option("--config", "-c", envvar="MAILFAX_CONFIG", help="Configuration file of the gateway.")
    ] = None,
) -> None:
    """Draw a call as a ladder: our side on the left, the far end on the right."""
    path = Path(call_or_file)
    if not path.is_file():
        path = _stored(call_or_file, config)
    try:
        rows = parse(path.read_text(encoding="utf-8").splitlines())
    except (NotReplayable, UnicodeDecodeError) as error:
        _fail(_EX_DATAERR, f"{path}: {error}.")
    sys.stdout.writelines(f"{_printable(line)}\n" for line in ladder(rows))


def ladder(rows: list[Row]) -> Iterator[str]:
    """Draw the rows of a transcript; frames of one burst stand under one arrow."""
    yield f"{'seconds':>9}  {'we':<3}{'':^13}far end"
    before: tuple[float, str] | None = None
    for row in rows:
        here = (row.at_s, row.direction)
        text = _text(row)
        if row.direction == CALL:
            yield f"{row.at_s:9.2f}  {text}"[:_WIDTH]
        else:
            arrow = "─────────────▶" if row.direction == SENT else "◀─────────────"
            stem = f"{row.at_s:9.2f}  {arrow}" if here != before else f"{'':9}  {'':14}"
            yield f"{stem}  {text}"[:_WIDTH]
        before = here


def _text(row: Row) -> str:
    if row.signal == "frame":
        found = parse_frame(bytes.fromhex(row.octets))
        return headline(found) if found else f"unknown frame {row.octets}"
    return " ".join(filter(None, (row.signal, row.carrier if "V.21" not in row.carrier else "", row.what)))


def _summary(again: Replayed) -> str:
    result = again.result
    ended = f"{result.outcome.code}: {result.outcome.sentence} {result.detail}".rstrip() if result else "no result"
    return f"{ended}\ndifferent: {again.difference}" if again.difference else f"{ended}\nevery signal as it was then"


def _stored(any_id: str, config: Path | None) -> Path:
    """Find the transcript of a call in the spool; for a job, that of its last call."""
    from mailfax.cli.views import open_store  # noqa: PLC0415
    from mailfax.daemon.build import spool_settings  # noqa: PLC0415
    from mailfax.gateway.transcripts import transcript_path  # noqa: PLC0415
    from mailfax.model.ids import Kind, parse_id  # noqa: PLC0415

    try:
        subject = parse_id(any_id)
    except ValueError as error:
        _fail(_EX_USAGE, f"{error}.")
    loaded = spool_or_exit(config)
    if subject.startswith(Kind.JOB):
        with open_store(loaded) as store:
            attempts = store.attempts(subject)
        if not attempts:
            _fail(_EX_NOINPUT, f"{subject} has not been called yet.")
        subject = attempts[-1].call_id
    if subject.startswith(Kind.FAX):
        with open_store(loaded) as store:
            fax = store.fax(subject)
        if fax is None:
            _fail(_EX_NOINPUT, f"there is no fax {subject}.")
        subject = fax.call_id
    path = transcript_path(spool_settings(loaded).calls, subject)
    if not path.is_file():
        _fail(_EX_NOINPUT, f"there is no transcript of {subject} in {path.parent}.")
    return path


def _printable(line: str) -> str:
    """Take out what could steer a terminal: station ids are foreign text."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _fail(status: int, sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(status)
