"""A token: a secret that a mail carries in place of a login, for programs that can send mail and nothing else. Made by `mailfax user token`."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What is kept of a token; the secret itself is nowhere. `uses_left` is None where it may be used for ever."""

    id: str
    user: str
    label: str
    created_us: int
    expires_us: int | None = None
    uses_left: int | None = None
    used_us: int | None = None

    def holds(self, now_us: int) -> bool:
        """Say whether it is worth anything at that time."""
        return (self.expires_us is None or now_us < self.expires_us) and self.uses_left != 0
