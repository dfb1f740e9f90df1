"""kill -9 of the whole server wherever a promise is half kept; started again it keeps the other half.

One crash strikes two letters where they can be struck together: one on the line, one in the mail side.
"""

from dataclasses import dataclass

import pytest
from gateway_patient import Patient
from gateway_watch import Strike

from mailfax.model.job import JobState

MAIN, OUT, IN = "MainProcess", "line-out", "line-in"
TWICE = "Page {} may have arrived twice"
UNCONFIRMED = "Page {} was sent but not confirmed"


@dataclass(frozen=True, kw_only=True)
class Crash:
    """Where a letter of three pages is struck, and what comes of it: calls, the pages that each brought, the warning."""

    at: Strike
    calls: int = 1
    arrived: tuple[tuple[int, ...], ...] = ((1, 2, 3),)
    told: str = ""

    def __str__(self) -> str:
        return str(self.at)


def on(process: str, point: str, visit: int = 1) -> Strike:
    return Strike(point=point, process=process, visit=visit)


RENDER_CLAIMED = Crash(at=on(MAIN, "render-claimed"))
PAGE_RENDERED = Crash(at=on(MAIN, "page-rendered", 2))
DOCUMENT_MADE = Crash(at=on(MAIN, "document-committed"))

JOB_CLAIMED = Crash(at=on(OUT, "job-claimed"), calls=2)
BEFORE_DIALLING = Crash(at=on(OUT, "call-created"), calls=2)
BEFORE_MPS_2 = Crash(at=on(OUT, "call-end-of-page-noted", 2), calls=2, arrived=((1,), (2, 3)), told=TWICE.format(2))
AFTER_MCF_2 = Crash(at=on(OUT, "call-confirmation-noted", 2), calls=2, arrived=((1, 2), (3,)))
BEFORE_EOP = Crash(at=on(OUT, "call-end-of-page-noted", 3), arrived=((1, 2),), told=UNCONFIRMED.format(3))
AFTER_LAST_MCF = Crash(at=on(OUT, "call-confirmation-noted", 3))
SENDER_FINISHED = Crash(at=on(OUT, "call-finished"))
CALL_COMMITTED = Crash(at=on(OUT, "call-committed"))

BEFORE_ANSWER = Crash(at=on(IN, "call-created"), calls=2)
PAGE_1_WRITTEN = Crash(at=on(IN, "page-written", 1), calls=2, told=TWICE.format(1))
PAGE_2_KEPT = Crash(at=on(IN, "page-kept", 2), calls=2, arrived=((1, 2), (2, 3)), told=TWICE.format(2))
LAST_PAGE_WRITTEN = Crash(at=on(IN, "page-written", 3), arrived=((1, 2),), told=UNCONFIRMED.format(3))
LAST_PAGE_KEPT = Crash(at=on(IN, "page-kept", 3), told=UNCONFIRMED.format(3))
RECEIVER_FINISHED = Crash(at=on(IN, "call-finished"))
FAX_COMMITTED = Crash(at=on(IN, "fax-committed"))

FAX_ROUTED = Crash(at=on(MAIN, "route-committed"))
NOTICE_MADE = Crash(at=on(MAIN, "notice-committed"))
DELIVERY_CLAIMED = Crash(at=on(MAIN, "delivery-claimed"))
FIRST_MAIL_HANDED = Crash(at=on(MAIN, "delivery-handed", 1))
SECOND_MAIL_HANDED = Crash(at=on(MAIN, "delivery-handed", 2))
DELIVERY_DONE = Crash(at=on(MAIN, "delivery-committed"))


@pytest.mark.parametrize(
    "crashes",
    [
        # a call is on, and the next letter is being rendered
        (BEFORE_MPS_2, RENDER_CLAIMED),
        (PAGE_2_KEPT, PAGE_RENDERED),
        (BEFORE_EOP, DOCUMENT_MADE),
        # a call is over and the mail about it is going out, and the next call is on
        (FAX_ROUTED, LAST_PAGE_KEPT),
        (NOTICE_MADE, LAST_PAGE_WRITTEN),
        (DELIVERY_CLAIMED, AFTER_MCF_2),
        (FIRST_MAIL_HANDED, PAGE_1_WRITTEN),
        (SECOND_MAIL_HANDED, BEFORE_ANSWER),
        (DELIVERY_DONE, JOB_CLAIMED),
        # the beginning and the end of a call
        (BEFORE_DIALLING,),
        (AFTER_LAST_MCF,),
        # after each of these points one process's spool is struck in tests/spool/test_spool_crash.py every day
        *(
            pytest.param((crash,), marks=pytest.mark.interop)
            for crash in (SENDER_FINISHED, CALL_COMMITTED, RECEIVER_FINISHED, FAX_COMMITTED)
        ),
    ],
    ids=lambda crashes: " and ".join(map(str, crashes)),
)
def test_what_was_accepted_arrives_or_is_told(patient: Patient, crashes: tuple[Crash, ...]) -> None:
    posted, held = zip(*(patient.post_until(crash.at) for crash in crashes), strict=True)
    patient.kill(*held)
    patient.up()
    for crash, (story,) in zip(crashes, patient.stories(posted), strict=True):
        assert (story.calls, story.arrived) == (crash.calls, crash.arrived)
        uncertain = crash.told == UNCONFIRMED.format(3)
        assert story.job.state is (JobState.UNCERTAIN if uncertain else JobState.DELIVERED)
        assert crash.told in story.notices[0]
        assert crash.told or "may have" not in story.notices[0]


def test_the_250_and_everything_dies_the_next_moment(patient: Patient) -> None:
    posted = patient.post(count=3)
    patient.kill()
    patient.up()
    (found,) = patient.stories([posted])
    assert [story.job.state for story in found] == [JobState.DELIVERED] * 3
    assert [story.arrived[-1][-1] for story in found] == [3] * 3


def test_a_client_that_heard_no_250_still_gets_its_fax_once_where_the_mail_was_on_disk(patient: Patient) -> None:
    posted = patient.post_in_vain(on(MAIN, "accept-committed"))
    patient.up()
    story = patient.story(posted)
    assert (story.job.state, story.arrived) == (JobState.DELIVERED, ((1, 2, 3),))


def test_what_was_not_committed_was_not_promised_and_does_not_happen(patient: Patient) -> None:
    posted = patient.post_in_vain(on(MAIN, "commit-before"))
    patient.up()
    assert patient.stories([posted]) == [()]


def test_a_crash_while_the_last_crash_is_being_settled(patient: Patient) -> None:
    posted, held = patient.post_until(on(IN, "page-kept", 3))
    for half_done in ("call-committed", "fax-committed"):
        patient.kill(held)
        patient.watch.expect(on(MAIN, half_done))
        patient.server.start()
        held = patient.watch.held()
    patient.kill(held)
    patient.up()
    story = patient.story(posted)
    assert (story.job.state, story.calls, story.arrived) == (JobState.UNCERTAIN, 1, ((1, 2, 3),))
