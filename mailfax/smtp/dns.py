"""TXT records from the domain name system, for `signed` and `alignment`. Called in a thread; the only code that asks DNS."""

import dns.exception
import dns.name
import dns.resolver

from mailfax.smtp.alignment import DnsUnavailable

_PATIENCE_S = 8.0


def look_up_txt(name: str) -> tuple[str, ...]:
    """Return the TXT records of a name, none where there is no such name. Raises DnsUnavailable."""
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=_PATIENCE_S, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel, UnicodeError):
        return ()  # nothing can have this name
    except (dns.exception.DNSException, OSError) as error:
        raise DnsUnavailable(f"{name} could not be looked up: {error}") from error
    return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in answer)
