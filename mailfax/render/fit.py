"""How large a page or picture is drawn on the fax page: shrunk to fit, enlarged a little at most, turned where that helps.

Pure arithmetic, used by `pdf` and `image`.
"""

from dataclasses import dataclass

from mailfax.model.options import PaperSize
from mailfax.render.paper import FINE, Paper, body_fine_rows, body_inches, body_width_inches

ENLARGE_AT_MOST = 1.5
# A sheet is turned only if that makes it this much larger: a slightly wide one stays upright.
_WORTH_TURNING = 1.15


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """The size on a sheet of `paper`, after turning by a quarter if `turned`."""

    width_inches: float
    height_inches: float
    turned: bool
    paper: PaperSize = PaperSize.A4

    def size_px(self, paper: Paper) -> tuple[int, int]:
        """Return width and height in pels and rows of this raster."""
        widest = paper.resolution.width_px(self.paper.width_px)
        width = min(widest, max(1, round(self.width_inches * paper.x_dpi)))
        most_rows = int(body_fine_rows(self.paper) * paper.y_dpi / FINE.y_dpi)
        rows = min(most_rows, max(1, round(self.height_inches * paper.y_dpi)))
        return width, rows


def fit(
    width_inches: float,
    height_inches: float,
    *,
    may_turn: bool,
    margin_inches: float = 0.0,
    paper: PaperSize = PaperSize.A4,
) -> Fit:
    """Fit something of this natural size between the side margins of a body."""
    high = body_inches(paper)
    room = body_width_inches(paper) - 2 * margin_inches
    upright = min(ENLARGE_AT_MOST, room / width_inches, high / height_inches)
    turned = min(ENLARGE_AT_MOST, room / height_inches, high / width_inches)
    if may_turn and width_inches > height_inches and turned > upright * _WORTH_TURNING:
        return Fit(width_inches=height_inches * turned, height_inches=width_inches * turned, turned=True, paper=paper)
    return Fit(width_inches=width_inches * upright, height_inches=height_inches * upright, turned=False, paper=paper)
