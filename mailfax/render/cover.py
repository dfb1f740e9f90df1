"""Covers: pages that go before the fax, made of a template in HTML by Jinja2 for each recipient (CV1, CV5; RFC 3965 section 5.2.4).

Called by `story` in the limited child, when the pages of the body are counted, and by `mailfax check`. Templates are the administrator's, what is put in them is
the sender's: it is escaped, and never itself a template. Read once from their folder, since the child sees no files.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path

from jinja2 import DictLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from mailfax.render.bodypage import LaidOutSource, body_page, page_style
from mailfax.render.coverset import FILES, TEMPLATE_SUFFIX, CoverSet
from mailfax.render.covertext import Below, CoverText
from mailfax.render.engine import BASE, LayoutFailed, Resource, lay_out
from mailfax.render.fontset import Fonts, drawable, fonts_of
from mailfax.render.settings import RenderSettings
from mailfax.render.sheet import PartUnreadable, Sheet
from mailfax.render.text import clean, language_of

_LOGOS = ("logo.svg", "logo.png", "logo.jpg")
_MOST_PAGES = 3  # of one cover
_LONGEST_FACT = 300  # characters


class CoverFault(Exception):
    """A cover cannot be made; the text is a sentence for the administrator and the sender."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CoverFacts:
    """One cover that is wanted. All but `template` and `with_text` are variables of the template, besides `pages`, `logo` and `text_follows`.

    `with_text` wants the text of the mail below it, if there is one. `trace_id` is the mail's id, by which its sender is found; `contact` is who runs this gateway.
    """

    template: str
    to: str
    from_name: str
    date: str
    trace_id: str
    job: str = ""
    to_name: str = ""
    to_place: str = ""
    subaddress: str = ""
    from_mail: str = ""
    station_id: str = ""
    subject: str = ""
    contact: str = ""
    with_text: bool = False


_NO_VARIABLES = {"template", "with_text"}


@dataclass(frozen=True, kw_only=True, slots=True)
class CoverOrder:
    """The covers that one mail needs: one for each job that has one. `alone` says that they may be all that is faxed, of a mail that is only a subject."""

    covers: CoverSet = field(default_factory=CoverSet)
    wanted: tuple[CoverFacts, ...] = ()
    alone: bool = False


def draw_cover(
    facts: CoverFacts, covers: CoverSet, settings: RenderSettings, body_pages: int, text: CoverText | None = None
) -> Below:
    """Draw one cover, and the text below it if there is one, before so many pages; it counts itself among them. Raises CoverFault."""
    pages = body_pages + 1
    for _ in range(_MOST_PAGES + 1):
        sheets = _sheets(facts, covers, settings, pages, text_follows=text is not None)
        if not sheets:
            raise CoverFault(f"The cover {facts.template} is empty.")
        if len(sheets) > _MOST_PAGES:
            break
        drawn = text.below(sheets) if text else Below(sheets=sheets, cover_sheets=len(sheets))
        if len(drawn.sheets) + body_pages == pages:
            return drawn
        pages = len(drawn.sheets) + body_pages
    raise CoverFault(f"The cover {facts.template} takes more than {_MOST_PAGES} pages.")


def _sheets(
    facts: CoverFacts, covers: CoverSet, settings: RenderSettings, pages: int, *, text_follows: bool
) -> tuple[Sheet, ...]:
    html = _filled(facts, covers, settings, pages, text_follows=text_follows)
    fonts = fonts_of(settings).for_language(language_of(iter((facts.subject, facts.from_name))))
    files = {
        BASE + name: Resource(octets=octets, mime_type=FILES[Path(name).suffix.lower()])
        for name, octets in covers.files.items()
    }
    try:
        laid = lay_out(html, body_page(settings), style=_style(fonts, settings), resources={**fonts.resources, **files})
        source = LaidOutSource(
            pdf=laid.pdf,
            pages=((0, laid.page_count - 1),),
            notes=("",),
            photos=settings.photos,
            paper=settings.paper,
            dense=settings.dense,
        )
        sheets = tuple(source.sheets())
    except (LayoutFailed, PartUnreadable) as error:
        raise CoverFault(f"The cover {facts.template} cannot be laid out.") from error
    return tuple(
        sheet for sheet in sheets if sheet.fine.packed.any()
    )  # a page break at the end of a template is no page


def _style(fonts: Fonts, settings: RenderSettings) -> str:
    return f"{fonts.faces}{page_style(settings)}html{{font-family:{fonts.sans}}}"


def _filled(facts: CoverFacts, covers: CoverSet, settings: RenderSettings, pages: int, *, text_follows: bool) -> str:
    environment = SandboxedEnvironment(
        loader=DictLoader({f"{name}{TEMPLATE_SUFFIX}": text for name, text in covers.templates.items()}),
        autoescape=True,
        undefined=StrictUndefined,
    )
    said = {
        each.name: _shown(getattr(facts, each.name), settings)
        for each in fields(facts)
        if each.name not in _NO_VARIABLES
    }
    logo = next((name for name in _LOGOS if name in covers.files), "")
    try:
        return environment.get_template(f"{facts.template}{TEMPLATE_SUFFIX}").render(
            said, pages=pages, logo=logo, text_follows=text_follows
        )
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise CoverFault(f"The cover {facts.template} cannot be made: {type(error).__name__}: {error}.") from error


def _shown(text: str, settings: RenderSettings) -> str:
    """Return a text on one line, of a length that leaves the cover its shape, with boxes for what no font has."""
    line = " ".join(clean(text).split())
    return drawable(line if len(line) <= _LONGEST_FACT else line[: _LONGEST_FACT - 1] + "…", settings).text
