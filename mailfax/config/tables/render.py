"""How mail becomes pages: tables of the configuration file."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from mailfax.config.tables.section import Section


class Render(Section, frozen=True, kw_only=True):
    """[render]: limits of turning a mail into pages."""

    max_pages: Annotated[int, Meta(description="Most pages of one document.", ge=1)] = 500
    cpu_s: Annotated[int, Meta(description="Most seconds of processor time for one mail.", ge=5)] = 120
    memory_mb: Annotated[int, Meta(description="Most memory for one mail, in MB.", ge=256)] = 2048
    office_ahead: Annotated[
        bool,
        Meta(
            description="Start a LibreOffice with the server, not only from the first office document on; about 200 MB that wait."
        ),
    ] = False
    paper: Annotated[
        Literal["a4", "letter", "legal", "b4", "a3"],
        Meta(
            description="Sheet that pages are laid out for. A4, letter and legal differ in length, b4 and a3 are wider too; "
            "a machine that has no such paper gets the page smaller."
        ),
    ] = "a4"
    stamp: Annotated[
        str,
        Meta(
            description="A line at the foot of every page, such as CONFIDENTIAL; {page:6} in it is the number of the page with six digits. "
            "X-Fax-Stamp in a mail adds to it."
        ),
    ] = ""
    photos: Annotated[
        Literal["fast", "balanced", "best"],
        Meta(
            description="How photographs are screened: fast (rows, cheapest on the line), balanced, or best (twice the seconds of balanced)."
        ),
    ] = "balanced"
    body: Annotated[
        Literal["html", "text"], Meta(description="Which form of a mail is faxed that has both, HTML and plain text.")
    ] = "html"
    text_pt: Annotated[float, Meta(description="Size of plain text, in points.", ge=7, le=24)] = 11.5
    margin_mm: Annotated[
        float, Meta(description="White on either side of text and HTML, in millimetres.", ge=4, le=40)
    ] = 15.0
    fonts: Annotated[tuple[Path, ...], Meta(description="Font files to try before those of the system.")] = ()
