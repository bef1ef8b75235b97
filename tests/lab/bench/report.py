"""The table of figures and goals, on the screen and as Markdown."""

from typing import NamedTuple


class Figure(NamedTuple):
    what: str
    measured: str
    goal: str = ""
    met: bool = None  # None: there is no goal

    @property
    def verdict(self):
        return {True: "met", False: "missed", None: ""}[self.met]


def number(value):
    """Three significant digits, and no more decimals than these need."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _with_unit(value, unit):
    return f"{number(value)} {unit}".rstrip()


def at_most(what, value, goal, unit=""):
    return Figure(what, _with_unit(value, unit), f"≤ {_with_unit(goal, unit)}", value <= goal)


def at_least(what, value, goal, unit=""):
    return Figure(what, _with_unit(value, unit), f"≥ {_with_unit(goal, unit)}", value >= goal)


def plain(what, value, unit=""):
    return Figure(what, _with_unit(value, unit))


def line(figure):
    return f"{figure.what:<76} {figure.measured:>17}  {figure.goal:<14} {figure.verdict}".rstrip()


def markdown(sections):
    parts = []
    for title, figures in sections:
        parts += [f"## {title}", "", "| figure | measured | goal | |", "|---|---|---|---|"]
        parts += [f"| {figure.what} | {figure.measured} | {figure.goal} | {figure.verdict} |"
                  for figure in figures]
        parts.append("")
    return "\n".join(parts)
