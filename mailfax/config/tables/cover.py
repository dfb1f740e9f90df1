"""Cover pages: tables of the configuration file."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from mailfax.config.tables.section import Section


class Cover(Section, frozen=True, kw_only=True):
    """[cover]: the page before a fax that says to whom, from whom and about what."""

    when: Annotated[
        Literal["never", "named", "always"],
        Meta(
            description="Whether a fax has a cover when its mail does not say (X-Fax-Cover), and its sender's record and its domain do not. "
            "named: where the address says for whom it is (`Sam_Smith@5551234.fax.lan`, `ATTN=`, an entry of the address book with a name)."
        ),
    ] = "named"
    template: Annotated[str, Meta(description="The usual cover: a file of the folder without .html, or default.")] = (
        "default"
    )
    folder: Annotated[
        Path | None,
        Meta(
            description="Folder of templates of your own (NAME.html, Jinja2), with the pictures that they show; logo.svg, logo.png or "
            "logo.jpg in it is shown by the cover of mailfax too. Read when the server starts."
        ),
    ] = None
    text: Annotated[
        Literal["page", "cover"],
        Meta(
            description="Where the text of a mail with a cover begins when the mail does not say (X-Fax-Text): on a page of its own, or "
            "below the cover, flowing on to the next pages."
        ),
    ] = "page"
    contact: Annotated[
        str, Meta(description="Whom a reader of the fax may write to or call about it; empty is `receive.catch_all`.")
    ] = ""
