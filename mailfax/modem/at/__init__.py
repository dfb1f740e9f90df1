"""What every modem that speaks AT has in common, whatever its fax class. Used by `class1` and `class2`.

Where to look: `settings` (what is told of a modem and its line), `port` (the serial device), `dialogue` (commands and result codes),
`dle` (data), `ringing` (RING, caller id, called number).
"""
