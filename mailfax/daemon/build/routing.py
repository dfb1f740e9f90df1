"""Numbers, who may dial them, and where received faxes go."""

from ipaddress import ip_network

from mailfax.config import Config
from mailfax.config.tables.domain import Domain as DomainTable
from mailfax.gateway.identity import Identity
from mailfax.model.hours import read_hours
from mailfax.routing.callers import CallerRules
from mailfax.routing.prices import Prices
from mailfax.routing.rules import Rule
from mailfax.routing.settings import DidRule, Domain, E164Plan, NumberPlan, PrivatePlan, RoutingSettings, SubaddressRule


def identity(config: Config) -> Identity:
    """Return who we are to far machines."""
    return Identity(
        station_id=config.identity.station_id, name=config.identity.name, time_zone=config.identity.time_zone
    )


def routing_settings(config: Config) -> RoutingSettings:
    """Return our domains, who may send, and the DID map."""
    return RoutingSettings(
        domains=tuple(
            Domain(name=name.lower(), plan=_number_plan(domain), exit_codes=domain.exit_codes)
            for name, domain in config.domains.items()
        ),
        rules=tuple(
            Rule(
                name=name,
                who=rule.who,
                to=rule.to,
                allow=not rule.deny,
                approve=rule.approve,
                hours=read_hours(rule.hours) if rule.hours else None,
            )
            for name, rule in config.permissions.items()
        ),
        prices=Prices(
            currency=config.prices.currency,
            minute=config.prices.minute,
            call=config.prices.call,
            step_s=config.prices.step_s,
        ),
        inside=config.receive.own_numbers == "inside",
        line_numbers=tuple(line.number for line in config.lines.values() if line.number and line.receive),
        time_zone=config.identity.time_zone,
        allow_networks=tuple(ip_network(network) for network in config.smtp.allow_networks),
        did=tuple(DidRule(called=called, mailboxes=mailboxes) for called, mailboxes in config.receive.did.items()),
        subaddress=tuple(
            SubaddressRule(subaddress=subaddress, mailboxes=mailboxes)
            for subaddress, mailboxes in config.receive.subaddress.items()
        ),
        catch_all=config.receive.catch_all,
    )


def _number_plan(domain: DomainTable) -> NumberPlan:
    dial = tuple(domain.dial.items())
    if domain.plan == "e164":
        return E164Plan(country=domain.country, area_code=domain.area_code, dial=dial)
    ranges = tuple((low, high) for low, _, high in (written.partition("-") for written in domain.ranges))
    return PrivatePlan(lengths=domain.lengths, ranges=ranges, dial=dial)


def caller_rules(config: Config) -> CallerRules:
    """Return which callers are answered."""
    receive = config.receive
    return CallerRules(
        allow=receive.allow_callers,
        reject=receive.reject_callers,
        reject_names=receive.reject_names,
        reject_unknown=receive.reject_unknown,
        only_allowed=receive.only_allowed,
    )
