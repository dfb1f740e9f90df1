"""Lines: things that can make and take a telephone call and perform what the T.30 engine asks.

Where to look: `line` (what a line is), `pump` (engine, line and keeper joined), `at` (what all modems have in common),
`class1` (a T.31 modem), `class2` (a modem that does T.30 itself), `opening` (which of them a device is), `profiles/*.toml` (model
quirks, as data), `virtual` (the virtual telephone exchange).
"""
