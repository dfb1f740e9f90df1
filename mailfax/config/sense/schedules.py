"""Checks of [schedules.NAME]: when, what, and to whom."""

from collections.abc import Iterator

from mailfax.config.check import Problem
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import At
from mailfax.gateway.calendar import RuleFault, calendar
from mailfax.smtp.envelope import is_mailbox

EXAMPLE = "FREQ=WEEKLY;BYDAY=MO;BYHOUR=8;BYMINUTE=0"


def schedules_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find schedules that would never fax anything."""
    for name, each in config.schedules.items():
        try:
            calendar(each.rule, each.begin, each.zone or config.identity.time_zone or "UTC")
        except RuleFault as fault:
            advice = f'Write for example  rule = "{EXAMPLE}" .'
            yield Problem(line=at("schedules", name, "rule"), text=f"schedules.{name}.rule: {fault}", advice=advice)
        if sum((each.folder is not None, each.file is not None, bool(each.command))) != 1:
            text = f"schedules.{name}: what is faxed comes from one place."
            yield Problem(line=at("schedules", name), text=text, advice="Write one of  folder, file  and  command .")
        if not is_mailbox(each.sender):
            text = f"schedules.{name}.sender: {each.sender!r} is no mail address."
            yield Problem(
                line=at("schedules", name, "sender"), text=text, advice='Write for example "anna@example.org".'
            )
        if len(each.to) > 1 and any(to in config.lists for to in each.to):
            text = f"schedules.{name}.to: a list goes alone."
            yield Problem(line=at("schedules", name, "to"), text=text, advice="Write a schedule for each.")
