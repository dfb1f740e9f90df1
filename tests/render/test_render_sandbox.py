import io
import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.context import BaseContext
from pathlib import Path

import pytest
from pages import MailOf, Render, mail_with, text_mail
from PIL import Image

from mailfax.model.outcome import Outcome
from mailfax.render.result import RenderFailure
from mailfax.render.sandbox import render_in_child
from mailfax.render.settings import RenderSettings
from mailfax.render.warm import warm

ENDLESS = text_mail("many words on many lines\n" * 200_000).as_bytes()


@pytest.fixture(scope="module")
def context() -> BaseContext:
    forkserver = multiprocessing.get_context("forkserver")
    forkserver.set_forkserver_preload(["mailfax.warm"])
    return forkserver


@pytest.fixture(autouse=True)
def no_child_left() -> Iterator[None]:
    yield
    assert not multiprocessing.active_children()


def quiet(_page: int, _total: int | None) -> None:
    pass


def test_the_child_gives_what_this_process_gives(context: BaseContext, rendered: Render, mail_of: MailOf) -> None:
    heard = []
    raw = mail_of("attachments.eml")
    result = render_in_child(raw, RenderSettings(), lambda page, total: heard.append((page, total)), context)
    assert result == rendered(raw)
    assert heard == [(page, 7) for page in range(1, 8)]


def test_a_refusal_comes_back_with_its_account(context: BaseContext, mail_of: MailOf) -> None:
    with pytest.raises(RenderFailure) as failure:
        render_in_child(mail_of("unfaxable.eml"), RenderSettings(), quiet, context)
    assert failure.value.outcome is Outcome.UNFAXABLE
    assert [row.name for row in failure.value.account] == ["message text", "figures.zip"]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"wall_s": 2.0}, "more than 2 s at message text"),
        ({"cpu_s": 1}, "more than 1 s of processor time at message text"),
    ],
)
def test_a_part_that_takes_too_long_is_ended_and_named(
    context: BaseContext, limits: dict[str, float], reason: str
) -> None:
    with pytest.raises(RenderFailure) as failure:
        render_in_child(ENDLESS, replace(RenderSettings(max_pages=10**6), **limits), quiet, context)
    assert failure.value.outcome is Outcome.RENDER_LIMIT
    assert reason in failure.value.detail
    assert [row.name for row in failure.value.account] == ["message text"]


def test_a_part_that_eats_memory_is_ended_and_named(context: BaseContext) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (7000, 7000), (200, 30, 30)).save(picture, "PNG")
    raw = mail_with(picture.getvalue(), "image/png", "huge.png")
    with pytest.raises(RenderFailure) as failure:
        render_in_child(raw, RenderSettings(memory_bytes=100 << 20), quiet, context)
    assert failure.value.outcome is Outcome.RENDER_LIMIT
    assert failure.value.detail == "It needed more than 100 MiB of memory at huge.png."
    assert render_in_child(raw, RenderSettings(), quiet, context).pages


def test_a_child_that_dies_fails_its_own_message_only(
    context: BaseContext, mail_of: MailOf, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = RenderSettings(fonts=(Path("/nonexistent/font.ttf"),))
    with pytest.raises(RenderFailure) as failure:
        render_in_child(mail_of("accents.eml"), broken, quiet, context)
    assert failure.value.outcome is Outcome.RENDER_LIMIT
    assert "exit status 1" in failure.value.detail
    assert render_in_child(mail_of("accents.eml"), RenderSettings(), quiet, context).pages


def test_warming_up_leaves_no_thread_behind() -> None:
    before = len(list(Path("/proc/self/task").iterdir()))
    warm()
    assert len(list(Path("/proc/self/task").iterdir())) == before
