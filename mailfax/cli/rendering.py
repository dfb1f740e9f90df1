"""`mailfax render`: what would be faxed of a mail or of files, as images to look at, with the account of its parts.

Renders exactly as the server does, in the same limited child; nothing is queued and nobody is called.
"""

import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import typer

from mailfax.config import Config
from mailfax.daemon import build
from mailfax.daemon.children import warm_context
from mailfax.daemon.clock import wall_clock_us
from mailfax.gateway.covers import covers_for
from mailfax.gateway.identity import Identity, SentHeader
from mailfax.gateway.mailheader import wishes_of
from mailfax.gateway.preview import FileKind, PreviewPage, preview, write_preview
from mailfax.model.address import FaxAddress
from mailfax.model.document import Fate, PartAccount, counted_with
from mailfax.model.job import Job, JobState
from mailfax.model.options import OptionFault, drawn_for
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.model.submission import Recipient, Submission
from mailfax.render.cover import CoverOrder
from mailfax.render.office import OfficeDesk
from mailfax.render.result import Rendered, RenderFailure
from mailfax.render.sandbox import Content, render_in_child
from mailfax.render.story import read_files

_EX_DATAERR, _EX_NOINPUT, _EX_CANTCREAT = 65, 66, 73
_MAIL_SUFFIX = ".eml"
_STANDARD_INPUT = "-"
_NO_MAIL = "M-preview"
_FIRST_HEADER = re.compile(
    rb"(?:From |[A-Za-z][A-Za-z0-9-]*: )"
)  # of a mail that a mail program stored without a suffix


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderOrder:
    """What to render, for whom it would be, and where the images go; `cover` comes before what the mail and the rules say."""

    files: tuple[Path, ...]
    folder: Path
    kind: FileKind
    resolution: Resolution
    number: str
    as_json: bool
    cover: str = ""


def render(config: Config, order: RenderOrder) -> None:
    """Render, write the images, say what became of every part; exit with 65 when the message would be refused."""
    content = _content(order.files)
    identity = build.identity(config)
    started_us = wall_clock_us()
    settings = replace(build.render_settings(config), dense=drawn_for([order.resolution]))
    office = OfficeDesk(settings)
    try:
        covers = _covers(config, order, content, identity, started_us)
        rendered = render_in_child(content, settings, _no_progress, warm_context(), office.convert, covers)
    except RenderFailure as failure:
        _refused(failure, as_json=order.as_json)
    finally:
        office.close()
    rendered = _as_faxed(rendered)
    all_pages = rendered.pages
    header = SentHeader(identity=identity, number=order.number, pages=len(all_pages), started_us=started_us)
    pages = preview(all_pages, header, order.resolution)
    try:
        written = write_preview(pages, order.folder, order.kind, order.files[0].name)
    except OSError as error:
        typer.echo(f"mailfax: cannot write {error.filename or order.folder}: {error.strerror}.", err=True)
        raise typer.Exit(_EX_CANTCREAT) from None
    if order.as_json:
        typer.echo(json.dumps(_facts(rendered.account, pages, written)))
    else:
        _tell(rendered.account, pages, written)


def _covers(config: Config, order: RenderOrder, content: Content, identity: Identity, now_us: int) -> CoverOrder:
    """Return the cover that the fax would have, with ids that are none. Raises RenderFailure for a name that is none."""
    policy, mail = build.cover_policy(config), content if isinstance(content, bytes) else b""
    address = FaxAddress(number=order.number, domain=build.routing_settings(config).domains[0].name)
    try:
        subject, asked = wishes_of(mail)
        recipient = Recipient(address=address, options=replace(asked, cover=order.cover or asked.cover))
        policy.check([recipient])
    except OptionFault as fault:
        raise RenderFailure(Outcome.BAD_OPTION, str(fault)) from fault
    submission = Submission(
        id=_NO_MAIL,
        received_us=now_us,
        sender="",
        client="shell",
        identity="",
        message_digest="",
        size=len(mail),
        subject=subject or ", ".join(file.name for file in order.files),
        recipients=(recipient,),
    )
    job = Job(
        id="",
        submission_id=_NO_MAIL,
        recipient=recipient,
        number=order.number,
        state=JobState.RENDERING,
        created_us=now_us,
        not_before_us=now_us,
    )
    return covers_for(submission, [job], identity, policy)[1]


def _as_faxed(rendered: Rendered) -> Rendered:
    """Put the cover before the pages, and count it in the account."""
    if not rendered.covers:
        return rendered
    [cover] = rendered.covers
    pages = (*cover.pages, *rendered.pages[cover.replaces :])
    return Rendered(pages=pages, account=counted_with(rendered.account, cover))


def _no_progress(_page: int, _pages: int | None) -> None:
    """Nobody watches."""


def _content(files: tuple[Path, ...]) -> Content:
    """Read what is to be rendered: one mail, or files as `mailfax send` would attach them."""
    try:
        if len(files) == 1 and str(files[0]) == _STANDARD_INPUT:
            return sys.stdin.buffer.read()
        named = read_files(files)
    except OSError as error:
        typer.echo(f"mailfax: cannot read {error.filename}: {error.strerror}.", err=True)
        raise typer.Exit(_EX_NOINPUT) from None
    if len(named) == 1 and _is_mail(files[0], named[0].octets):
        return named[0].octets
    return named


def _is_mail(path: Path, octets: bytes) -> bool:
    suffix = path.suffix.lower()
    return suffix == _MAIL_SUFFIX or (not suffix and _FIRST_HEADER.match(octets) is not None)


def _refused(failure: RenderFailure, *, as_json: bool) -> NoReturn:
    outcome = failure.outcome
    if as_json:
        facts = {"outcome": outcome.code, "detail": failure.detail, "advice": outcome.advice}
        typer.echo(json.dumps(facts | _facts(failure.account, (), ())))
    else:
        _tell_account(failure.account)
        typer.echo(f"not faxed ({outcome.code}): {failure.detail} {outcome.advice}")
    raise typer.Exit(_EX_DATAERR)


def _facts(
    account: tuple[PartAccount, ...], pages: tuple[PreviewPage, ...], written: tuple[Path, ...]
) -> dict[str, object]:
    return {
        "parts": [
            {
                "name": row.name,
                "type": row.content_type,
                "fate": row.fate.value,
                "first_page": row.first_page,
                "last_page": row.last_page,
                "note": row.note,
            }
            for row in account
        ],
        "pages": [
            {"rows": each.page.rows, "bytes": len(each.page.octets), "seconds": round(each.seconds, 1)}
            for each in pages
        ],
        "seconds": round(sum(each.seconds for each in pages), 1),
        "files": [str(file) for file in written],
    }


def _tell(account: tuple[PartAccount, ...], pages: tuple[PreviewPage, ...], written: tuple[Path, ...]) -> None:
    _tell_account(account)
    for number, each in enumerate(pages, start=1):
        octets = len(each.page.octets)
        typer.echo(f"page {number:3}  {each.page.rows:5} rows  {octets:8} bytes  {each.seconds:6.1f} s at 14400 bit/s")
    total = sum(each.seconds for each in pages)
    typer.echo(f"{len(pages)} page{'s' if len(pages) != 1 else ''}, {total:.1f} s; written:")
    for file in written:
        typer.echo(f"  {file}")


def _tell_account(account: tuple[PartAccount, ...]) -> None:
    for row in account:
        typer.echo(f"{_fate(row):14} {row.name} ({row.content_type}){f': {row.note}' if row.note else ''}")


def _fate(row: PartAccount) -> str:
    if row.fate is not Fate.FAXED or row.first_page is None:
        return row.fate.value
    if row.first_page == row.last_page:
        return f"page {row.first_page}"
    return f"pages {row.first_page}-{row.last_page}"
