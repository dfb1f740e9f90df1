"""Who made a far machine, as far as its NSF says: T.35 country code and provider code. Used to explain frames.

Non-standard facilities (T.30, 5.3.6.2.7) begin with the country code of T.35, annex A; the provider codes behind it are given out
by each country, so only those that were checked are named. Many machines write the country with its bits turned around.
"""

from dataclasses import dataclass

from mailfax.t30.wire import REVERSED

COUNTRIES = {
    0x00: "Japan",
    0x04: "Germany",
    0x20: "Canada",
    0x26: "China",
    0x3D: "France",
    0x61: "Korea",
    0xB4: "United Kingdom",
    0xB5: "United States",
}
PROVIDERS = {(0xB5, b"\x00\xaa"): "HylaFAX"}
_LEAST_TEXT = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Maker:
    """What an NSF tells: a country, a provider code with its name if it is known, and the station name that some hold."""

    country: str
    provider: str
    text: str

    def __str__(self) -> str:
        """Say it in one line."""
        return ", ".join(filter(None, (self.country, self.provider, self.text and f'"{self.text}"')))


def read_maker(fif: bytes) -> Maker | None:
    """Read an NSF, NSC or NSS; None for an empty one. The country as printed is believed before the turned one."""
    if not fif:
        return None
    country = fif[0] if fif[0] in COUNTRIES else REVERSED[fif[0]]
    provider = fif[1:3]
    return Maker(
        country=COUNTRIES.get(country, f"country {fif[0]:02X}"),
        provider=PROVIDERS.get((country, provider), f"provider {provider.hex(' ').upper()}" if provider else ""),
        text=_longest_text(fif[3:]) or _longest_text(bytes(REVERSED[octet] for octet in fif[3:])),
    )


def _longest_text(octets: bytes) -> str:
    """Return the longest run of letters, figures and blanks, if it is long enough to be a name."""
    runs = "".join(chr(o) if chr(o).isascii() and (chr(o).isalnum() or chr(o) in " -+.") else "\n" for o in octets)
    longest = max(runs.split("\n"), key=len).strip()
    return longest if len(longest) >= _LEAST_TEXT else ""
