"""Checks of [smtp]: the door."""

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

from mailfax.config.check import Problem
from mailfax.config.endpoint import parse_endpoint, unix_path
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
    yield from _addresses(smtp, config.data_dir, at)
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
    for name in ("allow_networks", "proxy_networks"):
        for network in getattr(smtp, name):
            try:
                ip_network(network)
            except ValueError as error:
                advice = 'Write for example "192.168.1.0/24".'
                yield Problem(line=at("smtp", name), text=f"smtp.{name}: {error}.", advice=advice)
    for local, user in smtp.local_users.items():
        if not local or not user:
            yield Problem(
                line=at("smtp", "local_users"),
                text="smtp.local_users: it needs a user of this machine, and a user of mailfax.",
                advice='Write for example  local_users = { postfix = "relay" } .',
            )


def _addresses(smtp: Smtp, data_dir: Path, at: At) -> Iterator[Problem]:
    seen: set[str] = set()
    for name in ("listen", "submission", "submissions", "lmtp"):
        for address in getattr(smtp, name):
            where = at("smtp", name)
            try:
                if name != "lmtp" or unix_path(address, data_dir) is None:
                    parse_endpoint(address)
            except ValueError as error:
                advice = 'Write for example "127.0.0.1:8025", or "[::1]:8025".'
                yield Problem(line=where, text=f"smtp.{name}: {error}.", advice=advice)
            if address in seen:
                yield Problem(line=where, text=f"smtp.{name}: {address!r} stands there twice.", advice="Leave one out.")
            seen.add(address)
