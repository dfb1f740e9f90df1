"""What a mail is judged by when it is taken: proofs, quotas, covers, hours."""

import os
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

from mailfax.config import Config
from mailfax.gateway.acceptance import Intake
from mailfax.gateway.covers import CoverPolicy
from mailfax.gateway.planning import NamedHours, PlanPolicy
from mailfax.gateway.proof import TrustPolicy
from mailfax.gateway.quotas import QuotaPolicy
from mailfax.model.ids import IdMaker
from mailfax.model.options import NO_COVER, USUAL_COVER
from mailfax.model.quota import read_limits
from mailfax.render.coverset import load_covers
from mailfax.smtp.signed import SignaturePolicy
from mailfax.spool.blobs import BlobStore
from mailfax.spool.store import Store


def intake(config: Config, store: Store, blobs: BlobStore, new_id: IdMaker) -> Intake:
    """Return where mails are put."""
    return Intake(
        store=store,
        blobs=blobs,
        new_id=new_id,
        covers=cover_policy(config),
        quotas=quota_policy(config),
        plans=plan_policy(config),
    )


def quota_policy(config: Config) -> QuotaPolicy:
    """Return how much may be sent."""
    quotas = config.quotas
    return QuotaPolicy(
        user=read_limits(quotas.user),
        domains={name.lower(): read_limits(limits) for name, limits in quotas.domains.items()},
        lines={name: read_limits(limits) for name, limits in quotas.lines.items()},
        everybody=read_limits(quotas.everybody),
        breaker=read_limits(quotas.breaker),
        time_zone=config.identity.time_zone,
        give_up_s=config.queue.give_up_h * 3600,
    )


def trust_policy(config: Config) -> TrustPolicy:
    """Return by what a mail may prove who sends it."""
    trust = config.trust
    return TrustPolicy(
        domains=tuple(domain.lower() for domain in trust.sender_domains),
        check_dkim=trust.check_dkim,
        authserv_id=trust.authserv_id,
        authserv_networks=tuple(ip_network(network) for network in trust.authserv_networks),
        signature=SignaturePolicy(strict=trust.alignment == "strict", max_age_s=trust.max_age_h * 3600),
        tokens=trust.tokens,
    )


def cover_policy(config: Config) -> CoverPolicy:
    """Return the covers, read from their folder, and the rules for them. Raises OSError, ValueError."""
    cover = config.cover
    covers = load_covers(cover.folder)
    domains = {name.lower(): domain.cover.lower() for name, domain in config.domains.items() if domain.cover}
    return CoverPolicy(
        covers=covers,
        rule=USUAL_COVER if cover.when == "always" else NO_COVER,
        when_named=cover.when == "named",
        domains=domains,
        usual=cover.template.lower(),
        contact=cover.contact or config.receive.catch_all,
        with_text=cover.text == "cover",
    )


def plan_policy(config: Config) -> PlanPolicy:
    """Return when faxes may be called, and whose go last."""
    return PlanPolicy(
        hours={
            name: NamedHours(written=table.hours, at_destination=table.zone == "destination")
            for name, table in config.hours.items()
        },
        usual=config.queue.hours,
        bulk_numbers=config.queue.bulk_numbers,
        zone=config.identity.time_zone or _zone_of_this_machine(),
    )


def _zone_of_this_machine() -> str:
    """Return the IANA name of the machine's own zone, where it can be known."""
    place = Path("/etc/localtime").resolve()
    parts = place.parts[place.parts.index("zoneinfo") + 1 :] if "zoneinfo" in place.parts else ()
    name = os.environ.get("TZ", "").lstrip(":") or "/".join(parts)
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError):
        return "UTC"
