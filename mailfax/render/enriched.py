"""text/enriched (RFC 1896) and the older text/richtext (RFC 1341, 7.1.3) become HTML. Used by `html`."""

import re
from html import escape

_TOKEN = re.compile(r"<<|</?[\w-]{1,60}>|\n+|[^<\n]+|<")
_TAGS = {
    "bold": "b", "italic": "i", "underline": "u", "fixed": "tt", "smaller": "small", "bigger": "big", "center": "center",
    "excerpt": "blockquote", "indent": "blockquote", "quotation": "blockquote", "paragraph": "p", "subscript": "sub", "superscript": "sup",
}  # fmt: skip
_ALONE = {"nl": "<br>", "np": '<div style="page-break-before:always"></div>', "lt": "&lt;"}
_UNSEEN = {"comment", "param"}


def enriched_to_html(text: str, *, richtext: bool) -> str:
    """Translate; tags that are not known are left out, as both standards demand."""
    html: list[str] = []
    unseen = 0
    for token in _TOKEN.findall(text.replace("\r\n", "\n")):
        tag = token.strip("</>").lower() if token.startswith("<") and token.endswith(">") else ""
        if tag in _UNSEEN:
            unseen += -1 if token.startswith("</") else 1
        elif unseen > 0:
            continue
        elif tag:
            html.append(_ALONE.get(tag, "") or _tag(tag, closes=token.startswith("</")))
        elif token.startswith("\n"):
            html.append(" " if richtext or len(token) == 1 else "<br>" * (len(token) - 1))
        else:
            html.append(escape(token.replace("<<", "<")))
    return "".join(html)


def _tag(name: str, *, closes: bool) -> str:
    known = _TAGS.get(name)
    return f"<{'/' if closes else ''}{known}>" if known else ""
