"""kill -9 of one process of the server: the others notice, nothing that was promised is lost, and nobody is left behind."""

from pathlib import Path

from gateway_patient import Patient
from gateway_watch import Strike

from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome

FIXTURES = Path(__file__).parents[2] / "fixtures" / "mail"
LONG_MAIL = (FIXTURES / "three-pages.eml").read_bytes().replace(b"\n", b"\r\n")
BETWEEN_PAGE_AND_MCF = Strike(point="page-kept", process="line-in", visit=2)
BETWEEN_LAST_PAGE_AND_MCF = Strike(point="page-kept", process="line-in", visit=3)
RENDERING = Strike(point="page-rendered", process="MainProcess")


def test_without_its_server_every_child_ends_and_what_it_did_is_settled(patient: Patient) -> None:
    in_call, receiving = patient.post_until(BETWEEN_PAGE_AND_MCF)
    in_rendering, rendering = patient.post_until(RENDERING, LONG_MAIL)
    patient.server.kill_alone(patient.server.pid)
    rendering.release()
    receiving.release()
    patient.server.wait_until_gone()
    patient.up()
    (cut,), (rendered,) = patient.stories([in_call, in_rendering])
    assert (cut.job.state, cut.arrived) == (JobState.DELIVERED, ((1, 2), (2, 3)))
    assert "Page 2 may have arrived twice" in cut.notices[0]
    assert (rendered.job.state, rendered.arrived) == (JobState.DELIVERED, ((1, 2, 3),))


def test_a_sending_line_that_died_is_started_again_and_resumes_its_call(patient: Patient) -> None:
    posted, receiving = patient.post_until(BETWEEN_PAGE_AND_MCF)
    patient.server.kill_alone(patient.watch.pids["line-out"])
    receiving.release()
    story = patient.story(posted)
    assert (story.job.state, story.calls, story.arrived) == (JobState.DELIVERED, 2, ((1, 2), (2, 3)))
    assert "Page 2 may have arrived twice" in story.notices[0]


def test_a_call_cut_after_its_cover_goes_on_behind_it(patient: Patient) -> None:
    """The cover is a page like any other: confirmed once, it is not sent again, and it counts."""
    posted, receiving = patient.post_until(BETWEEN_PAGE_AND_MCF, b"X-Fax-Cover: usual\r\n" + LONG_MAIL)
    patient.server.kill_alone(patient.watch.pids["line-out"])
    receiving.release()
    story = patient.story(posted)
    assert (story.job.state, story.job.pages, story.calls, story.arrived) == (
        JobState.DELIVERED,
        4,
        2,
        ((1, 2), (2, 3, 4)),
    )
    assert "Page 2 may have arrived twice" in story.notices[0]


def test_a_receiving_line_that_died_leaves_its_page_to_its_next_life(patient: Patient) -> None:
    posted, receiving = patient.post_until(BETWEEN_LAST_PAGE_AND_MCF)
    patient.server.kill_alone(receiving.pid)
    story = patient.story(posted)
    assert (story.job.state, story.calls, story.arrived) == (JobState.UNCERTAIN, 1, ((1, 2, 3),))


def test_a_renderer_that_died_fails_its_own_mail_only(patient: Patient) -> None:
    before = patient.server.children()
    posted, rendering = patient.post_until(RENDERING, LONG_MAIL)
    (renderer,) = patient.server.children() - before
    patient.server.kill_alone(renderer)
    rendering.release()
    unharmed = patient.post()
    (failed,), (delivered,) = patient.stories([posted, unharmed])
    assert (failed.job.state, failed.job.outcome, failed.calls) == (JobState.FAILED, Outcome.RENDER_LIMIT, 0)
    assert "killed" in failed.notices[0]
    assert (delivered.job.state, delivered.arrived) == (JobState.DELIVERED, ((1, 2, 3),))
