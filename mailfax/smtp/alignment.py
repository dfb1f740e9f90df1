"""Whether a domain that signed speaks for the domain that wrote: alignment as DMARC has it (RFC 7489 section 3.1), and the DNS it needs.

`Txt` is how names are looked up: `dns.look_up_txt` in the server, a table in tests.
"""

import re
from collections.abc import Callable
from functools import cache

from publicsuffixlist import PublicSuffixList

Txt = Callable[[str], tuple[str, ...]]
_TAG = re.compile(r"\s*([A-Za-z]+)\s*=\s*([^;]*?)\s*(?:;|$)")


class DnsUnavailable(Exception):
    """A name could not be looked up just now: no answer, or a failure of the server that has it."""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True)


def organisation(domain: str) -> str:
    """Return the organisational domain: the public suffix and one label; the domain itself where it is none."""
    found = _suffixes().privatesuffix(domain.lower().rstrip("."))
    return str(found) if found else domain.lower().rstrip(".")


def aligned(signer: str, author: str, *, strict: bool) -> bool:
    """Say whether a signing domain speaks for an author's domain."""
    signer, author = signer.lower().rstrip("."), author.lower().rstrip(".")
    return signer == author or (not strict and organisation(signer) == organisation(author))


def asks_for_strict(author: str, txt: Txt) -> bool:
    """Say whether the author's domain publishes that DKIM has to be aligned strictly (adkim=s). Raises DnsUnavailable.

    The record of the domain itself counts, else that of its organisation (RFC 7489 section 6.6.3).
    """
    for domain in dict.fromkeys((author.lower(), organisation(author))):
        records = [record for record in txt(f"_dmarc.{domain}") if record.replace(" ", "").startswith("v=DMARC1")]
        if len(records) == 1:
            return tags(records[0]).get("adkim", "r").lower() == "s"
    return False


def tags(record: str) -> dict[str, str]:
    """Read a list of tags, `v=DMARC1; p=none`."""
    return {match[1].lower(): match[2] for match in _TAG.finditer(record)}
