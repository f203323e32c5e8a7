"""A plot of costs as an SVG picture: both axes logarithmic, a line for each contender, light and dark."""

from collections.abc import Mapping, Sequence
from html import escape
from math import log10

__all__ = ["plot"]

_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 44, 48
_COLOURS = ("#0b7a68", "#b5452c", "#6b5bb8", "#8a6d00")
_STYLE = """
text { font: 13px -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; fill: #34403c; }
.title { font-size: 15px; font-weight: 600; }
.grid { stroke: #d9dfdc; stroke-width: 1; }
.ground { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
  text { fill: #d5dcd9; } .grid { stroke: #3a4541; } .ground { fill: #161b19; }
}
"""

Line = Sequence[tuple[float, float]]


def plot(title: str, lines: Mapping[str, Line], *, across: str, unit: str) -> str:
    """Return the picture. Each line is drawn with its name at its last point; all figures are above 0."""
    points = [point for line in lines.values() for point in line]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low = 10 ** _floor(min(y for _, y in points))
    high = 10 ** -_floor(1 / max(y for _, y in points))

    def place(x: float, y: float) -> tuple[float, float]:
        along = log10(x / left) / log10(right / left)
        up = log10(y / low) / log10(high / low)
        return _LEFT + along * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{_HEIGHT}" rx="8"/>',
        f'<text class="title" x="16" y="26">{escape(title)}</text>',
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 10}" text-anchor="end">{escape(across)}</text>',
    ]
    for power in range(_floor(low * 1.001), _floor(high * 1.001) + 1):
        _, y = place(left, 10**power)
        drawn.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        drawn.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:g} {escape(unit)}</text>')
    for power in range(_floor(left * 1.001), _floor(right * 1.001) + 1):
        x, _ = place(10**power, low)
        drawn.append(f'<path class="grid" d="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
        anchor = "end" if x > _WIDTH - 3 * _RIGHT else "middle"
        drawn.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="{anchor}">{10**power:,}</text>')
    for colour, (name, line) in zip(_COLOURS, lines.items(), strict=False):
        places = [place(x, y) for x, y in line]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        drawn.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        x, y = places[-1]
        beside = y + 20 if y < _TOP + 24 else y - 10
        drawn.append(
            f'<text x="{x:.1f}" y="{beside:.1f}" text-anchor="end" style="fill:{colour};font-weight:600">{escape(name)}</text>'
        )
    return "\n".join([*drawn, "</svg>\n"])


def _floor(value: float) -> int:
    return int(log10(value) // 1)
