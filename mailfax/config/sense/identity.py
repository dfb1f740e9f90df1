"""Checks of [identity] and [destinations]: who we say we are."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailfax.config.check import Problem
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import ASCII, NUMBER, At


def identity_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find what no fax machine could be told of us."""
    identity = config.identity
    if identity.time_zone:
        try:
            ZoneInfo(identity.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            advice = 'Write a name such as "Europe/Berlin" or "UTC", or leave it out for the time of this machine.'
            text = f"identity.time_zone: this machine knows no time zone {identity.time_zone!r}."
            yield Problem(line=at("identity", "time_zone"), text=text, advice=advice)
    if not ASCII.fullmatch(identity.station_id):
        yield Problem(
            line=at("identity", "station_id"),
            text=f"identity.station_id: T.30 cannot carry {identity.station_id!r}.",
            advice='Write digits, spaces and a +, for example "+49 30 123456".',
        )


def destinations_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find what is wrong in the exceptions for one number."""
    for number, destination in config.destinations.items():
        where = at("destinations", number)
        if not NUMBER.fullmatch(number):
            advice = "Write it as it is dialled, digits only, with a + in front if it is dialled so."
            yield Problem(line=where, text=f"destinations: {number!r} is no number.", advice=advice)
        if not ASCII.fullmatch(destination.sender_id):
            text = f"destinations.{number}.sender_id: {destination.sender_id!r} has letters that a fax machine has not."
            yield Problem(line=at("destinations", number, "sender_id"), text=text, advice="Use ASCII only.")
