"""Checks of [smtp]: the door."""

from collections.abc import Iterator
from ipaddress import ip_network

from mailfax.config.check import Problem
from mailfax.config.endpoint import parse_endpoint
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import HOSTNAME, At
from mailfax.config.tables.smtp import Smtp


def smtp_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find what is wrong with the door."""
    smtp = config.smtp
    if not HOSTNAME.fullmatch(smtp.hostname):
        yield Problem(
            line=at("smtp", "hostname"),
            text=f"smtp.hostname: {smtp.hostname!r} is no host name.",
            advice='Write for example "fax.example.org".',
        )
    yield from _addresses(smtp, at)
    if (smtp.certificate is None) != (smtp.key is None):
        there, lacking = ("certificate", "key") if smtp.key is None else ("key", "certificate")
        yield Problem(
            line=at("smtp", there),
            text=f"smtp.{there}: it is of no use without smtp.{lacking}.",
            advice='Write both, for example  certificate = "fullchain.pem"  and  key = "privkey.pem" .',
        )
    for name in ("submission", "submissions"):
        if getattr(smtp, name) and smtp.certificate is None:
            yield Problem(
                line=at("smtp", name),
                text=f"smtp.{name}: people log in there, and a password is not heard without TLS.",
                advice='Add  certificate = "fullchain.pem"  and  key = "privkey.pem" .',
            )
    for network in smtp.allow_networks:
        try:
            ip_network(network)
        except ValueError as error:
            yield Problem(
                line=at("smtp", "allow_networks"),
                text=f"smtp.allow_networks: {error}.",
                advice='Write for example "192.168.1.0/24".',
            )


def _addresses(smtp: Smtp, at: At) -> Iterator[Problem]:
    seen: set[str] = set()
    for name in ("listen", "submission", "submissions"):
        for address in getattr(smtp, name):
            where = at("smtp", name)
            try:
                parse_endpoint(address)
            except ValueError as error:
                advice = 'Write for example "127.0.0.1:8025", or "[::1]:8025".'
                yield Problem(line=where, text=f"smtp.{name}: {error}.", advice=advice)
            if address in seen:
                yield Problem(line=where, text=f"smtp.{name}: {address!r} stands there twice.", advice="Leave one out.")
            seen.add(address)
