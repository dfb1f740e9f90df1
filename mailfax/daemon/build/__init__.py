"""From the configuration to each package's own settings, and to lines: the one place where the two meet."""

from collections.abc import Callable

from mailfax.config import Config
from mailfax.daemon.build.lines import (
    call_policy,
    duties,
    exchange_settings,
    exchange_socket,
    health_policy,
    line_opener,
    offer,
    profiles,
    wished_modem,
)
from mailfax.daemon.build.lists import footer_of, mail_lists, post_room, reporter, schedule_desk, schedules
from mailfax.daemon.build.mail import mailboxes, outgoing_settings, smtp_settings
from mailfax.daemon.build.pages import render_settings
from mailfax.daemon.build.routing import caller_rules, identity, routing_settings
from mailfax.daemon.build.spool import batch, retention_policy, share, spool_settings
from mailfax.daemon.build.taking import cover_policy, intake, plan_policy, quota_policy, trust_policy
from mailfax.daemon.build.telling import administrator, hook_points, hook_targets, letterhead, patience, telling_policy

__all__ = [
    "LINE_SETTINGS",
    "SETTINGS",
    "administrator",
    "batch",
    "call_policy",
    "caller_rules",
    "cover_policy",
    "duties",
    "exchange_settings",
    "exchange_socket",
    "footer_of",
    "health_policy",
    "hook_points",
    "hook_targets",
    "identity",
    "intake",
    "letterhead",
    "line_opener",
    "mail_lists",
    "mailboxes",
    "offer",
    "outgoing_settings",
    "patience",
    "plan_policy",
    "post_room",
    "profiles",
    "quota_policy",
    "render_settings",
    "reporter",
    "retention_policy",
    "routing_settings",
    "schedule_desk",
    "schedules",
    "share",
    "smtp_settings",
    "spool_settings",
    "telling_policy",
    "trust_policy",
    "wished_modem",
]

# All of the above, for `checks`: what these take, `serve` and its lines take.
SETTINGS: tuple[Callable[[Config], object], ...] = (
    spool_settings,
    identity,
    routing_settings,
    trust_policy,
    quota_policy,
    smtp_settings,
    outgoing_settings,
    mailboxes,
    letterhead,
    telling_policy,
    administrator,
    patience,
    hook_targets,
    hook_points,
    retention_policy,
    render_settings,
    cover_policy,
    call_policy,
    exchange_socket,
    exchange_settings,
    profiles,
    batch,
    mail_lists,
    post_room,
    schedules,
    plan_policy,
    health_policy,
    caller_rules,
)
LINE_SETTINGS: tuple[Callable[[Config, str], object], ...] = (offer, duties, share, wished_modem, line_opener)
