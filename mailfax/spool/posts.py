"""Posts to lists: kept with their mail, written down as jobs in slices, sent a few at a time, reported once. Called by `gateway`.

The jobs of a post wait as LISTED, apart from the queue: only as many as its list may call at once are ever queued. So a broadcast of ten
thousand takes from a single fax no more than a few places, and the queue stays short for whoever claims from it. A retry that is not
due goes back to them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, insert, select, update

from mailfax.model.ids import Kind
from mailfax.model.job import Job, JobState
from mailfax.model.outcome import Outcome
from mailfax.model.post import Post, PostState
from mailfax.model.submission import Submission
from mailfax.spool import deliveries, history, jobs, locking, optouts, submissions
from mailfax.spool.records import JobStory, NewDelivery, RenderState
from mailfax.spool.store import Store
from mailfax.spool.tables import jobs as job_table
from mailfax.spool.tables import posts
from mailfax.spool.tables import submissions as submission_table

_TURN = (JobState.QUEUED, JobState.ON_LINE)
_OPEN = tuple(state for state in JobState if not state.final)
_BATCH = 500  # stories read at once for a report


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many faxes of a post are in each state, and how many ended in which way."""

    states: dict[JobState, int]
    outcomes: dict[Outcome, int]

    @property
    def open(self) -> int:
        """Count those that are not over."""
        return sum(count for state, count in self.states.items() if not state.final)


# -- kept and looked at -----------------------------------------------------------------------------------------------


def accept(store: Store, submission: Submission, post: Post, now_us: int, window_us: int = 0) -> str:
    """Keep a post and its mail; durable when it returns. Its blobs are on disk. Returns its id.

    Of the same mail (`content_key`) that was posted to this list within `window_us` nothing is kept again: its id is that post's.
    """

    def keep(connection: Connection) -> str:
        if post.content_key:
            locking.hold(connection, f"post {post.content_key}")
            same = (posts.c.list_name == post.list_name, posts.c.content_key == post.content_key)
            earlier = select(posts.c.id).where(*same, posts.c.created_us > now_us - window_us)
            if (found := connection.scalar(earlier.limit(1))) is not None:
                return str(found)
        submissions.keep(connection, submission)
        connection.execute(insert(posts).values(_columns(post)))
        history.log(
            connection, submission.id, now_us, was=None, became=RenderState.WAITING, why=f"for {post.list_name}"
        )
        why = f"{post.members} member(s) of {post.list_name}"
        history.log(connection, submission.id, now_us, was=None, became=post.state, why=why)
        return submission.id

    return store.write(keep)


def load(store: Store, post_id: str) -> Post | None:
    """Return a post."""
    return next(iter(_listed(store, posts.c.id == post_id)), None)


def of_list(store: Store, list_name: str) -> tuple[Post, ...]:
    """Return the posts of a list, oldest first."""
    return _listed(store, posts.c.list_name == list_name)


def unfinished(store: Store) -> tuple[Post, ...]:
    """Return the posts that are not reported, oldest first."""
    return _listed(store, posts.c.state != PostState.DONE)


def _listed(store: Store, condition: ColumnElement[bool]) -> tuple[Post, ...]:
    asked = select(posts).where(condition).order_by(posts.c.id)
    return tuple(map(_post, store.read(lambda c: c.execute(asked).mappings().all())))


def counts(store: Store, post: Post) -> Counts:
    """Count the faxes of a post."""
    table = job_table.c
    asked = select(table.state, table.outcome, func.count()).where(table.submission_id == post.id)
    states: dict[JobState, int] = {}
    outcomes: dict[Outcome, int] = {}
    for state, outcome, count in store.read(lambda c: c.execute(asked.group_by(table.state, table.outcome)).all()):
        states[state] = states.get(state, 0) + count
        if state.final and outcome is not None:
            outcomes[outcome] = outcomes.get(outcome, 0) + count
    return Counts(states=states, outcomes=outcomes)


def stories(store: Store, post: Post) -> Iterator[JobStory]:
    """Return every fax of a post with its calls, in the order of the list; a few hundred are read at once."""
    last = ""
    while found := store.read(lambda c, last=last: _stories_after(c, post.id, last)):  # type: ignore[misc]
        yield from found
        last = found[-1].job.id


def _stories_after(connection: Connection, post_id: str, last: str) -> list[JobStory]:
    table = job_table.c
    asked = select(job_table).where(table.submission_id == post_id, table.id > last).order_by(table.id).limit(_BATCH)
    found = jobs.selected(connection, asked)
    calls = jobs.attempts_of_all(connection, [job.id for job in found])
    return [JobStory(job=job, attempts=calls.get(job.id, ())) for job in found]


# -- from the plan to the queue ---------------------------------------------------------------------------------------


def gather(store: Store, post: Post, members: Sequence[Job], now_us: int) -> Post:
    """Write the next faxes of a post down, and return it as it is then. Their ids are made here.

    Nothing is written where another process was faster.
    """

    def write(connection: Connection) -> Post:
        now = _locked(connection, post.id)
        if now.gathered != post.gathered or now.state is not PostState.GATHERING:
            return now
        made = [replace(job, id=store.new_id(Kind.JOB)) for job in members]
        if made:
            jobs.add(connection, made, f"list:{post.list_name}")
            ids = [job.id for job in made]
            # Nobody is told of each: one report tells of all.
            connection.execute(update(job_table).where(job_table.c.id.in_(ids)).values(notified_us=now_us))
            history.log_new(connection, ids, now_us, became=JobState.LISTED, why=f"a member of {post.list_name}")
        done = replace(now, gathered=now.gathered + len(made))
        if done.gathered >= now.members:
            return _moved(connection, done, PostState.HELD if now.moderated else PostState.RUNNING, "gathered", now_us)
        connection.execute(update(posts).where(posts.c.id == post.id).values(gathered=done.gathered))
        return done

    return store.write(write)


def let_go(store: Store, post_id: str, why: str, now_us: int) -> bool:
    """Send a post that waited for a moderator; False where it does not wait."""

    def release(connection: Connection) -> bool:
        post = _locked(connection, post_id)
        if post.state is PostState.HELD:
            _moved(connection, post, PostState.RUNNING, why, now_us)
        return post.state is PostState.HELD

    return store.write(release)


def set_paused(store: Store, list_name: str, now_us: int, *, paused: bool) -> int:
    """Pause the unfinished posts of a list, or let them go on; return how many changed."""

    def pause(connection: Connection) -> int:
        mine = (posts.c.list_name == list_name) & (posts.c.state != PostState.DONE) & (posts.c.paused != paused)
        found = list(map(_post, connection.execute(select(posts).where(mine).with_for_update()).mappings()))
        for post in found:
            connection.execute(update(posts).where(posts.c.id == post.id).values(paused=paused))
            why = "paused" if paused else "resumed"
            history.log(connection, post.id, now_us, was=post.state, became=post.state, why=why)
        return len(found)

    return store.write(pause)


def feed(store: Store, post: Post, room: int, now_us: int, at_most: int) -> int:
    """Queue faxes of a post, `at_most` so many, until `room` are queued or on a line; take back retries that are not due. Returns how many were queued."""
    if not store.read(lambda c: _has_turn(c, post, room, now_us)):
        return 0

    def turn(connection: Connection) -> int:
        now = _locked(connection, post.id)
        if now.state is not PostState.RUNNING:
            return 0
        _take_back(connection, post, now_us, all_of_them=now.paused)
        pages = _pages(connection, post)
        if now.paused or pages is None:
            return 0
        free = min(room - _in_turn(connection, post), at_most)
        due = jobs.selected(connection, _due(post, now_us, free).with_for_update()) if free > 0 else ()
        unwanted = optouts.among(connection, [job.recipient.address.number for job in due], post.list_name)
        for job in due:
            if job.recipient.address.number in unwanted:
                ended = {"outcome": Outcome.OPTED_OUT, "finished_us": now_us}
                jobs.move(connection, job, now_us, JobState.CANCELLED, "it has opted out", **ended)
            else:
                jobs.enqueue(connection, job, now_us, "its list's turn", fresh=True, created_us=now_us, pages=pages)
        return len(due)

    return store.write(turn)


def _has_turn(connection: Connection, post: Post, room: int, now_us: int) -> bool:
    """Look without the writer whether there is anything to do."""
    early = select(job_table.c.id).where(*_early(post, now_us, all_of_them=post.paused)).limit(1)
    if connection.scalar(early) is not None:
        return True
    return (
        not post.paused and _in_turn(connection, post) < room and connection.scalar(_due(post, now_us, 1)) is not None
    )


def _in_turn(connection: Connection, post: Post) -> int:
    table = job_table.c
    asked = select(func.count()).where(table.submission_id == post.id, table.state.in_(_TURN))
    return connection.scalar(asked) or 0


def _due(post: Post, now_us: int, limit: int) -> Select[tuple[object, ...]]:
    table = job_table.c
    mine = (table.submission_id == post.id, table.state == JobState.LISTED, table.not_before_us <= now_us)
    return select(job_table).where(*mine).order_by(table.not_before_us, table.id).limit(limit)


def _early(post: Post, now_us: int, *, all_of_them: bool) -> list[ColumnElement[bool]]:
    table = job_table.c
    mine = [table.submission_id == post.id, table.state == JobState.QUEUED]
    return mine if all_of_them else [*mine, table.not_before_us > now_us]


def _take_back(connection: Connection, post: Post, now_us: int, *, all_of_them: bool) -> None:
    early = select(job_table).where(*_early(post, now_us, all_of_them=all_of_them)).with_for_update()
    for job in jobs.selected(connection, early):
        jobs.move(connection, job, now_us, JobState.LISTED, "waits for its list's turn")


def _pages(connection: Connection, post: Post) -> int | None:
    """Return how many pages there are, once there are any."""
    document = submissions.document(connection, post.id)
    return None if document is None else len(document.pages)


# -- its end ----------------------------------------------------------------------------------------------------------


def cancel(store: Store, post: Post, now_us: int) -> int:
    """Drop what of a post is not on a line; return how many faxes that was. What is not written down yet never will be."""

    def stop(connection: Connection) -> None:
        now = _locked(connection, post.id)
        connection.execute(
            update(posts).where(posts.c.id == post.id).values(paused=True)
        )  # nothing has its turn meanwhile
        if now.state in {PostState.GATHERING, PostState.HELD}:
            stopped = replace(now, members=now.gathered)
            connection.execute(update(posts).where(posts.c.id == post.id).values(members=now.gathered))
            _moved(connection, stopped, PostState.RUNNING, "cancelled", now_us)

    store.write(stop)
    dropped = 0
    while ended := drop(store, post, Outcome.CANCELLED, "", now_us):
        dropped += ended
    return dropped


def tell(store: Store, new: Sequence[NewDelivery], now_us: int) -> None:
    """Queue a mail about a post."""
    store.write(lambda c: deliveries.add(c, store.new_id, new, now_us))


def drop(store: Store, post: Post, outcome: Outcome, why: str, now_us: int, at_once: int = 50) -> int:
    """End some of the faxes of a post that are not on a line; return how many it was, 0 when none is left."""
    became = JobState.CANCELLED if outcome is Outcome.CANCELLED else JobState.FAILED

    def end(connection: Connection) -> int:
        table = job_table.c
        waiting = (JobState.LISTED, JobState.QUEUED)
        asked = select(job_table).where(table.submission_id == post.id, table.state.in_(waiting)).limit(at_once)
        found = jobs.selected(connection, asked.with_for_update())
        for job in found:
            notes = (*job.notes, why) if why else job.notes
            jobs.move(connection, job, now_us, became, why, outcome=outcome, finished_us=now_us, notes=notes)
        return len(found)

    return store.write(end)


def render_failure(store: Store, post: Post) -> str | None:
    """Return why the mail of a post could not be faxed; None where it could, or is still to be."""
    asked = select(submission_table.c.state).where(submission_table.c.id == post.id)
    if store.read(lambda c: c.scalar(asked)) is not RenderState.FAILED:
        return None
    return next(step.why for step in reversed(store.history(post.id)) if step.became == RenderState.FAILED)


def is_over(store: Store, post: Post) -> bool:
    """Say whether every fax of a post has ended."""
    table = job_table.c
    asked = select(table.id).where(table.submission_id == post.id, table.state.in_(_OPEN)).limit(1)
    return store.read(lambda c: c.scalar(asked)) is None


def finish(store: Store, post: Post, new: Sequence[NewDelivery], now_us: int) -> bool:
    """End a post with the mails that report it, in one commit; False, and nothing changed, where it has ended already."""

    def end(connection: Connection) -> bool:
        now = _locked(connection, post.id)
        if now.state is PostState.DONE:
            return False
        deliveries.add(connection, store.new_id, new, now_us)
        _moved(connection, now, PostState.DONE, "reported", now_us)
        connection.execute(update(posts).where(posts.c.id == post.id).values(finished_us=now_us))
        return True

    return store.write(end)


def ask_moderator(store: Store, post: Post, new: Sequence[NewDelivery], now_us: int) -> bool:
    """Queue the mails that ask for a release, once for each post."""

    def ask(connection: Connection) -> bool:
        if _locked(connection, post.id).asked_us is not None:
            return False
        connection.execute(update(posts).where(posts.c.id == post.id).values(asked_us=now_us))
        deliveries.add(connection, store.new_id, new, now_us)
        return True

    return store.write(ask)


def _locked(connection: Connection, post_id: str) -> Post:
    return _post(connection.execute(select(posts).where(posts.c.id == post_id).with_for_update()).mappings().one())


def _moved(connection: Connection, post: Post, became: PostState, why: str, now_us: int) -> Post:
    connection.execute(update(posts).where(posts.c.id == post.id).values(state=became, gathered=post.gathered))
    history.log(connection, post.id, now_us, was=post.state, became=became, why=why)
    return replace(post, state=became)


def _columns(post: Post) -> dict[str, object]:
    return {column.name: getattr(post, column.name) for column in posts.columns}


def _post(row: RowMapping) -> Post:
    return Post(**row)
