"""Checks of [receive]: where faxes go that come in."""

import re
from collections.abc import Iterator

from mailfax.config.check import Problem
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import DID_PATTERN, At
from mailfax.config.sense.mail import has_a_way, no_mailbox, way_advice

_SUBADDRESS = re.compile(r"[0-9#*]{1,20}")


def receive_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find received faxes that could be brought to nobody."""
    catch_all = config.receive.catch_all
    if not has_a_way(catch_all, config.mail):
        where = at("receive", "catch_all")
        yield Problem(line=where, text=f"receive.catch_all: {no_mailbox(catch_all)}", advice=way_advice(config.mail))
    number = (DID_PATTERN, "number pattern", "Use digits, x for any digit, and * at the end for any rest.")
    subaddress = (_SUBADDRESS, "subaddress", "Use digits, # and *, at most 20.")
    yield from _rules(config, "did", config.receive.did, number, at)
    yield from _rules(config, "subaddress", config.receive.subaddress, subaddress, at)


def _rules(
    config: Config, table: str, rules: dict[str, tuple[str, ...]], key: tuple[re.Pattern[str], str, str], at: At
) -> Iterator[Problem]:
    """Check a table of keys and their mailboxes; `key` is its pattern, what it is, and how it is written."""
    pattern, noun, advice = key
    for wanted, mailboxes in rules.items():
        where = at("receive", table, wanted)
        if not pattern.fullmatch(wanted):
            yield Problem(line=where, text=f"receive.{table}: {wanted!r} is no {noun}.", advice=advice)
        if not mailboxes:
            example = f'Name one, for example  {wanted} = ["office@example.org"] , or leave the rule out.'
            yield Problem(line=where, text=f"receive.{table}: {wanted!r} has no mailbox.", advice=example)
        for mailbox in mailboxes:
            if not has_a_way(mailbox, config.mail):
                text = f"receive.{table}: {wanted!r}: {no_mailbox(mailbox)}"
                yield Problem(line=where, text=text, advice=way_advice(config.mail))


def callers_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find lists of callers that cannot be read."""
    for key, patterns in (
        ("allow_callers", config.receive.allow_callers),
        ("reject_callers", config.receive.reject_callers),
    ):
        for pattern in patterns:
            if not DID_PATTERN.fullmatch(pattern):
                yield Problem(
                    line=at("receive", key),
                    text=f"receive.{key}: {pattern!r} is no number pattern.",
                    advice="Use digits, x for any digit, and * at the end for any rest.",
                )
    if config.receive.only_allowed and not config.receive.allow_callers:
        advice = "Name them in  allow_callers , or leave  only_allowed  out."
        yield Problem(
            line=at("receive", "only_allowed"), text="receive.only_allowed: nobody is allowed.", advice=advice
        )
