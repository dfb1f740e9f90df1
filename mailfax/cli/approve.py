"""`mailfax approve`: faxes that a rule with `approve` holds are sent, or refused, or listed."""

import json
from typing import Annotated, NoReturn

import typer

from mailfax.cli.options import ConfigOption, JsonOption, spool_or_exit

_EX_DATAERR = 65


def approve(
    job_ids: Annotated[list[str] | None, typer.Argument(help="Jobs, J…; without one, what waits is listed.")] = None,
    refuse: Annotated[bool, typer.Option("--refuse", help="Do not send them; their senders are told.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send faxes that wait for approval, or refuse them."""
    from mailfax.cli.views import open_store, printable  # noqa: PLC0415
    from mailfax.daemon.clock import wall_clock_us  # noqa: PLC0415
    from mailfax.model.ids import Kind, parse_id  # noqa: PLC0415
    from mailfax.model.job import JobState  # noqa: PLC0415
    from mailfax.model.submission import Hold  # noqa: PLC0415

    with open_store(spool_or_exit(config)) as store:
        waiting = {job.id: job for job in store.jobs([JobState.HELD]) if job.recipient.hold is Hold.APPROVAL}
        if not job_ids:
            rows = [
                {
                    "job": job.id,
                    "number": job.number,
                    "pages": job.pages,
                    "sender": mail.sender,
                    "subject": mail.subject,
                }
                for job in waiting.values()
                if (mail := store.submission(job.submission_id)) is not None
            ]
            if as_json:
                typer.echo(json.dumps(rows))
                return
            for row in rows:
                typer.echo(
                    printable(
                        f"{row['job']}  {row['number']}  {row['pages']} pages  from {row['sender']}  {row['subject']}"
                    )
                )
            if not rows:
                typer.echo("Nothing waits for approval.")
            return
        for written in job_ids:
            try:
                job_id = parse_id(written, Kind.JOB)
            except ValueError as error:
                _end(f"{error}.")
            if job_id not in waiting:
                _end(f"{job_id} does not wait for approval.")
            if refuse:
                done = store.cancel(job_id, wall_clock_us())
            else:
                done = store.release_held(job_id, "approved", wall_clock_us()) is not None
            if not done:
                _end(f"{job_id} does not wait any more.")
            typer.echo(f"{job_id} {'refused' if refuse else 'approved'}")


def _end(sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(_EX_DATAERR)
