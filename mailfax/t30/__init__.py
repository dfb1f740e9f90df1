"""T.30 without I/O: generators that yield commands for a line and are sent back what the line heard.

Where to look: `commands` (the language between engine and line), `wire` (octets and bit order), `frames` (FCF table),
`capabilities` (DIS and DCS), `modulation` (rates and the fall-back ladder), `timers`, `caller`, `answerer`.
"""
