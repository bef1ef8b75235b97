"""The dashboard's queries, with variables put in as Grafana's Prometheus data source does it."""

import json
import re

from support.program import ROOT

DASHBOARD = json.loads((ROOT / "monitoring/dashboards/dnstt.json").read_text())
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
# Title of each panel → its queries.
QUERIES = {panel["title"]: [target["expr"] for target in panel["targets"]]
           for panel in DASHBOARD["panels"] if panel["type"] != "row"}
ALL = object()

_SPECIAL = re.compile(r"[\\^$*+?.()|\[\]{}]")


def _as_text(name, chosen):
    """What stands for a variable in a query. Where several values can be chosen, they are regular
    expressions within a string: special characters are escaped twice."""
    variable = VARIABLES.get(name, {})
    if not variable.get("multi"):
        return chosen.replace("\\", "\\\\").replace("'", "\\'")
    if chosen is ALL:
        return variable["allValue"]
    escaped = [_SPECIAL.sub(r"\\\\\g<0>", value) for value in chosen]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def interpolate(text, **chosen):
    """The query as Prometheus gets it. `chosen` has a list of values, or ALL, for variables of
    several values, and one value for others and for Grafana's own."""
    for name in sorted(chosen, key=len, reverse=True):
        text = text.replace(f"${name}", _as_text(name, chosen[name]))
    assert "$" not in text, text
    return text


def values_query(name):
    """(label, selector) that a variable's values are asked with."""
    match = re.fullmatch(r"label_values\((.+), (\w+)\)", VARIABLES[name]["query"]["query"])
    return match[2], match[1]
