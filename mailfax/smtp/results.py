"""What a mail server of ours found out about a mail (Authentication-Results, RFC 8601), read from its topmost header and no other.

Anybody can write such a header. It counts only in a mail that came from the server itself, under the name that was pinned, and only
the topmost: that one it wrote last. The server has to take out those that others wrote in its name (RFC 8601 section 5).
"""

from dataclasses import dataclass
from email.message import Message

from authres import AuthenticationResultsHeader, AuthResError
from authres.core import AuthenticationResult

from mailfax.smtp.alignment import aligned
from mailfax.smtp.author import Written


@dataclass(frozen=True, kw_only=True, slots=True)
class Vouched:
    """The server says that the author is who he says; `how` is the method."""

    how: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NotVouched:
    """It does not; `because` is the end of a sentence. With `later` it could not find out just now."""

    because: str
    later: bool = False


def result_of(header: Message, who: Written, authserv_id: str, *, strict: bool) -> Vouched | NotVouched:
    """Read what the pinned server says of the author."""
    top = next(iter(header.get_all("Authentication-Results", [])), None)
    if top is None:
        return NotVouched(because=f"{authserv_id} says nothing of it")
    try:
        said = AuthenticationResultsHeader.parse(f"Authentication-Results: {' '.join(str(top).split())}")
    except (AuthResError, ValueError, AttributeError, TypeError):
        return NotVouched(because="its topmost Authentication-Results cannot be read")
    if str(said.authserv_id).lower() != authserv_id.lower():
        return NotVouched(because=f"its topmost Authentication-Results is not by {authserv_id}")
    later = False
    for result in said.results:
        method, verdict = str(result.method).lower(), str(result.result).lower()
        if verdict == "pass" and _speaks_for(result, who, strict=strict):
            return Vouched(how=f"{method} by {authserv_id}")
        later |= verdict == "temperror" and method in {"dmarc", "dkim"}
    return NotVouched(because=f"{authserv_id} found no proof of {who.author}", later=later)


def _speaks_for(result: AuthenticationResult, who: Written, *, strict: bool) -> bool:
    """Say whether a passed result is about the author's domain: DMARC of it, or DKIM that is aligned with it."""
    properties = {
        f"{each.type}.{each.name}".lower(): str(each.value).lower().rpartition("@")[2] for each in result.properties
    }
    match str(result.method).lower():
        case "dmarc":
            return properties.get("header.from", "") == who.domain
        case "dkim":
            return aligned(properties.get("header.d", ""), who.domain, strict=strict)
        case _:
            return False
