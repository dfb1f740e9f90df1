"""The shape of the configuration file: every table and key, its type, its default, and what it means.

Each table has its file in `config.tables`. `docs/configuration.md` is generated from the descriptions there.
"""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, field

from mailfax.config.tables.calls import Calls, Destination
from mailfax.config.tables.cover import Cover
from mailfax.config.tables.domain import Domain
from mailfax.config.tables.exchange import Exchange
from mailfax.config.tables.hours import NamedHours
from mailfax.config.tables.identity import Identity
from mailfax.config.tables.imap import Imap
from mailfax.config.tables.line import Group, Line
from mailfax.config.tables.lists import MailList
from mailfax.config.tables.mail import Mail
from mailfax.config.tables.modems import Modems
from mailfax.config.tables.notices import Notices, Webhook
from mailfax.config.tables.permission import Permission
from mailfax.config.tables.queue import Queue
from mailfax.config.tables.quotas import Prices, Quotas
from mailfax.config.tables.receive import Receive
from mailfax.config.tables.render import Render
from mailfax.config.tables.retention import Retention
from mailfax.config.tables.schedules import Schedule
from mailfax.config.tables.section import Section
from mailfax.config.tables.smtp import Smtp
from mailfax.config.tables.spool import Spool
from mailfax.config.tables.trust import Trust


class Config(Section, frozen=True, kw_only=True):
    """The whole file."""

    data_dir: Annotated[
        Path, Meta(description="Folder of the queue, the pages and the received faxes. Relative to the file.")
    ] = Path("mailfax-data")
    smtp: Smtp = Smtp()
    trust: Trust = Trust()
    domains: dict[str, Domain]
    permissions: dict[str, Permission] = field(default_factory=dict)
    quotas: Quotas = Quotas()
    prices: Prices = Prices()
    receive: Receive
    mail: Mail = Mail()
    imap: dict[str, Imap] = field(default_factory=dict)
    notices: Notices = Notices()
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    identity: Identity = Identity()
    lines: dict[str, Line]
    groups: dict[str, Group] = field(default_factory=dict)
    calls: Calls = Calls()
    modems: Modems = Modems()
    destinations: dict[str, Destination] = field(default_factory=dict)
    exchange: Exchange = Exchange()
    render: Render = Render()
    cover: Cover = Cover()
    queue: Queue = Queue()
    hours: dict[str, NamedHours] = field(default_factory=dict)
    spool: Spool = Spool()
    retention: Retention = Retention()
    lists: dict[str, MailList] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
