"""Imported once by the forkserver, so that every child starts with the kernels, pdfium and the fonts already in memory."""

from mailfax.render.warm import warm as warm_render
from mailfax.t4codec import warm as warm_codec

warm_codec()
warm_render()
