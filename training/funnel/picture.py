"""The picture of the funnel: a bar per stage, written as SVG without a plotting library."""

from typing import TYPE_CHECKING

from training.canvas import FONT_STACK, INK, MODEL, MUTED

if TYPE_CHECKING:
    from training.funnel.found import Funnel

WIDTH, LEFT, ROW, BAR = 560, 92, 26, 18
ROOM = 70
"""Room for the number beside the longest bar."""


def draw_funnel(found: "Funnel") -> str:
    """SVG: leads that reached each stage, the first on top."""
    most = max(found.reached.values(), default=0) or 1
    rows = [
        _bar(number, stage, reached, reached / most) for number, (stage, reached) in enumerate(found.reached.items())
    ]
    style = f'font-family="{FONT_STACK}" font-size="12"'
    height = ROW * len(rows)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {style}>'
    return "\n".join([head, *rows, "</svg>\n"])


def _bar(row: int, stage: str, reached: int, share: float) -> str:
    """A stage's name, its bar, and its number; stages are the product's own words."""
    top, middle = ROW * row + (ROW - BAR) / 2, ROW * row + ROW / 2 + 4
    length = (WIDTH - LEFT - ROOM) * share
    return (
        f'<text x="{LEFT - 8}" y="{middle:g}" text-anchor="end" fill="{INK}">{stage}</text>'
        f'<rect x="{LEFT}" y="{top:g}" width="{length:.1f}" height="{BAR}" rx="2" fill="{MODEL}"/>'
        f'<text x="{LEFT + length + 6:.1f}" y="{middle:g}" fill="{MUTED}">{reached:,}</text>'
    )
