"""How photographs become black and white: what an administrator or a sender chooses, and `render` does."""

from enum import StrEnum


class PhotoScreen(StrEnum):
    """From cheapest on the line to finest. Seconds a page are in docs/rendering.md."""

    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"
