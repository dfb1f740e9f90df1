"""Lists of members, and documents on a calendar."""

from collections.abc import Callable
from pathlib import Path

from mailfax.config import Config
from mailfax.config.tables.lists import MailList as ListTable
from mailfax.daemon.build.routing import routing_settings
from mailfax.daemon.build.telling import letterhead
from mailfax.gateway.acceptance import Intake
from mailfax.gateway.calendar import calendar
from mailfax.gateway.clockwatch import ClockWatch
from mailfax.gateway.listreports import Reporter
from mailfax.gateway.maillist import MailList, MailLists, Query
from mailfax.gateway.posting import Posting
from mailfax.gateway.schedules import Schedule, ScheduleDesk
from mailfax.spool import posts
from mailfax.spool.blobs import BlobStore
from mailfax.spool.store import Store


def mail_lists(config: Config) -> MailLists:
    """Return the lists of [lists.NAME]."""
    return MailLists(by_name={name: _mail_list(name, each) for name, each in config.lists.items()})


def _mail_list(name: str, each: ListTable) -> MailList:
    if each.members is not None:
        source: Path | Query = each.members
    else:
        source = Query(database=each.database or "", sql=each.query or "", password_file=each.password_file)
    return MailList(
        name=name,
        source=source,
        owner=each.owner,
        post=each.post,
        domain=(each.domain or "").lower(),
        moderated=each.moderated,
        moderators=each.moderators,
        per_hour=each.per_hour,
        lines=each.lines,
        footer=each.footer,
    )


def footer_of(config: Config, store: Store) -> Callable[[str], str]:
    """Return what finds the footer of the list that a mail was posted to; empty for one that was not."""

    def footer(submission_id: str) -> str:
        post = posts.load(store, submission_id) if config.lists else None
        return config.lists[post.list_name].footer if post and post.list_name in config.lists else ""

    return footer


def post_room(config: Config) -> int:
    """Return how many faxes of one post are in the queue at once: as many again as there are lines, so that none waits for the next."""
    return 2 * max(1, sum(line.send for line in config.lines.values()))


def reporter(config: Config, store: Store, blobs: BlobStore, now_us: Callable[[], int]) -> Reporter:
    """Return what makes the reports of posts."""
    domain = next(iter(config.domains)).lower()
    return Reporter(store=store, blobs=blobs, letterhead=letterhead(config), now_us=now_us, domain=domain)


def schedules(config: Config) -> dict[str, Schedule]:
    """Return the schedules of [schedules.NAME]. A folder or file that is not there is found out when it is due."""
    return {
        name: Schedule(
            name=name,
            calendar=calendar(each.rule, each.begin, each.zone or config.identity.time_zone or "UTC"),
            to=each.to,
            user=each.user,
            sender=each.sender,
            subject=each.subject,
            folder=each.folder,
            file=each.file,
            command=each.command,
            run_late=each.missed == "latest",
        )
        for name, each in config.schedules.items()
    }


def schedule_desk(
    config: Config, intake: Intake, now_us: Callable[[], int], clock: ClockWatch | None = None
) -> ScheduleDesk:
    """Return what runs the schedules."""
    posting = Posting(
        store=intake.store,
        blobs=intake.blobs,
        new_id=intake.new_id,
        routing=routing_settings(config),
        quotas=intake.quotas,
        now_us=now_us,
    )
    return ScheduleDesk(
        intake=intake,
        posting=posting,
        lists=mail_lists(config),
        schedules=schedules(config),
        letterhead=letterhead(config),
        clock=clock,
    )
