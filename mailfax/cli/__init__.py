"""The command line: `mailfax serve`, `check`, `demo`, `send`, `render`, `queue`, `show`, `modem …`.

Verbs on jobs and on the server stand alone, everything else is noun and verb. All commands take `--json` where they print
facts. Commands work through the spool; nothing here knows how a fax is sent.
"""

import sys


def main() -> None:
    """Entry point of the `mailfax` command. Mail servers start `sendmail` for each mail: it comes without all the others."""
    if sys.argv[1:2] == ["sendmail"]:
        from mailfax.cli.pipe import main as run  # noqa: PLC0415
    else:
        from mailfax.cli.app import main as run  # noqa: PLC0415
    run()
