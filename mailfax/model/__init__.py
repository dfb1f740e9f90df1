"""Leaf values that travel between the packages: no I/O, no clock, nothing above them is imported.

Every value is a frozen, slotted, keyword-only dataclass. Times in the store are UTC integer microseconds (`*_us`),
times on a telephone line are seconds of that line's own clock (`*_s`).
"""
