"""The running server: the only place that constructs things, reads the wall clock and catches everything.

Where to look: `server` (the supervisor and the mail side), `line` (one line's process), `exchange` (the virtual exchange's
process), `build` (configuration to settings), `control` (live events for whoever watches).
"""
