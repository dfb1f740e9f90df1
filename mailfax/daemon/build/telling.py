"""What senders and administrators are told, in mails and by webhooks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mailfax.config import Config
from mailfax.daemon.build.units import SECONDS_PER_MINUTE
from mailfax.gateway.hooks import HookEvent, HookTarget
from mailfax.gateway.notification import Patience
from mailfax.gateway.telling import HOUR_US, TellingPolicy
from mailfax.gateway.webhook import HookPoint
from mailfax.model.telling import Event, Proof, Telling
from mailfax.smtp.compose import Letterhead
from mailfax.smtp.language import load_languages


def letterhead(config: Config) -> Letterhead:
    """Return what the mails that we write have in common."""
    name = config.identity.time_zone
    zone = ZoneInfo(name) if name else datetime.now().astimezone().tzinfo
    return Letterhead(hostname=config.smtp.hostname, sender=config.mail.sender, zone=zone or UTC)


def telling_policy(config: Config) -> TellingPolicy:
    """Return what senders are told, and in which languages. Raises OSError, LanguageError."""
    notices = config.notices
    return TellingPolicy(
        usual=Telling(
            events=tuple(Event(event) for event in notices.events),
            language=notices.language,
            copies=notices.confirm,
            proof=Proof(notices.proof),
            trace=False,
        ),
        domains={
            name.lower(): Telling(language=domain.language, copies=domain.confirm or None)
            for name, domain in config.domains.items()
            if domain.language or domain.confirm
        },
        languages=load_languages(notices.languages),
        list_owner=notices.list_owner or administrator(config),
        lists={name.lower(): owner for name, owner in notices.lists.items()},
        window_us=notices.duplicates_h * HOUR_US,
        held_us=notices.preview_days * 24 * HOUR_US,
    )


def administrator(config: Config) -> str:
    """Return who hears what nobody else could be told."""
    return config.notices.administrator or config.receive.catch_all


def patience(config: Config) -> Patience:
    """Return when a sender is told that his fax waits, and when it is given up."""
    return Patience(
        delay_s=config.notices.delayed_min * SECONDS_PER_MINUTE,
        give_up_s=config.queue.give_up_h * SECONDS_PER_MINUTE * 60,
    )


def hook_targets(config: Config) -> tuple[HookTarget, ...]:
    """Return which programs are told of what."""
    return tuple(
        HookTarget(name=name, events=frozenset(HookEvent(event) for event in hook.events))
        for name, hook in config.webhooks.items()
    )


def hook_points(config: Config) -> dict[str, HookPoint]:
    """Return where they listen."""
    return {
        name: HookPoint(url=hook.url, secret_file=hook.secret_file, timeout_s=hook.timeout_s)
        for name, hook in config.webhooks.items()
    }
