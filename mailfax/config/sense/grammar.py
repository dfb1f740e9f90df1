"""Patterns that several checks of the configuration share."""

import re
from collections.abc import Callable

At = Callable[..., int]  # from a path of keys to its line

HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*"
)
NUMBER = re.compile(r"\+?[0-9]{1,20}")
DID_PATTERN = re.compile(r"\+?[0-9x]+\*?|\*")
ASCII = re.compile(r"[ -~]*")
