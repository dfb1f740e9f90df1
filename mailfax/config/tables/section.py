"""What every table of the configuration file is."""

import msgspec


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file. Unknown keys are refused, since a misspelt key is a setting that silently does nothing."""
