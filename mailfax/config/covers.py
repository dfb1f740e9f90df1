"""Covers that the configuration names and that there are not. Called when a file is read, beside `sense`."""

from collections.abc import Iterator

from mailfax.config.check import Problem, line_of
from mailfax.config.schema import Config
from mailfax.model.options import NO_COVER, USUAL_COVER
from mailfax.render.coverset import load_covers


def cover_problems(config: Config, text: str) -> Iterator[Problem]:
    """Find a folder that cannot be read and names that are no cover. Paths of `config` are absolute by now."""
    try:
        known = sorted(load_covers(config.cover.folder).templates)
    except (OSError, ValueError) as error:
        yield Problem(
            line=line_of(text, ("cover", "folder")),
            text=f"cover.folder: {error}",
            advice="Name a folder of templates in UTF-8 that this user can read.",
        )
        return
    named = [(("cover", "template"), config.cover.template, known)] + [
        (("domains", name, "cover"), domain.cover, [NO_COVER, USUAL_COVER, *known])
        for name, domain in config.domains.items()
        if domain.cover
    ]
    for path, name, among in named:
        if name.lower() not in among:
            yield Problem(
                line=line_of(text, path),
                text=f"{'.'.join(path)}: there is no cover {name!r}.",
                advice=f"Write one of: {', '.join(among)}.",
            )
