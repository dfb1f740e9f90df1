"""The report of a post as a PDF: a sum, and a line for each number. Called by `gateway.listreports`; all foreign text in it is escaped."""

from collections.abc import Sequence
from html import escape

from mailfax.render.engine import PageBox, lay_out_ours
from mailfax.render.fontset import fonts_of
from mailfax.render.settings import RenderSettings
from mailfax.render.text import clean

_A4 = PageBox(width_pt=595.0, height_pt=842.0)
_STYLE = """
@page { size: A4; margin: 15mm 12mm; }
body { font: 9pt %(sans)s; }
h1 { font-size: 14pt; margin: 0 0 4mm; }
pre { font: 9pt %(sans)s; white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%%; }
td, th { text-align: left; vertical-align: top; padding: 0.6mm 2mm; border-bottom: 0.2mm solid #bbb; }
thead { display: table-header-group; }
"""


def table_pdf(title: str, words: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Lay out a title, some words and a table. Raises LayoutFailed."""
    settings = RenderSettings()
    fonts = fonts_of(settings)
    cells = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    header = "".join(f"<th>{_text(cell)}</th>" for cell in head)
    html = (
        f"<body><h1>{_text(title)}</h1><pre>{_text(words)}</pre>"
        f"<table><thead><tr>{header}</tr></thead><tbody>{cells}</tbody></table></body>"
    )
    return lay_out_ours(html, _A4, style=f"{fonts.faces}{_STYLE % {'sans': fonts.sans}}", resources=fonts.resources)


def _text(text: str) -> str:
    return escape(clean(text))
