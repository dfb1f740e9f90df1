"""Who made a far machine, as far as its NSF says: T.35 country code and provider code. Used to explain frames.

Non-standard facilities (T.30, 5.3.6.2.7) begin with the country code of T.35, annex A; the provider codes behind it are given out
by each country. The makers here are those that are met most, by the codes that HylaFAX and libspandsp have seen of them. Until 2003
T.30 did not say which bit of an NSF comes first, so a code is looked for as it stands and with its bits turned around.
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
PROVIDERS = {
    0x00: {
        0x0009: "Xerox or Toshiba",
        0x000E: "Panasonic",
        0x0011: "Canon",
        0x0019: "Xerox",
        0x0021: "OKI or Lanier",
        0x0025: "Ricoh",
        0x0026: "Konica",
        0x002D: "Sony",
        0x0031: "Sharp",
        0x0045: "Muratec",
        0x0051: "Sanyo",
        0x0056: "Brother",
        0x0059: "Fujitsu",
        0x0061: "Casio",
        0x0066: "Utax or Mita",
        0x0079: "Panasonic",
        0x1000: "Funai",
        0x7000: "Kyocera",
        0xB000: "Minolta",
    },
    0x61: {
        **dict.fromkeys((0x0008, 0x0019, 0x0031, 0x0043, 0x0045, 0x005A, 0x0068), "Samsung"),
        0x005B: "Xerox",
        0x007A: "Xerox",
    },
    0xB5: {
        0x0020: "Conexant",
        0x0030: "Dialogic",
        0x003A: "IBM",
        0x004A: "Lucent",
        0x0060: "Commetrex",
        0x0062: "Brooktrout",
        0x0064: "Gammalink",
        0x0066: "Castelle",
        0x006C: "HP",
        0x006E: "Microsoft",
        0x0076: "Microsoft",
        0x007A: "Pitney Bowes",
        0x0098: "Xerox",
        0x00A2: "Murata",
        0x00A4: "Lanier",
        0x00A8: "Lexmark",
        0x00AA: "HylaFAX",
    },
}
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
    """Read an NSF, NSC or NSS; None for an empty one. What stands there is believed before its turned form."""
    if not fif:
        return None
    country = fif[0] if fif[0] in COUNTRIES else REVERSED[fif[0]]
    provider = fif[1:3]
    makers, turned = PROVIDERS.get(country, {}), bytes(REVERSED[octet] for octet in provider)
    name = makers.get(int.from_bytes(provider)) or makers.get(int.from_bytes(turned)) if len(provider) == 2 else None
    return Maker(
        country=COUNTRIES.get(country, f"country {fif[0]:02X}"),
        provider=name or (f"provider {provider.hex(' ').upper()}" if provider else ""),
        text=_longest_text(fif[3:]) or _longest_text(bytes(REVERSED[octet] for octet in fif[3:])),
    )


def _longest_text(octets: bytes) -> str:
    """Return the longest run of letters, figures and blanks, if it is long enough to be a name."""
    runs = "".join(chr(o) if chr(o).isascii() and (chr(o).isalnum() or chr(o) in " -+.") else "\n" for o in octets)
    longest = max(runs.split("\n"), key=len).strip()
    return longest if len(longest) >= _LEAST_TEXT else ""
