"""Checks of [quotas] and [prices]."""

from collections.abc import Iterator

from mailfax.config.check import Problem
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import At
from mailfax.model.quota import LimitFault, read_limits
from mailfax.routing.prices import Prices


def quotas_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find limits that cannot be read, and of what there is not."""
    quotas = config.quotas
    lists: list[tuple[tuple[str, ...], tuple[str, ...]]]
    lists = [(("user",), quotas.user), (("everybody",), quotas.everybody), (("breaker",), quotas.breaker)]
    lists += [(("domains", name), limits) for name, limits in quotas.domains.items()]
    lists += [(("lines", name), limits) for name, limits in quotas.lines.items()]
    for keys, limits in lists:
        try:
            read_limits(limits)
        except LimitFault as error:
            yield Problem(line=at("quotas", *keys), text=f"quotas.{'.'.join(keys)}: {error}", advice="")
    known = {"domains": {name.lower() for name in config.domains}, "lines": set(config.lines)}
    for table, named in (("domains", {name.lower() for name in quotas.domains}), ("lines", set(quotas.lines))):
        for name in sorted(named - known[table]):
            yield Problem(
                line=at("quotas", table, name),
                text=f"quotas.{table}: there is no {table.removesuffix('s')} {name}.",
                advice=f"There are: {', '.join(sorted(known[table]))}.",
            )


def prices_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find prices of what is no destination."""
    for table in ("minute", "call"):
        for key, price in getattr(config.prices, table).items():
            try:
                Prices(minute={key: price})
            except ValueError as error:
                yield Problem(line=at("prices", table, key), text=f"prices.{table}: {error}", advice="")
