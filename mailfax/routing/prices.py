"""What a number costs: by the beginning of its canonical form, else by its country, else by its class. Pure; asked by `outbound` for each recipient."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailfax.model.tariff import MICRO, Tariff
from mailfax.routing.kinds import Kind
from mailfax.routing.rules import ANY_KIND, COUNTRY, PREFIX

Table = Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """Prices of a minute and of a call, in units of `currency`; what no key of them names is free."""

    currency: str = ""
    minute: Table = field(default_factory=dict)
    call: Table = field(default_factory=dict)
    step_s: int = 60

    def __post_init__(self) -> None:
        for key, price in (*self.minute.items(), *self.call.items()):
            if not (key in {ANY_KIND, *Kind} or COUNTRY.fullmatch(key) or PREFIX.fullmatch(key)):
                raise ValueError(f"{key!r} is no destination: write any, a class, a country such as DE, or +4930.")
            if price < 0:
                raise ValueError(f"{key} costs less than nothing.")

    def tariff(self, canonical: str, country: str, kind: Kind) -> Tariff:
        """Return what calls to a number in its canonical form cost."""

        def price(table: Table) -> int:
            beginnings = [key for key in table if PREFIX.fullmatch(key) and canonical.startswith(key)]
            keys = (max(beginnings, key=len, default=""), country, kind.value, ANY_KIND)
            return round(next((table[key] for key in keys if key and key in table), 0.0) * MICRO)

        return Tariff(
            kind=kind.value,
            country=country,
            minute_micro=price(self.minute),
            call_micro=price(self.call),
            step_s=self.step_s,
        )


NO_PRICES = Prices()
