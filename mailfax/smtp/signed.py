"""DKIM (RFC 6376): whether a mail is signed by its author's own domain, and the signature covers what a fax gateway goes by.

Called by `gateway.proof` in a thread. A signature says nothing of the envelope, so whoever has a signed mail can send it again to anybody:
therefore the numbers have to stand in a signed To or Cc, the signature may not be old, and the caller remembers the mails it has seen (`likeness`).
"""

import hashlib
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from dkim import DKIM, DKIMException

from mailfax.smtp.alignment import Txt, aligned, asks_for_strict, tags
from mailfax.smtp.author import Written, parsed_header

COVERED = ("from", "subject", "to", "cc", "date")  # where they are there
_MOST_TRIED = 3  # signatures of one mail that are looked up
_ALGORITHMS = {"rsa-sha256", "ed25519-sha256"}  # RFC 8301, RFC 8463
_LEAST_KEY_BITS = 1024
_DAY_S = 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """An aligned signature that holds. `digest` names the mail by what was signed, whatever else it is wrapped in."""

    domain: str
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsigned:
    """There is none; `because` is the end of a sentence for the sender."""

    because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SignaturePolicy:
    """What is asked of a signature: alignment, and how old it may be."""

    strict: bool = False
    max_age_s: int = _DAY_S


def signature_of(octets: bytes, who: Written, policy: SignaturePolicy, txt: Txt, now_s: int) -> Signed | Unsigned:
    """Find the signature that speaks for the author of a mail. Raises DnsUnavailable."""
    header = parsed_header(octets)
    fields = [str(value) for value in header.get_all("DKIM-Signature", [])]
    if not fields:
        return Unsigned(because="it has no DKIM signature")
    strict, because = policy.strict, f"no DKIM signature of it is one of {who.domain}"
    tried = 0
    for index, field in enumerate(fields):
        tag = {name: re.sub(r"\s+", "", value) for name, value in tags(field).items()}
        if not aligned(tag.get("d", ""), who.domain, strict=strict) or tried == _MOST_TRIED:
            continue
        tried += 1
        if fault := _fault(tag, header.get("Date"), set(header.keys()), policy, now_s):
            because = fault
            continue
        if fault := _broken(octets, index, tag, txt):
            because = fault
            continue
        if tag["d"].lower() != who.domain and asks_for_strict(who.domain, txt):
            because = f"{who.domain} wants to be signed for by itself, not by {tag['d']}"
            continue
        return Signed(domain=tag["d"].lower(), digest=likeness(octets))
    return Unsigned(because=because)


def likeness(octets: bytes) -> str:
    """Name a mail by what nobody but its author can change: the headers that every signature here has to cover, and the body.

    Spaces count as one, as they do for signatures (RFC 6376 section 3.4). A signature itself is no name: it can be written
    in several ways, and a mail may have two.
    """
    header = parsed_header(octets)
    said = [" ".join(str(header.get(name, "")).split()) for name in COVERED]
    body = octets.partition(b"\r\n\r\n")[2]
    return hashlib.sha256("\n".join(said).encode("utf-8", "surrogateescape") + b"\n" + _plain_body(body)).hexdigest()


def _plain_body(body: bytes) -> bytes:
    """Return a body without what signatures may not see: runs of spaces, spaces at the end of lines, empty lines at the end."""
    return re.sub(rb"[ \t]*\r\n", b"\r\n", re.sub(rb"[ \t]+", b" ", body)).rstrip(b" \r\n")


def is_recent(octets: bytes, policy: SignaturePolicy, now_s: int) -> bool:
    """Say whether the Date of a mail is within the age that a proof may have."""
    written_s = _seconds_of_date(parsed_header(octets).get("Date"))
    return written_s is not None and -_DAY_S < now_s - written_s <= policy.max_age_s


def _fault(tag: dict[str, str], date: object, present: set[str], policy: SignaturePolicy, now_s: int) -> str:
    """Say why a signature would not do even if it held, or nothing."""
    if tag.get("a", "").lower() not in _ALGORITHMS:
        return f"its DKIM signature is made by {tag.get('a', 'nothing')}"
    if "l" in tag:
        return "its DKIM signature leaves out the end of the message"
    covered = {name.lower() for name in tag.get("h", "").split(":")}
    needed = set(COVERED) & {name.lower() for name in present}
    if left := sorted((needed | {"from"}) - covered):
        return f"its DKIM signature does not cover {', '.join(left)}"
    signed_s = _seconds(tag.get("t", "")) or _seconds_of_date(date)
    if signed_s is None:
        return "its DKIM signature does not say when it was made, nor does its Date"
    if now_s - signed_s > policy.max_age_s or (0 < (_seconds(tag.get("x", "")) or 0) < now_s):
        return "its DKIM signature is too old"
    return "its DKIM signature is of the future" if signed_s - now_s > _DAY_S else ""


def _broken(octets: bytes, index: int, tag: dict[str, str], txt: Txt) -> str:
    """Verify a signature; say what is wrong with it, or nothing."""
    records: list[str] = []

    def key(name: bytes, timeout: int = 0) -> bytes | None:  # noqa: ARG001 (dkimpy hands it)
        found = txt(name.decode("ascii").rstrip("."))
        records.extend(found[:1])
        return found[0].encode() if len(found) == 1 else None

    try:
        holds = bool(DKIM(octets, minkey=_LEAST_KEY_BITS).verify(idx=index, dnsfunc=key))
    except (DKIMException, ValueError, KeyError, ArithmeticError, UnicodeError):
        holds = False
    if not holds:
        return "its DKIM signature does not hold"
    flags = tags(records[0]).get("t", "").lower().replace(" ", "").split(":")
    if "y" in flags:
        return f"{tag['d']} is only trying DKIM out"
    if "s" in flags and tag.get("i", "@" + tag["d"]).rpartition("@")[2].lower() != tag["d"].lower():
        return "its DKIM signature is for another name than its key"
    return ""


def _seconds(written: str) -> int | None:
    return int(written) if written.isdigit() and len(written) <= 12 else None


def _seconds_of_date(date: object) -> int | None:
    try:
        return int(parsedate_to_datetime(str(date)).timestamp())
    except (ValueError, OverflowError):
        return None
