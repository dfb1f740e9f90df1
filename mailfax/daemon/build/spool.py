"""The spool: where it is, what is kept, and what a line may take of it at a time."""

import re
import socket

import msgspec

from mailfax.config import Config
from mailfax.daemon.build.units import MB, SECONDS_PER_MINUTE
from mailfax.spool.records import Batch, Share
from mailfax.spool.retention import RetentionPolicy
from mailfax.spool.settings import SharedDatabase, SpoolSettings


def spool_settings(config: Config) -> SpoolSettings:
    """Return where the spool is and what it leaves free."""
    return SpoolSettings(
        directory=config.data_dir, reserve_bytes=config.spool.reserve_mb * MB, shared=_shared_database(config)
    )


def _shared_database(config: Config) -> SharedDatabase | None:
    spool = config.spool
    if not spool.database:
        return None
    return SharedDatabase(
        url=spool.database,
        node=spool.node or re.sub(r"[^a-z0-9_-]", "-", socket.gethostname().partition(".")[0].lower()),
        password_file=spool.password_file,
        pages_folder=spool.pages_folder,
        lease_s=spool.lease_s,
        lost_after_s=spool.lost_after_min * SECONDS_PER_MINUTE,
    )


def retention_policy(config: Config) -> RetentionPolicy:
    """Return how long what is done with is kept."""
    return RetentionPolicy(**msgspec.structs.asdict(config.retention))


def batch(config: Config) -> Batch:
    """Return how much one call may take."""
    return Batch(max_jobs=config.queue.batch_faxes, max_pages=config.queue.batch_pages)


def share(config: Config, name: str) -> Share:
    """Return which jobs a line may take, and what it leaves to the others of its group."""
    group = config.lines[name].group
    suited = tuple(
        domain.lower() for domain, about in config.domains.items() if not about.groups or group in about.groups
    )
    return Share(
        domains=None if len(suited) == len(config.domains) else suited,
        group=tuple(other for other, line in config.lines.items() if line.group == group and line.receive),
        keep_free=config.groups[group].keep_free if group in config.groups and config.lines[name].receive else 0,
        stagger_s=config.queue.stagger_s,
    )
