"""A user is one virtual fax machine: who may log in, in whose name he writes, and what far machines see of him.

Kept by `spool.users`, made by `mailfax user`; asked when somebody logs in, when a recipient is judged, and before a call.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from mailfax.model.quota import Limit
from mailfax.model.telling import Telling

ANY_ADDRESS = "*"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_GROUP = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_OWN_NUMBER = re.compile(r"\+?[0-9]{1,20}")
_COVER = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}|")
_STATION_ID = re.compile(r"[ -~]{0,20}")  # T.30, 5.3.6.2.4: 20 characters


class Role(StrEnum):
    """What a user is beside a sender. An operator may release and cancel what others sent; an admin also hears alarms."""

    USER = "user"
    OPERATOR = "operator"
    ADMIN = "admin"


class UserError(ValueError):
    """The record makes no sense; the text is one plain sentence for whoever wrote it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """One user. What is empty is as in [identity], [cover] and [quotas].

    `addresses` are the mail addresses that are his: `anna@example.org`, `@example.org` for all of a domain, `*` for any.
    `station_id` is what far machines show (TSI), `header_name` and `time_zone` (IANA) stand in the line above each page.
    `numbers` are his own (DIDs): faxes for them go to his `mailbox`, or to the first of his addresses.
    `telling` is which notices he gets, in which language, and who gets them besides.
    """

    name: str
    addresses: tuple[str, ...]
    groups: tuple[str, ...] = ()
    station_id: str = ""
    header_name: str = ""
    time_zone: str = ""
    mailbox: str = ""
    numbers: tuple[str, ...] = ()
    roles: tuple[Role, ...] = (Role.USER,)
    quota: tuple[Limit, ...] = ()
    cover: str = ""
    telling: Telling = field(default_factory=Telling)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UserError(
                f"{self.name!r} is no user name: use a-z, 0-9 and . _ @ + - , at most 64, a letter or digit first."
            )
        if not self.addresses:
            raise UserError(
                "A user needs a mail address that is his: anna@example.org, @example.org for a whole domain, or * for any."
            )
        for address in self.addresses:
            if address != ANY_ADDRESS and not address.rpartition("@")[2]:
                raise UserError(f"{address!r} is no mail address.")
        for group in self.groups:
            if not _GROUP.fullmatch(group):
                raise UserError(f"{group!r} is no name of a group: use a-z, 0-9 and . _ - , at most 32.")
        if not _STATION_ID.fullmatch(self.station_id):
            raise UserError(f"T.30 cannot carry the station id {self.station_id!r}: ASCII, at most 20 characters.")
        if not self.header_name.isprintable():
            raise UserError(f"The header name {self.header_name!r} has a letter that cannot be printed.")
        if not _COVER.fullmatch(self.cover):
            raise UserError(f"{self.cover!r} is no name of a cover: letters and digits, - and _ between them.")
        for number in self.numbers:
            if not _OWN_NUMBER.fullmatch(number):
                raise UserError(f"{number!r} is no telephone number: write digits, perhaps with a + before them.")
        if self.numbers and not self.inbox:
            raise UserError("A user with a number of his own needs a mailbox for what comes in on it.")

    @property
    def inbox(self) -> str:
        """Return where his faxes and the mails to him go: his mailbox, else the first address that is whole; empty if there is none."""
        whole = (address for address in self.addresses if address.rpartition("@")[0])
        return self.mailbox or next(whole, "")

    def owns(self, address: str) -> bool:
        """Say whether he may write in the name of a mail address; large and small letters are the same."""
        wanted = address.lower()
        domain = "@" + wanted.rpartition("@")[2]
        return any(mine in {ANY_ADDRESS, wanted, domain} for mine in map(str.lower, self.addresses))


def user_name(written: str) -> str:
    """Return a user name as it is kept: in small letters, as people log in with any."""
    return written.strip().lower()
