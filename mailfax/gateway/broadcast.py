"""Posts on their way: written down as faxes in slices, released by a moderator, sent at the pace of their list, reported once at the end.

Called by the server's workers. Each step does a little for every post that is not done; all of it may be cut off anywhere and goes on from the rows.
"""

from collections.abc import Callable, Mapping

import structlog

from mailfax.gateway.listreports import Reporter
from mailfax.gateway.maillist import MailList
from mailfax.gateway.members import Plan, Planned, decode_plan
from mailfax.gateway.resting import Resting
from mailfax.model.address import FaxAddress
from mailfax.model.addressee import Addressee, line, person
from mailfax.model.job import Job, JobState
from mailfax.model.options import SendOptions
from mailfax.model.outcome import Outcome
from mailfax.model.plan import CallPlan, Priority
from mailfax.model.post import Post, PostState
from mailfax.model.submission import Notify, Recipient
from mailfax.spool import posts
from mailfax.spool.blobs import BlobStore
from mailfax.spool.store import Store

_log = structlog.get_logger()
SLICE = 200  # faxes written down in one transaction
ADDRESS_COLUMNS = ("company", "department", "street", "zip", "town", "city", "country")
US_PER_HOUR = 3_600_000_000


class BroadcastDesk:
    """Works on all posts that are not done. `room` is how many faxes of a list without a limit are in the queue at once."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        lists: Mapping[str, MailList],
        reporter: Reporter,
        room: int,
        now_us: Callable[[], int],
        clock_s: Callable[[], float],
        rest: Callable[[float], None],
    ) -> None:
        self._store, self._blobs, self._lists, self._reporter = store, blobs, lists, reporter
        self._room, self._now_us, self._clock_s, self._rest = room, now_us, clock_s, rest
        self._plans: dict[str, Plan] = {}
        self._next_us: dict[str, int] = {}
        self._resting = Resting()

    def step(self) -> bool:
        """Do the next bit of each post; False when nothing is to be done before something else changes."""
        now_us = self._now_us()
        resting, busy = self._resting.now(now_us), False
        for post in posts.unfinished(self._store):
            if post.id not in resting:
                with self._resting.unless_done(post.id, now_us):
                    busy |= self._work_on(post)
        return busy

    def _work_on(self, post: Post) -> bool:
        match post.state:
            case PostState.GATHERING:
                return self._gather(post)
            case PostState.HELD:
                return self._ask(post)
            case PostState.RUNNING | PostState.DONE:
                return self._run(post)

    def _gather(self, post: Post) -> bool:
        """Write the next slice down, and leave the writer to others for as long as it took."""
        planned = self._plan(post)
        began_s = self._clock_s()
        members = planned.members[post.gathered : post.gathered + SLICE]
        after = posts.gather(
            self._store, post, [_job(post, each, planned.options, self._now_us()) for each in members], self._now_us()
        )
        if after.state is not PostState.GATHERING:
            self._plans.pop(post.id, None)
            _log.info("a post is written down", post=post.id, list=post.list_name, faxes=post.members)
            return True
        self._rest(self._clock_s() - began_s)
        return True

    def _plan(self, post: Post) -> Plan:
        if post.id not in self._plans:
            self._plans[post.id] = decode_plan(self._blobs.get(post.plan_digest))
        return self._plans[post.id]

    def _ask(self, post: Post) -> bool:
        if post.asked_us is None:
            asked = self._reporter.question(post, self._lists.get(post.list_name))
            return posts.ask_moderator(self._store, post, asked, self._now_us())
        return False

    def _run(self, post: Post) -> bool:
        if (failure := posts.render_failure(self._store, post)) is not None:
            while posts.drop(self._store, post, Outcome.UNFAXABLE, failure, self._now_us()):
                pass
        elif self._feed(post):
            return True
        if not posts.is_over(self._store, post):
            return False
        report = self._reporter.final(post, self._lists.get(post.list_name))
        posts.finish(self._store, post, report, self._now_us())
        self._next_us.pop(post.id, None)
        _log.info("a post is over and reported", post=post.id, list=post.list_name)
        return True

    def _feed(self, post: Post) -> bool:
        """Queue what the list may call now. What it may call in an hour is spread over the hour."""
        mail_list, now_us = self._lists.get(post.list_name), self._now_us()
        room = (mail_list.lines if mail_list else 0) or self._room
        every_us = US_PER_HOUR // mail_list.per_hour if mail_list and mail_list.per_hour else 0
        next_us = self._next_us.get(post.id, 0)
        too_early = 0 < next_us - now_us <= every_us  # where it is more, the clock was set back
        fed = posts.feed(self._store, post, 0 if too_early else room, now_us, at_most=1 if every_us else room)
        if fed and every_us:
            self._next_us[post.id] = now_us + every_us
        return bool(fed)


def _addressee(member: Planned) -> Addressee:
    """Return for whom a fax is, by the columns of the list that say so; a cover shows it."""
    lines = (member.fields.get(column, "") for column in ADDRESS_COLUMNS)
    return Addressee(name=person(member.fields.get("name", "")), lines=tuple(line(each) for each in lines if each))


def _job(post: Post, member: Planned, options: SendOptions, now_us: int) -> Job:
    address = FaxAddress(number=member.number, domain=member.domain, subaddress=member.subaddress)
    return Job(
        id="",
        submission_id=post.id,
        recipient=Recipient(
            address=address,
            notify=Notify.NEVER,
            options=options,
            addressee=_addressee(member),
            tariff=member.tariff,
        ),
        number=member.dialled,
        state=JobState.LISTED,
        created_us=now_us,
        not_before_us=0,  # due whatever the clock says: its turn decides
        plan=CallPlan(priority=options.priority or Priority.LOW),
    )
