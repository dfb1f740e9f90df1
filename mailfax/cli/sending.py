"""The `send` command's work: who is asking, and the spool it goes to."""

import contextlib
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from mailfax.cli.users import user_name
from mailfax.config import Config
from mailfax.daemon import build
from mailfax.daemon.clock import id_maker, wall_clock_us
from mailfax.gateway.acceptance import Intake
from mailfax.gateway.maillist import MailList
from mailfax.gateway.posting import Posting
from mailfax.gateway.shell import ShellOrder, order_poll, post_files, send_files
from mailfax.model.job import Job
from mailfax.model.poll import PollRequest
from mailfax.model.post import Post
from mailfax.model.submission import Submission
from mailfax.spool.blobs import BlobStore
from mailfax.spool.store import Store


def queue_files(
    config: Config, number: str, files: list[Path], *, sender: str, subject: str, options: Mapping[str, str]
) -> tuple[Submission, Job]:
    """Queue files for a number as the user who runs this command. Raises ShellRefused, SpoolError."""
    user = user_name(os.geteuid())  # not $LOGNAME: it names who sent, and anybody can set that
    order = ShellOrder(
        number=number,
        files=tuple(files),
        user=user,
        sender=sender or f"{user}@{config.smtp.hostname}",
        subject=subject,
        options=options,
    )
    settings, new_id = build.spool_settings(config), id_maker()
    with contextlib.closing(Store(settings, new_id)) as store, contextlib.closing(BlobStore(settings)) as blobs:
        intake = Intake(
            store=store,
            blobs=blobs,
            new_id=new_id,
            covers=build.cover_policy(config),
            quotas=build.quota_policy(config),
            plans=build.plan_policy(config),
        )
        return send_files(order, intake, build.routing_settings(config), wall_clock_us(), datetime.now().astimezone())


def queue_post(
    config: Config,
    store: Store,
    blobs: BlobStore,
    mail_list: MailList,
    files: list[Path],
    *,
    sender: str,
    subject: str,
) -> Post:
    """Queue files for everybody on a list, as the user who runs this command. Raises ShellRefused, PostRefused, SpoolError."""
    user = user_name(os.geteuid())
    posting = Posting(
        store=store,
        blobs=blobs,
        new_id=id_maker(),
        routing=build.routing_settings(config),
        quotas=build.quota_policy(config),
        now_us=wall_clock_us,
    )
    order = ShellOrder(
        number=mail_list.name,
        files=tuple(files),
        user=user,
        sender=sender or f"{user}@{config.smtp.hostname}",
        subject=subject,
    )
    return post_files(order, mail_list, posting, datetime.now().astimezone())


def queue_poll(config: Config, number: str, mailbox: str, poll: PollRequest) -> Job:
    """Queue a call that fetches a document, as the user who runs this command. Raises ShellRefused, SpoolError."""
    settings, new_id = build.spool_settings(config), id_maker()
    with contextlib.closing(Store(settings, new_id)) as store, contextlib.closing(BlobStore(settings)) as blobs:
        intake = Intake(store=store, blobs=blobs, new_id=new_id, quotas=build.quota_policy(config))
        routing, user = build.routing_settings(config), user_name(os.geteuid())
        return order_poll(number, mailbox, poll, user, intake, routing, wall_clock_us())
