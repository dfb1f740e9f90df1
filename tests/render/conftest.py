import sys
from pathlib import Path

import pytest
from pages import MailOf, Render

from mailfax.render.result import Rendered
from mailfax.render.settings import RenderSettings
from mailfax.render.story import render_message

FIXTURES = Path(__file__).parents[2] / "fixtures"
sys.path.insert(0, str(FIXTURES))  # simple_pdf makes the PDF files of these tests


@pytest.fixture
def settings() -> RenderSettings:
    return RenderSettings()


@pytest.fixture
def mail_of() -> MailOf:
    """Read one of our own mails."""
    return lambda name: (FIXTURES / "mail" / name).read_bytes()


@pytest.fixture
def rendered() -> Render:
    """Render a mail in this process; the pages are counted on the way."""

    def run(raw: bytes, settings: RenderSettings | None = None, *, exact: bool = True) -> Rendered:
        heard: list[tuple[int, int | None]] = []
        result = render_message(raw, settings or RenderSettings(), lambda page, total: heard.append((page, total)))
        pages = len(result.pages)
        assert not exact or heard == [(page, pages) for page in range(1, pages + 1)]
        return result

    return run
