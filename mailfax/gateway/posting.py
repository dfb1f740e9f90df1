"""A mail to a list becomes a post: its members read and judged, mail and plan durable before the 250. The faxes are written down afterwards (`broadcast`).

Called by the door, by `mailfax list post` and by schedules.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec

from mailfax.gateway.identity import local_time
from mailfax.gateway.maillist import MailList
from mailfax.gateway.members import MembersUnreadable, encode_plan, plan, read_members
from mailfax.gateway.quotas import QuotaPolicy, Quotas
from mailfax.gateway.receipts import new_token
from mailfax.model.ids import IdMaker, Kind
from mailfax.model.options import SendOptions
from mailfax.model.outcome import Outcome
from mailfax.model.post import Post, PostState
from mailfax.model.submission import Submission
from mailfax.routing.permission import Asker
from mailfax.routing.settings import RoutingSettings
from mailfax.spool import posts
from mailfax.spool.blobs import BlobStore
from mailfax.spool.disk import SpoolFull
from mailfax.spool.store import Store


class PostRefused(Exception):
    """A post is not taken: why, as an outcome and a sentence."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class PostOrder:
    """A mail for a list, and who posts it. `client` and `identity` are those of a submission; an empty `content_key` is never the same."""

    octets: bytes
    asker: Asker
    sender: str
    client: str
    identity: str
    subject: str = ""
    message_id: str = ""
    options: SendOptions = field(default_factory=SendOptions)
    content_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Posting:
    """Where posts are put."""

    store: Store
    blobs: BlobStore
    new_id: IdMaker
    routing: RoutingSettings
    quotas: QuotaPolicy
    now_us: Callable[[], int]
    window_us: int = 0

    def accept(self, mail_list: MailList, order: PostOrder) -> Post:
        """Put a post on disk; of the same mail within the window only one, under that one's id. Raises PostRefused, SpoolError."""
        now_us = self.now_us()
        if not mail_list.may_post(order.asker):
            raise PostRefused(Outcome.NOT_PERMITTED, f"You may not post to the list {mail_list.name}.")
        if not self.store.has_room(len(order.octets)):
            raise SpoolFull("free space is below the reserve")
        try:
            members = read_members(mail_list)
        except MembersUnreadable as fault:
            raise PostRefused(Outcome.LIST_UNREADABLE, str(fault)) from fault
        now = local_time(now_us, self.routing.time_zone)
        planned = plan(mail_list, members, order.asker, self.routing, self.store, now)
        if not planned.members:
            raise PostRefused(Outcome.EMPTY_LIST, f"Nobody on the list {mail_list.name} can be faxed.")
        counted = Counter(each.domain for each in planned.members)
        if over := Quotas(self.store, self.quotas).refusal(order.asker.user, counted, now_us):
            raise PostRefused(Outcome.OVER_QUOTA, f"{over} This mail is for {counted.total()} numbers.")
        planned = msgspec.structs.replace(planned, options=order.options)
        submission = Submission(
            id=self.new_id(Kind.MAIL),
            received_us=now_us,
            sender=order.sender,
            client=order.client,
            identity=order.identity,
            message_digest=self.blobs.put(order.octets),
            size=len(order.octets),
            subject=order.subject,
            message_id=order.message_id,
            token=new_token(),  # told to its moderators only
        )
        post = Post(
            id=submission.id,
            list_name=mail_list.name,
            state=PostState.GATHERING,
            plan_digest=self.blobs.put(encode_plan(planned)),
            members=len(planned.members),
            gathered=0,
            moderated=mail_list.moderated,
            paused=False,
            created_us=now_us,
            content_key=order.content_key,
        )
        return replace(post, id=posts.accept(self.store, submission, post, now_us, self.window_us))
