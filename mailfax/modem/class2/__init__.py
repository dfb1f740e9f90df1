"""A fax modem in Class 2, 2.0 or 2.1 (TIA SP-2388-A, TIA-592, ITU-T T.32): the modem does T.30, and is told what to send.

The engine of `mailfax.t30` runs these calls too, so that promises, policies, results and transcripts are the same on every line. The
driver stands between: it tells the modem what the engine's frames say, and the engine, in frames, what the modem says (`frames`).
Where to look: `settings` (what differs between modems), `line` (a call from dial or ring to hang-up), `sender` and `receiver` (the
engine's commands in either role), `talk` (commands and reports), `words` (how the classes spell things), `hangup` (the codes).
"""

from mailfax.modem.class2.line import Class2Line
from mailfax.modem.class2.settings import Class2Settings

__all__ = ["Class2Line", "Class2Settings"]
