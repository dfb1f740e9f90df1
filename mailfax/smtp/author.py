"""Who a mail says wrote it, and whom it says it is for: the header as a proof of the sender needs it, strictly. Pure; read by `signed`, `results` and the gateway."""

from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32
from email.utils import getaddresses

_ONCE = ("From", "Sender", "To", "Cc", "Subject", "Date")  # RFC 5322 section 3.6


class HeaderFault(ValueError):
    """The header proves nothing; the text is one plain sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What the header of a mail says. `author` is the one address of From, `named` are those of To and Cc, in comparable form."""

    author: str
    named: frozenset[str]

    @property
    def domain(self) -> str:
        """Return the domain of the author, in small letters."""
        return domain_of(self.author)


def parsed_header(octets: bytes) -> Message:
    """Return the header block of a message; letters that are not ASCII are read as UTF-8 where they are (RFC 6532)."""
    end = octets.find(b"\r\n\r\n")
    block = octets[: end + 2] if end >= 0 else octets
    return HeaderParser(policy=compat32).parsestr(block.decode("utf-8", "surrogateescape"))


def written(header: Message) -> Written:
    """Read From, To and Cc. Raises HeaderFault unless there is one From with one address, and no header twice that may be once."""
    for name in _ONCE:
        if len(header.get_all(name, [])) > 1:
            raise HeaderFault(f"It has more than one header {name}.")
    authors = [address for _, address in getaddresses([str(header.get("From", ""))]) if address]
    if len(authors) != 1 or not domain_of(authors[0]):
        raise HeaderFault("Its From is not one mail address.")
    addressed = getaddresses([str(value) for name in ("To", "Cc") for value in header.get_all(name, [])])
    return Written(author=authors[0], named=frozenset(comparable(address) for _, address in addressed if address))


def comparable(address: str) -> str:
    """Return an address in a form in which two spellings of it are equal: the domain in small letters, no quotes."""
    local, _, domain = address.rpartition("@")
    return local.strip('"') + "@" + domain.lower().rstrip(".") if domain else address


def domain_of(address: str) -> str:
    """Return the domain of an address in small letters, or nothing."""
    return address.rpartition("@")[2].lower().rstrip(".") if "@" in address else ""
