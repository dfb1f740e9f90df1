"""Replies of aiosmtpd's own, given the enhanced status codes of RFC 2034; and our trace header. The dialogue uses both."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime

from mailfax.smtp.door import Client

_ENHANCED_OK = {"250 OK": "250 2.0.0 OK", "221 Bye": "221 2.0.0 Bye"}
_ENHANCED = {
    "421": "4.3.0",
    "451": "4.3.0",
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
}
_HAS_ENHANCED = re.compile(r"[245][0-9]{2}[ -][245]\.[0-9]{1,3}\.[0-9]{1,3} ")


def enhanced(reply: str) -> str:
    """Give a reply its enhanced status code where RFC 2034 wants one."""
    if reply in _ENHANCED_OK:
        return _ENHANCED_OK[reply]
    code = reply[:3]
    if code[0] not in "45" or _HAS_ENHANCED.match(reply):
        return reply
    return f"{code} {_ENHANCED.get(code, code[0] + '.0.0')} {reply[4:]}"


def received(client: Client, protocol: str, hostname: str, now_us: int) -> bytes:
    """Write our trace header (RFC 5321 section 4.4). `protocol` is SMTP, ESMTP or LMTP; what RFC 3848 adds is added here."""
    helo = re.sub(r"[^A-Za-z0-9.:\[\]_-]", "?", client.helo)
    where = f"[IPv6:{client.ip}]" if client.ip.count(":") > 1 else f"[{client.ip}]"
    protocol += ("S" if client.tls else "") + ("A" if client.identity and not client.local_user else "")
    by = f"local user {client.local_user}" if client.local_user else where
    date = format_datetime(datetime.fromtimestamp(now_us / 1_000_000, UTC))
    return f"Received: from {helo} ({by})\r\n\tby {hostname} (mailfax) with {protocol};\r\n\t{date}\r\n".encode("ascii")
