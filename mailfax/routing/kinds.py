"""The classes of destinations that permissions speak of."""

from enum import StrEnum


class Kind(StrEnum):
    """What a number costs or does, seen from the domain's own country."""

    INTERNAL = "internal"  # a number of a private plan
    LOCAL = "local"
    NATIONAL = "national"
    TOLL_FREE = "toll-free"
    INTERNATIONAL = "international"
    UNKNOWN = "unknown"  # possible, but in no range that the metadata know: they lag behind the real plans
    SHORT = "short"
    PREMIUM = "premium"
    SATELLITE = "satellite"
    EMERGENCY = "emergency"


# Allowed by no rule that does not name them; emergency by none at all.
DENY_LIST = frozenset({Kind.SHORT, Kind.PREMIUM, Kind.SATELLITE, Kind.EMERGENCY})
EVERYDAY = frozenset({Kind.INTERNAL, Kind.LOCAL, Kind.NATIONAL, Kind.TOLL_FREE})
