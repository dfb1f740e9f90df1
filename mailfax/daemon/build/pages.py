"""How mails become pages."""

from mailfax.config import Config
from mailfax.daemon.build.units import MB
from mailfax.model.options import PaperSize
from mailfax.model.photo import PhotoScreen
from mailfax.render.settings import RenderSettings

WALL_SECONDS_PER_CPU_SECOND = 2


def render_settings(config: Config) -> RenderSettings:
    """Return the limits of rendering."""
    render = config.render
    return RenderSettings(
        max_pages=render.max_pages,
        cpu_s=render.cpu_s,
        wall_s=render.cpu_s * WALL_SECONDS_PER_CPU_SECOND,
        memory_bytes=render.memory_mb * MB,
        fonts=render.fonts,
        text_pt=render.text_pt,
        margin_mm=render.margin_mm,
        paper=PaperSize(render.paper),
        photos=PhotoScreen(render.photos),
        prefer_html=render.body == "html",
        stamp=render.stamp,
    )
