"""The virtual telephone exchange: numbers, ringing and calls between lines, without a telephone line (features.md RL6).

Where to look: `wire` (one call on its own clock), `hdlc` and `signals` (what is on the wire), `hearing` (what a receiver
makes of it), `damage` (what can go wrong, as data), `plan` (settings and number plan), `exchange` (who rings, who is
busy) with `calls` and `server` (the process), `client` (a line of it, in another process), `messages` (what travels
between them), `pair` (one call inside one process, for tests).
"""

from mailfax.modem.virtual.client import VirtualLine, list_calls
from mailfax.modem.virtual.plan import DamagedCalls, ExchangeSettings, Route, Tone
from mailfax.modem.virtual.server import serve_exchange

__all__ = ["DamagedCalls", "ExchangeSettings", "Route", "Tone", "VirtualLine", "list_calls", "serve_exchange"]
