"""format=flowed (RFC 3676): soft line ends are taken out, quote depth and hard line ends stay. Used by `mime`'s readers of text."""

_SIGNATURE = "-- "


def unflow(text: str, *, delete_space: bool) -> str:
    """Join flowed lines (RFC 3676 section 4); a paragraph becomes one line with its quote marks in front.

    `delete_space` is DelSp=yes: the blank before a soft line end was put there for it, and goes.
    """
    joined: list[tuple[int, str]] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")  # space stuffing, section 4.4
        is_soft = content.endswith(" ") and content != _SIGNATURE
        kept = content[:-1] if is_soft and delete_space else content
        if open_depth == depth and content != _SIGNATURE and joined:
            joined[-1] = (depth, joined[-1][1] + kept)
        else:
            joined.append((depth, kept))
        open_depth = depth if is_soft else None
    return "\n".join(">" * depth + (" " if depth else "") + content for depth, content in joined)
