"""The command line: `mailfax serve`, `check`, `demo`, `send`, `render`, `queue`, `show`, `modem …`.

Verbs on jobs and on the server stand alone, everything else is noun and verb. All commands take `--json` where they print
facts. Commands work through the spool; nothing here knows how a fax is sent.
"""

from mailfax.cli.app import main

__all__ = ["main"]
