"""A domain that signs its mail, and the domain name system that has its key; for tests of DKIM."""

import subprocess
from dataclasses import dataclass, field
from functools import cache

import dkim

from mailfax.smtp.alignment import DnsUnavailable


@cache
def key_pair(bits: int = 1024) -> tuple[bytes, str]:
    """Return a private key (PEM) and the public one as it stands in DNS."""
    private = subprocess.run(["openssl", "genrsa", "-traditional", str(bits)], check=True, capture_output=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout"], input=private, check=True, capture_output=True).stdout
    return private, "".join(public.decode().splitlines()[1:-1])


@dataclass
class Dns:
    """Names and their TXT records; names that are `down` cannot be looked up now."""

    records: dict[str, tuple[str, ...]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> tuple[str, ...]:
        self.asked.append(name)
        if name in self.down:
            raise DnsUnavailable(name)
        return self.records.get(name, ())

    def publish(self, domain: str, flags: str = "", bits: int = 1024) -> None:
        self.records[f"s1._domainkey.{domain}"] = (f"v=DKIM1; k=rsa; {flags}p={key_pair(bits)[1]}",)


HEADERS = [b"from", b"to", b"cc", b"subject", b"date"]


def signed(
    octets: bytes,
    domain: str,
    headers: list[bytes] | None = None,
    *,
    length: bool = False,
    bits: int = 1024,
    selector: str = "s1",
) -> bytes:
    """Return the mail with a signature of the domain on it."""
    field = dkim.sign(
        octets,
        selector.encode(),
        domain.encode(),
        key_pair(bits)[0],
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=list(headers or HEADERS),
        length=length,
    )
    return bytes(field) + octets
