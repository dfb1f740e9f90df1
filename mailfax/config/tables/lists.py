"""Lists that one mail reaches: tables of the configuration file."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from mailfax.config.tables.section import Section


class MailList(Section, frozen=True, kw_only=True):
    """[lists.NAME]: a list of fax numbers, reached by a mail to NAME at any fax domain."""

    owner: Annotated[str, Meta(description="Mail address that gets the report of each post.")]
    post: Annotated[
        tuple[str, ...],
        Meta(
            description="Who may post: `users`, `user:NAME`, `group:NAME`, `network:CIDR`, `shell`, or `*` for everybody who is known; nobody else. "
            "Each member is judged by [permissions] as well, as if he were written to alone."
        ),
    ]
    members: Annotated[
        Path | None,
        Meta(
            description="File of numbers, one a line, or CSV with a header that names the column `number`; its other columns go into the report. "
            "Read anew for each post."
        ),
    ] = None
    database: Annotated[
        str | None, Meta(description="Instead of `members`: a database, as an SQLAlchemy URL without the password.")
    ] = None
    query: Annotated[
        str | None, Meta(description="The query of the members; the column `number`, or the first, is the fax number.")
    ] = None
    password_file: Annotated[
        Path | None, Meta(description="File with the password of the database, and nothing else.")
    ] = None
    domain: Annotated[
        str | None, Meta(description="Fax domain by whose plan the numbers are written; the first where left out.")
    ] = None
    moderated: Annotated[bool, Meta(description="Whether a post waits for `mailfax list release`.")] = False
    moderators: Annotated[
        tuple[str, ...], Meta(description="Mail addresses that are asked for it; the owner where there are none.")
    ] = ()
    per_hour: Annotated[
        int, Meta(description="Calls of a post in an hour, spread over it; 0 for no limit.", ge=0, le=100000)
    ] = 0
    footer: Annotated[
        str,
        Meta(
            description="What stands at the foot of every page, as by `render.stamp`: how to get no more of these faxes (`mailfax list optout`)."
        ),
    ] = ""
    lines: Annotated[int, Meta(description="Lines that a post may use at once; 0 for no limit.", ge=0)] = 0
