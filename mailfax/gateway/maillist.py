"""The lists of the configuration: what each is, who may post to it, and which address is one. Made by `daemon.build`.

A list is a recipient like a number: `customers@fax.lan`, its name where the number would stand. Names begin with a letter, so none is a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailfax.model.address import AddressError, FaxAddress, split_mailbox
from mailfax.routing.permission import Asker, is_party
from mailfax.routing.settings import RoutingSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Members by a query of a database that is not ours."""

    database: str
    sql: str
    password_file: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MailList:
    """One list. `post` are parties as in a rule of permissions; `per_hour` and `lines` are 0 for no limit.

    `source` is a file (numbers, or CSV with a header) or a query. `footer` stands at the foot of every page: how to opt out.
    """

    name: str
    source: Path | Query
    owner: str
    post: tuple[str, ...] = ()
    domain: str = ""
    moderated: bool = False
    moderators: tuple[str, ...] = ()
    per_hour: int = 0
    lines: int = 0
    footer: str = ""

    def may_post(self, asker: Asker) -> bool:
        """Say whether somebody may post; nobody may who is not named."""
        return any(is_party(asker, party) for party in self.post)


@dataclass(frozen=True, kw_only=True, slots=True)
class MailLists:
    """All lists, by name."""

    by_name: Mapping[str, MailList] = field(default_factory=dict)

    def addressed(self, mailbox: str, routing: RoutingSettings) -> MailList | None:
        """Return the list that an address in one of our domains names."""
        try:
            local, domain = split_mailbox(mailbox)
        except AddressError:
            return None
        return self.by_name.get(local.strip('"').lower()) if routing.domain(domain) is not None else None

    def named(self, address: FaxAddress) -> MailList | None:
        """Return the list that stands in the place of a number."""
        return self.by_name.get(address.number)
