"""Checks of [lists.NAME]: who is on a list, and who may write to it."""

import re
from collections.abc import Iterator

from mailfax.config.check import Problem
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import At
from mailfax.config.tables.lists import MailList
from mailfax.model.stamp import stamp_fault
from mailfax.routing.rules import check_party
from mailfax.smtp.envelope import is_mailbox

_NAME = re.compile(r"[a-z][a-z0-9._-]{0,39}")


def lists_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find lists that nobody could post to, or that would reach nobody."""
    for name, each in config.lists.items():
        if not _NAME.fullmatch(name):
            yield Problem(
                line=at("lists", name),
                text=f"lists.{name}: this is no name of a list.",
                advice="Use small letters, digits and . _ - , a letter first.",
            )
        yield from _members(name, each, at)
        yield from _people(name, each, at)
        if fault := stamp_fault(each.footer):
            text, advice = f"lists.{name}.footer: {each.footer!r} {fault}.", "Write one short line."
            yield Problem(line=at("lists", name, "footer"), text=text, advice=advice)
        if each.domain is not None and each.domain.lower() not in map(str.lower, config.domains):
            known = ", ".join(config.domains)
            text = f"lists.{name}.domain: there is no fax domain {each.domain}."
            yield Problem(line=at("lists", name, "domain"), text=text, advice=f"Write one of {known}.")


def _members(name: str, each: MailList, at: At) -> Iterator[Problem]:
    if (each.members is None) == (each.database is None):
        yield Problem(
            line=at("lists", name),
            text=f"lists.{name}: its members come from one place.",
            advice='Write either  members = "customers.csv"  or  database  with  query .',
        )
    if (each.database is None) != (each.query is None):
        yield Problem(
            line=at("lists", name),
            text=f"lists.{name}: database and query belong together.",
            advice='Write for example  query = "SELECT fax AS number FROM customers" .',
        )


def _people(name: str, each: MailList, at: At) -> Iterator[Problem]:
    for key, addresses in (("owner", (each.owner,)), ("moderators", each.moderators)):
        for address in addresses:
            if not is_mailbox(address):
                text = f"lists.{name}.{key}: {address!r} is no mail address."
                yield Problem(line=at("lists", name, key), text=text, advice='Write for example "anna@example.org".')
    for party in each.post:
        try:
            check_party(party)
        except ValueError as error:
            text = f"lists.{name}.post: {error}"
            yield Problem(line=at("lists", name, "post"), text=text, advice="See [permissions.NAME] for who there is.")
