"""Pages that somebody has looked at: one for each kind of part, and one in eight scripts. `test_render_golden` holds today's pages against them.

    python tests/render/golden_pages.py        writes fixtures/pages anew and the contact sheet of docs/rendering.md: look at both, then commit

All is made of our own mails and of what is written here. `office` needs LibreOffice.
"""

import sys
from collections.abc import Callable
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "fixtures"), str(ROOT / "tests" / "render")]

from office_files import DOCX, docx, paragraph  # noqa: E402
from pages import mail_with, pixels, text_mail  # noqa: E402

from mailfax.render.cover import CoverFacts, CoverOrder  # noqa: E402
from mailfax.render.coverset import load_covers  # noqa: E402
from mailfax.render.office import Convert, OfficeDesk, no_office  # noqa: E402
from mailfax.render.settings import RenderSettings  # noqa: E402
from mailfax.render.story import render_message  # noqa: E402

PAGES = ROOT / "fixtures" / "pages"
SHEET = ROOT / "docs" / "rendering-gallery" / "parts.png"
Black = NDArray[np.bool_]

SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" width="500" height="320" viewBox="0 0 500 320">
<rect x="10" y="10" width="480" height="300" fill="none" stroke="#246" stroke-width="4"/>
<path d="M20 200 C120 20 200 300 300 160 S420 60 480 140" fill="none" stroke="#c40" stroke-width="6"/>
<circle cx="120" cy="90" r="40" fill="#8ac"/><text x="200" y="280" font-size="34">tide, Cuxhaven</text></svg>"""
LETTER = """Dear Ms Smith,

thank you for your question about the tide tables. We have them for 2026 and 2027:

year    pages    price
2026       48    12.50
2027       52    13.00

> Do you also send them abroad?
>> We asked this last year.

Yes, we do.

Kind regards
Anna Berg
"""


def page_of(mail: bytes, page: int = 0, convert: Convert = no_office) -> Black:
    return pixels(render_message(mail, RenderSettings(), lambda *_: None, convert=convert).pages[page].fine)


def attached(name: str) -> Black:
    """Draw one file of our mail with attachments."""
    message = (ROOT / "fixtures" / "mail" / "attachments.eml").read_bytes()
    made = render_message(message, RenderSettings(), lambda *_: None)
    [row] = [row for row in made.account if row.name == name]
    assert row.first_page is not None
    return pixels(made.pages[row.first_page - 1].fine)


def covered(*, with_text: bool) -> Black:
    """Draw the cover of mailfax before a letter, or above it."""
    facts = CoverFacts(
        template="default",
        to="+49 4721 12345",
        from_name="Anna Berg, Tide Tables Ltd",
        from_mail="anna@tides.example",
        station_id="+44 20 7946 0000",
        date="2026-11-27 12:00 GMT",
        subject="Tide tables 2026 and 2027",
        trace_id="M1PP3YDHZS0AV",
        job="J1PP3YDJQ3YWG",
        contact="fax@tides.example",
        with_text=with_text,
    )
    order = CoverOrder(covers=load_covers(None), wanted=(facts,))
    mail = text_mail(LETTER, Subject="Tide tables").as_bytes()
    [cover] = render_message(mail, RenderSettings(), lambda *_: None, covers=order).covers
    return pixels(cover.pages[0].fine)


def office() -> Black:
    desk = OfficeDesk(RenderSettings())
    try:
        body = "".join(paragraph(line) for line in LETTER.splitlines())
        return page_of(mail_with(docx(body), DOCX, "letter.docx"), convert=desk.convert)
    finally:
        desk.close()


def own(name: str) -> Black:
    return page_of((ROOT / "fixtures" / "mail" / f"{name}.eml").read_bytes())


def picture(kind: str) -> Black:
    """Draw a gradient with a disc in a format that has transparency or colours of a palette."""
    y, x = np.mgrid[0:300, 0:400]
    grey = (x * 255 // 400).astype(np.uint8)
    disc = (x - 200) ** 2 + (y - 150) ** 2 < 90**2
    image = Image.fromarray(
        np.dstack([grey, grey, np.where(disc, 40, grey), np.where(y < 40, 0, 255)]).astype(np.uint8)
    )
    octets = BytesIO()
    image.save(octets, kind)
    return page_of(mail_with(octets.getvalue(), f"image/{kind.lower()}", f"disc.{kind.lower()}"))


def nested() -> Black:
    """Draw a mail with a forwarded one in it."""
    outer, inner = (
        text_mail("See below.", Subject="Fwd: Tides"),
        text_mail(LETTER, Subject="Tides", From="b@example.org"),
    )
    outer.make_mixed()
    part = EmailMessage()
    part.set_content(inner)
    outer.attach(part)
    return page_of(outer.as_bytes())


# By name: what draws it. `office` is apart, since it needs LibreOffice.
GOLDEN: dict[str, Callable[[], Black]] = {
    "scripts": lambda: own("scripts"),
    "html": lambda: own("html"),
    "text": lambda: page_of(text_mail(LETTER, Subject="Tide tables", From="anna@tides.example").as_bytes()),
    "forwarded": nested,
    "pdf": lambda: attached("offer.pdf"),
    "jpeg": lambda: attached("ball.jpg"),
    "png": lambda: attached("tide.png"),
    "fax": lambda: attached("old-fax.tif"),
    "gif": lambda: picture("GIF"),
    "webp": lambda: picture("WEBP"),
    "svg": lambda: page_of(mail_with(SVG, "image/svg+xml", "tide.svg")),
    "cover": lambda: covered(with_text=False),
    "cover-text": lambda: covered(with_text=True),
    "stamp": lambda: page_of(
        text_mail(LETTER, Subject="Tide tables", **{"X-Fax-Stamp": "CONFIDENTIAL {page:4}"}).as_bytes()
    ),
}
_COLUMNS, _SCALE, _TALLEST = 5, 4, 1800


def main() -> None:
    drawn = {name: draw() for name, draw in {**GOLDEN, "office": office}.items()}
    for name, black in drawn.items():
        Image.fromarray(~black).save(PAGES / f"{name}.png", optimize=True)
    width, height = 1728 // _SCALE, _TALLEST // _SCALE
    rows = -(-len(drawn) // _COLUMNS)
    sheet = Image.new("L", (_COLUMNS * (width + 12), rows * (height + 26)), 200)
    draw = ImageDraw.Draw(sheet)
    for number, (name, black) in enumerate(drawn.items()):
        x, y = number % _COLUMNS * (width + 12) + 6, number // _COLUMNS * (height + 26) + 20
        shown = Image.fromarray(np.where(black[:_TALLEST], 0, 255).astype(np.uint8))
        draw.text((x, y - 14), name, 0)
        sheet.paste(shown.resize((width, max(1, shown.height // _SCALE)), Image.Resampling.BOX), (x, y))
    sheet.quantize(16).save(SHEET, optimize=True)


if __name__ == "__main__":
    main()
