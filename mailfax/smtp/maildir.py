"""A message into a Maildir, durable before we say so: tmp, fsync, rename into new, fsync of the folder.

Called by `outgoing`. The file name is the caller's and the same at each try, so that a delivery repeated after a crash
finds the first one and is not a second copy.
"""

import os
import re
from pathlib import Path

# Such a name cannot climb out of the root, hide (leading dot) or be an option (leading hyphen).
_WIDE = "\u00a1-\U0010ffff"  # letters beyond ASCII (RFC 6531)
_SAFE = re.compile(rf"[a-z0-9+_{_WIDE}][a-z0-9+_.={_WIDE}-]{{0,127}}(?:@[a-z0-9{_WIDE}][a-z0-9.{_WIDE}-]{{0,126}})?")
_MAX_NAME_OCTETS = 255
_FOLDERS = ("tmp", "new", "cur")


class UnsafeMailbox(ValueError):
    """The mailbox cannot be a folder name; the text is one plain sentence."""


def is_maildir_name(mailbox: str) -> bool:
    """Say whether a mailbox can be the name of a Maildir."""
    name = mailbox.lower()
    return _SAFE.fullmatch(name) is not None and name.isprintable() and len(name.encode()) <= _MAX_NAME_OCTETS


def deliver_to_maildir(message: bytes, sender: str, mailbox: str, root: Path, name: str) -> Path:
    """Store the message as `root/mailbox/new/name` and return that path (or the one to which a reader has moved it).

    It is stored as a final delivery is: LF line ends, as mail readers on Unix expect, below Return-Path and Delivered-To
    (RFC 5321 section 4.4). Raises OSError.
    """
    folder = mailbox.lower()
    if not is_maildir_name(mailbox):
        raise UnsafeMailbox(f"The mailbox {mailbox!r} cannot be the name of a Maildir.")
    maildir = root / folder
    _make_maildir(maildir)
    stored = maildir / "new" / name
    seen = next(maildir.joinpath("cur").glob(f"{name}:*"), None)
    if seen is not None or stored.exists():
        return seen or stored
    trace = f"Return-Path: <{sender}>\nDelivered-To: {folder}\n".encode()
    draft = maildir / "tmp" / name
    with draft.open("wb") as file:
        file.write(trace + message.replace(b"\r\n", b"\n"))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(stored)
    _sync_folder(stored.parent)
    return stored


def _make_maildir(maildir: Path) -> None:
    """Create the folders that are missing, each durable in the one above it."""
    missing = [folder for folder in (maildir / name for name in _FOLDERS) if not folder.is_dir()]
    if not missing:
        return
    above = [folder for folder in (maildir, *maildir.parents) if not folder.is_dir()]
    for folder in missing:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in {maildir, *(made.parent for made in above)}:
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
