"""A post on its way through the rows: written down, in its turn, taken back, ended once."""

from dataclasses import replace

from spoolkit import NOW_US, document, mail, recipient, submission

from mailfax.model.call import CallResult
from mailfax.model.job import Job, JobState
from mailfax.model.outcome import Outcome
from mailfax.model.post import OptOut, Post, PostState
from mailfax.spool import optouts, posts
from mailfax.spool.retry import RetryPolicy, decide
from mailfax.spool.store import Store

POST_ID = "M00000000000A"
NUMBERS = tuple(f"555000{number}" for number in range(5))


def a_post(store: Store, *, moderated: bool = False) -> Post:
    """A post of five members that is written down and has pages."""
    post = Post(
        id=POST_ID,
        list_name="customers",
        state=PostState.GATHERING,
        plan_digest="ab" * 32,
        members=len(NUMBERS),
        gathered=0,
        moderated=moderated,
        paused=False,
        created_us=NOW_US,
    )
    posts.accept(store, submission(POST_ID), post, NOW_US)
    half = posts.gather(store, post, [member(number) for number in NUMBERS[:3]], NOW_US)
    assert (half.gathered, half.state) == (3, PostState.GATHERING)
    assert posts.gather(store, post, [member(number) for number in NUMBERS[:3]], NOW_US) == half, "not twice"
    whole = posts.gather(store, half, [member(number) for number in NUMBERS[3:]], NOW_US)
    store.claim_render(NOW_US)
    store.set_document(POST_ID, document(1), NOW_US)
    return whole


def member(number: str) -> Job:
    return Job(
        id="",
        submission_id=POST_ID,
        recipient=recipient(number),
        number=number,
        state=JobState.LISTED,
        created_us=NOW_US,
        not_before_us=0,
    )


def states(store: Store) -> dict[JobState, int]:
    post = posts.load(store, POST_ID)
    assert post is not None
    return posts.counts(store, post).states


def test_a_few_at_a_time_have_their_turn_and_a_busy_one_gives_it_back(store: Store) -> None:
    post = a_post(store)
    assert post.state is PostState.RUNNING
    assert posts.feed(store, post, 2, NOW_US, 2) == 2
    assert posts.feed(store, post, 2, NOW_US, 2) == 0
    assert states(store) == {JobState.QUEUED: 2, JobState.LISTED: 3}
    claim = store.claim_job("west", NOW_US)
    assert claim is not None
    decision = decide(claim.job, CallResult(outcome=Outcome.BUSY), NOW_US, RetryPolicy())
    store.record_call(claim.call_id, claim.job.id, CallResult(outcome=Outcome.BUSY), decision, NOW_US)
    assert posts.feed(store, post, 2, NOW_US, 2) == 1
    assert states(store) == {JobState.QUEUED: 2, JobState.LISTED: 3}
    assert claim.job.id not in {job.id for job in store.jobs([JobState.QUEUED])}
    assert store.expire_jobs(NOW_US, NOW_US + 1) == [], "it counts from its turn"
    assert store.next_unnotified() is None


def test_pausing_takes_everything_back_and_a_moderator_lets_it_go_once(store: Store) -> None:
    post = a_post(store, moderated=True)
    assert post.state is PostState.HELD
    assert posts.feed(store, post, 2, NOW_US, 2) == 0
    assert posts.ask_moderator(store, post, [mail()], NOW_US)
    assert not posts.ask_moderator(store, post, [mail()], NOW_US)
    assert posts.let_go(store, POST_ID, "by Berta", NOW_US)
    assert not posts.let_go(store, POST_ID, "by Berta", NOW_US)
    running = replace(post, state=PostState.RUNNING)
    assert posts.feed(store, running, 2, NOW_US, 2) == 2
    assert posts.set_paused(store, "customers", NOW_US, paused=True) == 1
    assert posts.feed(store, replace(running, paused=True), 2, NOW_US, 2) == 0
    assert states(store) == {JobState.LISTED: 5}


def test_who_opted_out_meanwhile_is_passed_over(store: Store) -> None:
    post = a_post(store)
    out = OptOut(number=NUMBERS[0], list_name="customers", since_us=NOW_US, why="asked")
    assert optouts.add(store, out)
    assert not optouts.add(store, out)
    assert optouts.add(store, replace(out, number=NUMBERS[1], list_name="others"))
    posts.feed(store, post, 2, NOW_US, 2)
    assert states(store) == {JobState.CANCELLED: 1, JobState.QUEUED: 1, JobState.LISTED: 3}
    assert [each.number for each in optouts.listed(store)] == list(NUMBERS[:2])
    assert optouts.remove(store, NUMBERS[0], "customers")
    assert not optouts.remove(store, NUMBERS[0], "customers")


def test_it_ends_once_with_its_report(store: Store) -> None:
    post = a_post(store)
    assert not posts.is_over(store, post)
    assert posts.cancel(store, post, NOW_US) == 5
    assert posts.is_over(store, post)
    assert [story.job.number for story in posts.stories(store, post)] == list(NUMBERS)
    assert posts.finish(store, post, [mail()], NOW_US)
    assert not posts.finish(store, post, [mail()], NOW_US)
    assert len(store.deliveries()) == 1
    assert posts.unfinished(store) == ()
    assert [each.state for each in posts.of_list(store, "customers")] == [PostState.DONE]
