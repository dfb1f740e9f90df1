"""What the commands print of the queue: as a table for a person, as JSON for a program."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from enum import Enum
from typing import TextIO

from mailfax.config import Config
from mailfax.daemon import build
from mailfax.daemon.clock import id_maker
from mailfax.gateway.identity import local_time
from mailfax.model.ids import Kind, parse_id
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.spool.store import Store

OPEN_STATES = tuple(state for state in JobState if not state.final)


@contextlib.contextmanager
def open_store(config: Config) -> Iterator[Store]:
    """Open the spool of this configuration for the length of one command."""
    with contextlib.closing(Store(build.spool_settings(config), id_maker())) as store:
        yield store


def print_queue(config: Config, *, as_json: bool, out: TextIO) -> None:
    """Print the jobs that are not finished, oldest first."""
    with open_store(config) as store:
        jobs = store.jobs(OPEN_STATES)
    if as_json:
        print(json.dumps([asdict(job) for job in jobs], default=_plain), file=out)
        return
    for job in jobs:
        due = local_time(job.not_before_us, config.identity.time_zone)
        pages = f"{job.confirmed_pages}/{job.pages if job.pages is not None else '?'}"
        last = job.outcome.code if job.outcome else ""
        print(
            f"{job.id}  {job.number:<16} {job.state.value:<10} pages {pages:<7} dials {job.dials:<3} due {due:%Y-%m-%d %H:%M:%S}  {last}",
            file=out,
        )
    print(f"{len(jobs)} jobs open", file=out)


def print_life(config: Config, subject: str, *, as_json: bool, out: TextIO) -> None:
    """Print everything that is known of a job, a mail or a received fax. Raises ValueError or KeyError in plain words."""
    subject = parse_id(subject)
    with open_store(config) as store:
        match Kind(subject[0]):
            case Kind.JOB:
                facts: object = store.job(subject)
                more: object = store.attempts(subject)
            case Kind.MAIL:
                facts, more = store.submission(subject), store.jobs_of(subject)
            case Kind.FAX:
                facts, more = store.fax(subject), store.deliveries(subject)
            case Kind.CALL | Kind.DELIVERY:
                raise ValueError(f"show takes a job (J…), a mail (M…) or a received fax (F…), not {subject}.")
        history = store.history(subject)
    if facts is None:
        raise KeyError(f"there is no {subject}.")
    if as_json:
        print(
            json.dumps({"facts": _dict(facts), "more": _dicts(more), "history": _dicts(history)}, default=_plain),
            file=out,
        )
        return
    for name, value in _dict(facts).items():
        if value not in (None, "", (), []):
            print(f"{name:<16} {_text(name, value, config)}", file=out)
    for entry in _dicts(more):
        print(
            "  "
            + "  ".join(
                f"{name}={_text(name, value, config)}" for name, value in entry.items() if value not in (None, "", ())
            ),
            file=out,
        )
    for step in history:
        when = local_time(step.at_us, config.identity.time_zone)
        print(f"{when:%Y-%m-%d %H:%M:%S.%f}  {step.was or '-'} -> {step.became}  {step.why}", file=out)


def _dict(value: object) -> dict[str, object]:
    return asdict(value)  # type: ignore[call-overload,no-any-return]


def _dicts(values: object) -> list[dict[str, object]]:
    return [_dict(value) for value in values]  # type: ignore[attr-defined]


def _text(name: str, value: object, config: Config) -> str:
    if name.endswith("_us") and isinstance(value, int):
        return f"{local_time(value, config.identity.time_zone):%Y-%m-%d %H:%M:%S}"
    return str(_plain(value)) if isinstance(value, Enum) else str(value)


def _plain(value: object) -> object:
    match value:
        case Outcome():
            return value.code
        case Enum():
            return value.value
        case datetime():
            return value.astimezone(UTC).isoformat()
        case _:
            return str(value)
