"""Sets of pages, 1-based as people count, and how they are written: `1-3, 5`. Used wherever confirmed pages are kept or told.

A set and not a count: a page in the middle may be the one that is missing, and only it is to be sent again.
"""

from collections.abc import Iterable

PageSet = frozenset[int]
NO_PAGES: PageSet = frozenset()
COVER = 0  # the number of a cover that goes before the pages of a call; it is none of the document


def first_pages(count: int) -> PageSet:
    """Return the first `count` pages of a document."""
    return frozenset(range(1, count + 1))


def page_ranges(pages: Iterable[int]) -> str:
    """Write pages in order, runs of them as `first-last`; nothing for none."""
    runs: list[list[int]] = []
    for page in sorted(set(pages)):
        if runs and runs[-1][1] == page - 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    return ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)


def read_page_ranges(text: str) -> PageSet:
    """Read what page_ranges wrote. Raises ValueError."""
    pages: set[int] = set()
    for run in filter(None, (part.strip() for part in text.split(","))):
        first, _, last = run.partition("-")
        pages.update(range(int(first), int(last or first) + 1))
    return frozenset(pages)


def pages_in_words(pages: Iterable[int]) -> str:
    """Name pages in a sentence: `page 2`, `pages 2, 4-9`."""
    named = set(pages)
    return f"{'page' if len(named) == 1 else 'pages'} {page_ranges(named)}"
