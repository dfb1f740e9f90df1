"""Checks of [hours], and of who names them."""

from collections.abc import Iterator

from mailfax.config.check import Problem
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import At
from mailfax.model.hours import read_hours
from mailfax.model.options import ANY_HOURS, is_hours_name


def hours_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find hours that are none, and names that nobody could write or that stand for nothing."""
    for name, table in config.hours.items():
        try:
            read_hours(table.hours)
        except ValueError as error:
            advice = 'Write for example  hours = "mon-fri 08:00-18:00" .'
            yield Problem(line=at("hours", name, "hours"), text=f"hours.{name}: {error}", advice=advice)
        if not is_hours_name(name) or name == ANY_HOURS:
            text = f"hours.{name}: a mail cannot ask for them by this name."
            yield Problem(line=at("hours", name), text=text, advice="Use small letters, digits, - and _, and not any.")
    if config.queue.hours and config.queue.hours not in config.hours:
        advice = f"Add a table [hours.{config.queue.hours}], or name one of: {', '.join(config.hours) or 'none'}."
        text = f"queue.hours: there are no hours {config.queue.hours}."
        yield Problem(line=at("queue", "hours"), text=text, advice=advice)
