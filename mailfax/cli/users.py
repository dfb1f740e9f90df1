"""Users of this machine by the names that people know, for `app` and `sending`."""

import pwd


def user_name(uid: int) -> str:
    """Return the name of a user as the operating system knows it, or the number where it knows none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
