"""Checks of [trust]: proofs of the sender."""

from collections.abc import Iterator
from ipaddress import ip_network

from mailfax.config.check import Problem
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import HOSTNAME, At


def trust_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find what could prove nobody, or everybody."""
    trust = config.trust
    for domain in trust.sender_domains:
        if domain != "*" and not HOSTNAME.fullmatch(domain):
            yield Problem(
                line=at("trust", "sender_domains"),
                text=f"trust.sender_domains: {domain!r} is no mail domain.",
                advice='Write for example "example.org", or "*" for every domain.',
            )
    for network in trust.authserv_networks:
        try:
            ip_network(network)
        except ValueError as error:
            yield Problem(
                line=at("trust", "authserv_networks"),
                text=f"trust.authserv_networks: {error}.",
                advice='Write for example "192.168.1.10".',
            )
    if bool(trust.authserv_id) != bool(trust.authserv_networks):
        there, lacking = (
            ("authserv_id", "authserv_networks") if trust.authserv_id else ("authserv_networks", "authserv_id")
        )
        yield Problem(
            line=at("trust", there),
            text=f"trust.{there}: it is of no use without trust.{lacking}.",
            advice="Write both: the name of the server, and where it is.",
        )
    if trust.authserv_id and not trust.sender_domains:
        yield Problem(
            line=at("trust", "authserv_id"),
            text="trust.authserv_id: no domain is believed.",
            advice='Add  sender_domains = ["example.org"] , the domains of your users.',
        )
