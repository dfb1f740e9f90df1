"""Checks of [render]: what no page could show."""

from collections.abc import Iterator

from mailfax.config.check import Problem
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import At
from mailfax.model.stamp import stamp_fault


def render_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find what is wrong with the look of pages."""
    if fault := stamp_fault(config.render.stamp):
        text = f"render.stamp: {config.render.stamp!r} {fault}."
        advice = 'Write for example "CONFIDENTIAL" or "ABC {page:6}".'
        yield Problem(line=at("render", "stamp"), text=text, advice=advice)
