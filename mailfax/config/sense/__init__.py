"""What is well-formed in a configuration file and still cannot work, with line and advice. Asked by `config.parse`.

Whatever makes a settings factory of `daemon.build` raise is to be found here first, where its line is known.
"""

from collections.abc import Iterator

from mailfax.config.check import Problem, line_of
from mailfax.config.schema import Config
from mailfax.config.sense.domains import domains_problems, permissions_problems
from mailfax.config.sense.door import smtp_problems
from mailfax.config.sense.hours import hours_problems
from mailfax.config.sense.identity import destinations_problems, identity_problems
from mailfax.config.sense.imap import imap_problems
from mailfax.config.sense.lines import (
    devices_problems,
    groups_problems,
    lines_problems,
    profile_problems,
    routes_problems,
)
from mailfax.config.sense.lists import lists_problems
from mailfax.config.sense.mail import mail_problems
from mailfax.config.sense.notices import language_problems, notices_problems
from mailfax.config.sense.quotas import prices_problems, quotas_problems
from mailfax.config.sense.receive import callers_problems, receive_problems
from mailfax.config.sense.render import render_problems
from mailfax.config.sense.schedules import schedules_problems
from mailfax.config.sense.spool import spool_problems
from mailfax.config.sense.trust import trust_problems

__all__ = ["language_problems", "profile_problems", "sense_problems"]


def sense_problems(config: Config, text: str) -> Iterator[Problem]:
    """Find everything that cannot work."""

    def at(*path: str) -> int:
        return line_of(text, path)

    for look in (
        smtp_problems,
        trust_problems,
        quotas_problems,
        prices_problems,
        domains_problems,
        permissions_problems,
        receive_problems,
        callers_problems,
        mail_problems,
        imap_problems,
        notices_problems,
        identity_problems,
        lines_problems,
        devices_problems,
        groups_problems,
        routes_problems,
        destinations_problems,
        render_problems,
        spool_problems,
        lists_problems,
        schedules_problems,
        hours_problems,
    ):
        yield from look(config, at)
