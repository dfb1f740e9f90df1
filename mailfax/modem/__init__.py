"""Lines: things that can make and take a telephone call and perform what the T.30 engine asks.

Where to look: `line` (what a line is), `pump` (engine, line and keeper joined), `at` (what all modems have in common),
`class1` (a T.31 modem), `virtual` (the virtual telephone exchange), `profiles/*.toml` (model quirks, as data).
"""
