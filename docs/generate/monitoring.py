#!/usr/bin/python3
"""Prints what the documents show of the dashboard and the rules: monitoring.py queries|alerts."""

import json
import pathlib
import re
import sys

import yaml

MONITORING = pathlib.Path(__file__).resolve().parents[2] / "monitoring"
SERVERS = 'job=~"$job",instance=~"$instance"'
KINDS = {"timeseries": "time series", "barchart": "bars"}
# What gives an ASN its name (dashboard.py, named and by_network).
NAMED = re.compile(r"(?:sum by \(network\) \(label_join\()?\((?P<values>.+?)\) \* on \(asn\) "
                   r"group_left \(organization\) .+? or on \(asn\) \((?P=values)\)"
                   r'(?:, "network", " ", "asn", "organization"\)\))?')


def bare(query):
    """Without the matchers that choose servers and the names of networks."""
    query = NAMED.sub(r"\g<values>", query)
    return query.replace(f"{{{SERVERS}}}", "").replace(f",{SERVERS}", "").replace("|", "\\|")


def queries():
    print("| panel | shows | query |\n|---|---|---|")
    for panel in json.loads((MONITORING / "dashboards/dnstt.json").read_text())["panels"]:
        targets = panel.get("targets", [])
        if len(targets) == 1 and "domain=" in targets[0]["expr"]:
            kind = KINDS.get(panel["type"], panel["type"])
            shows = panel["description"].replace("|", "\\|")
            print(f"| {panel['title']} ({kind}) | {shows} | `{bare(targets[0]['expr'])}` |")


def plain(text):
    """Prometheus' templates as words."""
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"*\1*", text)
    return re.sub(r"\{\{ \$value[^}]*\}\}", "*value*", text)


def alerts():
    groups = yaml.safe_load((MONITORING / "rules/alerts.yml").read_text())["groups"]
    texts = []
    for rule in (rule for group in groups for rule in group["rules"]):
        notes = rule["annotations"]
        texts.append(f"### {rule['alert']}\n\n{plain(notes['description'])}\n\n"
                     f"**What to do.** {plain(notes['remedy'])}\n")
    print("\n".join(texts), end="")


{"queries": queries, "alerts": alerts}[sys.argv[1]]()
