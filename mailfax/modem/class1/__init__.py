"""A fax modem in Class 1 (ITU-T T.31): the line that most telephone lines of this gateway are.

Where to look: `settings` (everything that differs between modems), `line` (a call from dial or ring to hang-up), `transmitter`
and `receiver` (one T.31 command each), `dialogue` (commands and result codes), `dle` (data), `ringing` (RING, caller id, DID),
`port` (the serial device).
"""

from mailfax.modem.class1.line import Class1Line, open_class1
from mailfax.modem.class1.ringing import DidMemory
from mailfax.modem.class1.settings import BASIC_INIT, Class1Settings, Did, FlowControl

__all__ = ["BASIC_INIT", "Class1Line", "Class1Settings", "Did", "DidMemory", "FlowControl", "open_class1"]
