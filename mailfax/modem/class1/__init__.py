"""A fax modem in Class 1 (ITU-T T.31): the line that most telephone lines of this gateway are.

Where to look: `settings` (what differs between modems), `line` (a call from dial or ring to hang-up), `transmitter`
and `receiver` (one T.31 command each); what it shares with the other classes is in `mailfax.modem.at`.
"""

from mailfax.modem.at.ringing import DidMemory
from mailfax.modem.at.settings import BASIC_INIT, Did, FlowControl
from mailfax.modem.class1.line import Class1Line, open_class1
from mailfax.modem.class1.settings import Class1Settings

__all__ = ["BASIC_INIT", "Class1Line", "Class1Settings", "Did", "DidMemory", "FlowControl", "open_class1"]
