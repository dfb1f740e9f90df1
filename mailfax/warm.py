"""Imported once by the forkserver (`daemon.children`), so that every child starts with everything it needs already in memory, and shares it.

Beside the kernels, pdfium and the fonts these are the modules that the children's own entry points import. Nothing here
starts a thread, an event loop or a database connection: those do not survive a fork.
"""

import gc

import mailfax.cli
import mailfax.daemon.exchange
import mailfax.daemon.line
import mailfax.render.sandbox  # noqa: F401 - imported for the children
from mailfax.render.warm import warm as warm_render
from mailfax.t4codec import warm as warm_codec

warm_codec()
warm_render()
gc.collect()
gc.freeze()  # keeps the collector of each child from writing to, and so copying, pages that all share
