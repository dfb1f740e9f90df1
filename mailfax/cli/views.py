"""What the commands print of the queue: in words for a person, as JSON for a program."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from enum import Enum, Flag
from typing import TextIO

from mailfax.cli.life import FaxLife, JobLife, Life, MailLife, counted, queue_line, tell
from mailfax.config import Config
from mailfax.daemon import build
from mailfax.daemon.clock import id_maker
from mailfax.model.ids import Kind, parse_id
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.spool.store import Store

OPEN_STATES = tuple(state for state in JobState if not state.final and state is not JobState.LISTED)
ALL = 1_000_000  # jobs; more than any queue has


@contextlib.contextmanager
def open_store(config: Config) -> Iterator[Store]:
    """Open the spool of this configuration for the length of one command."""
    with contextlib.closing(Store(build.spool_settings(config), id_maker())) as store:
        yield store


def print_queue(config: Config, *, as_json: bool, out: TextIO) -> None:
    """Print the jobs that are not finished, oldest first."""
    with open_store(config) as store:
        jobs = store.jobs(OPEN_STATES, ALL)[::-1]
    if as_json:
        print(json.dumps([asdict(job) for job in jobs], default=plain), file=out)
        return
    for job in jobs:
        print(printable(queue_line(job, config.identity.time_zone)), file=out)
    print(f"{counted(len(jobs), 'fax', 'faxes')} in the queue" if jobs else "The queue is empty.", file=out)


def print_life(config: Config, subject: str, *, as_json: bool, out: TextIO) -> None:
    """Print everything that is known of a job, a mail or a received fax. Raises ValueError or KeyError in plain words."""
    subject = parse_id(subject)
    with open_store(config) as store:
        life = _life(store, subject)
    if life is None:
        raise KeyError(f"there is no {subject}.")
    if as_json:
        print(json.dumps(asdict(life), default=plain), file=out)
        return
    for line in tell(life, config.identity.time_zone):
        print(printable(line), file=out)


def printable(line: str) -> str:
    """Take out what could steer a terminal: subjects and station ids are foreign text."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _life(store: Store, subject: str) -> Life | None:
    history = store.history(subject)
    match Kind(subject[0]):
        case Kind.JOB:
            job = store.job(subject)
            if job is None:
                return None
            mail = store.submission(job.submission_id)
            return JobLife(job=job, mail=mail, calls=store.attempts(subject), history=history)
        case Kind.MAIL:
            mail = store.submission(subject)
            if mail is None:
                return None
            jobs = store.jobs_of(subject)
            return MailLife(mail=mail, jobs=jobs, deliveries=store.deliveries(subject), history=history)
        case Kind.FAX:
            fax = store.fax(subject)
            return None if fax is None else FaxLife(fax=fax, deliveries=store.deliveries(subject), history=history)
        case Kind.CALL | Kind.DELIVERY | Kind.OFFER | Kind.TOKEN:
            raise ValueError(f"show takes a job (J…), a mail (M…) or a received fax (F…), not {subject}.")


def plain(value: object) -> object:
    """Return what JSON has no word for in a form that it has."""
    match value:
        case Outcome():
            return value.code
        case Flag():
            return [str(flag.name).lower() for flag in value]
        case Enum():
            return value.value
        case _:
            return str(value)
