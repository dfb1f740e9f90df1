"""What this machine lacks for its configuration: the second half of `mailfax check`, after the file itself is found good."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from mailfax.config import Config
from mailfax.daemon.build import render_settings, spool_settings
from mailfax.render.fonts import font_chain
from mailfax.spool.disk import free_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is missing. A fatal one keeps the server from doing its work."""

    fatal: bool
    text: str
    advice: str

    def __str__(self) -> str:
        """Return the finding as one line."""
        return f"{'error' if self.fatal else 'note'}: {self.text} {self.advice}"


def machine_findings(config: Config) -> Iterator[Finding]:
    """Look at devices, folders, fonts and free space; change nothing."""
    yield from _folder_findings(config)
    for name, line in config.lines.items():
        if line.kind == "class1" and line.device.startswith("/") and not os.access(line.device, os.R_OK | os.W_OK):
            text = f"lines.{name}: {line.device} is not there or may not be opened."
            yield Finding(fatal=True, text=text, advice="Plug the modem in, and add this user to the group dialout.")
    password_file = config.mail.password_file
    if password_file is not None and not os.access(password_file, os.R_OK):
        yield Finding(
            fatal=True,
            text=f"mail.password_file: {password_file} cannot be read.",
            advice="Create it, readable by this user only.",
        )
    if not any(font.path for font in font_chain(render_settings(config))):
        text = "no font is installed; text outside of Latin letters will show as boxes."
        yield Finding(fatal=False, text=text, advice="apt-get install fonts-dejavu-core")


def _folder_findings(config: Config) -> Iterator[Finding]:
    settings = spool_settings(config)
    nearest = next(folder for folder in (settings.directory, *settings.directory.parents) if folder.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        text = f"data_dir: {settings.directory} cannot be written."
        yield Finding(fatal=True, text=text, advice="Create it, owned by the user that runs mailfax.")
    elif free_bytes(nearest) < settings.reserve_bytes:
        text = f"data_dir: less than {config.spool.reserve_mb} MB are free, so neither mail nor calls will be taken."
        yield Finding(fatal=True, text=text, advice="Free disk space, or lower spool.reserve_mb.")
