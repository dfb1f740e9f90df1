"""Makes the next thing while the last one is in use. Used by `pdf`, which draws a page while the one before is screened and coded."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items, each made in one other thread, while whoever asked for them works on the one before.

    That pays where both let go of Python's lock, as pdfium and the kernels do. None must not be among the items.
    """
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
