"""CPU per packet against rate, as an SVG that brings its own ground, light or dark."""

import math

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 130, 46, 56
NAME_HEIGHT = 17
STYLE = """<style>
.ground{fill:#fff} text{fill:#333} .grid{stroke:#ddd} .line{fill:none;stroke-width:2}
.s0{color:#c0392b} .s1{color:#1f6fb2} .s2{color:#7d5ba6} .s3{color:#2e8b57}
@media (prefers-color-scheme: dark) {
.ground{fill:#0d1117} text{fill:#ccc} .grid{stroke:#30363d}
.s0{color:#ff7b72} .s1{color:#58a6ff} .s2{color:#bc8cff} .s3{color:#56d364}
}
.line,circle{stroke:currentColor} circle{fill:currentColor;stroke-width:2} .lossy{fill:none}
text.name{fill:currentColor}
</style>"""


def _ticks(low, high):
    """1, 2 and 5 times each power of ten within."""
    return [mantissa * 10 ** power
            for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            for mantissa in (1, 2, 5) if low <= mantissa * 10 ** power <= high]


def _label(value):
    return f"{value / 1000:g} k" if value >= 1000 else f"{value:g}"


class _Scale:
    """Logarithmic: equal ratios are equal lengths."""

    def __init__(self, values, start, end):
        self.low, self.high = min(values) / 1.15, max(values) * 1.15
        self.start, self.end = start, end

    def __call__(self, value):
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)


def _text(x, y, text, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{text}</text>'


def _axes(across, up):
    parts = []
    for rate in _ticks(across.low, across.high):
        x = across(rate)
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(_text(x, HEIGHT - BOTTOM + 18, _label(rate), 'text-anchor="middle"'))
    for cost in _ticks(up.low, up.high):
        y = up(cost)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 8, y + 4, _label(cost), 'text-anchor="end"'))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(_text(middle, HEIGHT - 14, "packets a second", 'text-anchor="middle"'))
    parts.append(_text(LEFT - 58, TOP - 18, "CPU nanoseconds for a packet"))
    return parts


def _series(number, points, across, up):
    """Points are (rate, nanoseconds, lossy): hollow where packets were lost."""
    places = [(across(rate), up(cost), lossy) for rate, cost, lossy in sorted(points)]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in places)
    parts = [f'<g class="s{number}">', f'<path class="line" d="M{path}"/>']
    for x, y, lossy in places:
        mark = ' class="lossy"' if lossy else ""
        parts.append(f'<circle{mark} cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
    return [*parts, "</g>"]


def _names(series, up):
    """Beside the last point of each, from the top down, none over another."""
    last = [(up(max(points)[1]), number, name) for number, (name, points) in
            enumerate(series.items())]
    parts, free = [], TOP
    for y, number, name in sorted(last):
        free = max(y, free)
        parts.append(f'<g class="s{number}">'
                     + _text(WIDTH - RIGHT + 12, free + 4, name, 'class="name"') + "</g>")
        free += NAME_HEIGHT
    return parts


def draw(series):
    """`series`: name → points, four at most. Returns the SVG."""
    points = [point for found in series.values() for point in found]
    across = _Scale([rate for rate, _, _ in points], LEFT, WIDTH - RIGHT)
    up = _Scale([cost for _, cost, _ in points], HEIGHT - BOTTOM, TOP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             'font-family="sans-serif" font-size="13">',
             "<title>CPU for a packet against the rate of packets</title>", STYLE,
             f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="6"/>']
    parts += _axes(across, up)
    for number, found in enumerate(series.values()):
        parts += _series(number, found, across, up)
    parts += _names(series, up)
    if any(lossy for _, _, lossy in points):
        parts.append(_text(WIDTH - RIGHT, TOP - 18, "hollow: packets were lost",
                           'text-anchor="end"'))
    return "\n".join([*parts, "</svg>", ""])
