"""Checks of [domains] and [permissions]: numbers, and who may dial them."""

from collections.abc import Callable, Iterator

from phonenumbers import SUPPORTED_REGIONS

from mailfax.config.check import Problem
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import HOSTNAME, At
from mailfax.config.tables.domain import Domain
from mailfax.model.hours import read_hours
from mailfax.routing.rules import Rule
from mailfax.routing.settings import Domain as RoutingDomain
from mailfax.routing.settings import E164Plan, PrivatePlan


def domains_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find what is wrong with the fax domains and their number plans."""
    if not config.domains:
        advice = 'Add a fax domain, for example  [domains."fax.lan"] .'
        yield Problem(line=at("domains"), text="[domains] has no domain, so nobody could send a fax.", advice=advice)
    seen: dict[str, str] = {}
    for name, domain in config.domains.items():
        where = at("domains", name)
        if not HOSTNAME.fullmatch(name):
            advice = 'Write it as it stands after the @, without a dot at its end, for example "fax.lan".'
            yield Problem(line=where, text=f"domains: {name!r} is no mail domain.", advice=advice)
        if (first := seen.setdefault(name.lower(), name)) != name:
            advice = "Large and small letters are the same in a domain; leave one out."
            yield Problem(line=where, text=f"domains: {name} is the same domain as {first}.", advice=advice)
        if any(length < 1 for length in domain.lengths):
            yield Problem(
                line=at("domains", name, "lengths"),
                text=f"domains.{name}.lengths: a number has at least one digit.",
                advice="Write for example  lengths = [7] .",
            )
        yield from _plan(name, domain, at)


def _plan(name: str, domain: Domain, at: At) -> Iterator[Problem]:
    if domain.plan == "e164" and domain.country not in SUPPORTED_REGIONS:
        said = f"there is no country {domain.country!r}" if domain.country else "a plan e164 needs its country"
        yield Problem(
            line=at("domains", name, "country"),
            text=f"domains.{name}.country: {said}.",
            advice='Write its two letters, for example  country = "US" .',
        )
    tables: tuple[tuple[str, Callable[[], object]], ...] = (
        ("area_code", lambda: E164Plan(country="US", area_code=domain.area_code)),
        ("dial", lambda: E164Plan(country="US", dial=tuple(domain.dial.items()))),
        ("exit_codes", lambda: RoutingDomain(name="x", plan=E164Plan(country="US"), exit_codes=domain.exit_codes)),
        ("ranges", lambda: PrivatePlan(lengths=(1,), ranges=tuple(_range(written) for written in domain.ranges))),
    )
    for key, make in tables:
        try:
            make()
        except ValueError as error:
            yield Problem(line=at("domains", name, key), text=f"domains.{name}.{key}: {error}", advice="")


def _range(written: str) -> tuple[str, str]:
    low, _, high = written.partition("-")
    return low, high


def permissions_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find rules of permission that cannot be read."""
    for name, permission in config.permissions.items():
        for key, make in (
            ("who", lambda rule: Rule(name="", who=rule.who, to=("any",))),
            ("to", lambda rule: Rule(name="", who=("*",), to=rule.to, allow=not rule.deny)),
            ("hours", lambda rule: read_hours(rule.hours) if rule.hours else None),
        ):
            try:
                make(permission)
            except ValueError as error:
                yield Problem(line=at("permissions", name, key), text=f"permissions.{name}.{key}: {error}", advice="")
