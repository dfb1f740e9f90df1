"""A real fax modem and real fax machines without hardware: Debian's libspandsp (0.0.6) through ctypes, as other people's software.

`exchange` owns the clock and joins `modem` (a Class 1 modem on a pty) and `machine` (a fax machine) by audio at 8 kHz, over a
perfect line or a `badline`. In `lockstep` there is no pty, and the clock moves only while our driver waits. `documents` makes
what is faxed; `fixture` is what tests use.
"""
