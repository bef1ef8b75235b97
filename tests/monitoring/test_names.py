"""Panels that name networks leave none out, whatever the ASN databases of the servers say."""

import pytest

from monitoring.promtool import check_rules
from support import grafana

DOMAIN = "t.example.com"
# Of each server: its active clients by ASN, and the names that its database has.
SERVERS = {
    "one": ({"64496": 5, "64497": 3, "0": 2}, {"64496": "Old Name", "64497": "Same Name"}),
    "two": ({"64496": 7, "64497": 1, "64498": 4, "other": 1},
            {"64496": "New Name", "64497": "Same Name", "64498": ""}),
}
SUMS = {"64496": 12, "64497": 4, "64498": 4, "0": 2, "other": 1}
TITLES = ("Active clients by ASN", "Top ASNs by active clients",
          "Active clients by country and ASN", "Top country/ASN pairs by active clients")


def series(names=True, servers=SERVERS):
    made = {}
    for server in servers:
        clients, organizations = SERVERS[server]
        target = f'job="dnstt",instance="{server}"'
        for asn, count in clients.items():
            labels = f'{target},domain="{DOMAIN}",country="DE",asn="{asn}"'
            made[f"dnstt_active_clients{{{labels}}}"] = f"{count}x5"
        for asn, name in organizations.items() if names else ():
            made[f'dnstt_asn_info{{{target},asn="{asn}",organization="{name}"}}'] = "1x5"
    return made


def query(title):
    (text,) = grafana.QUERIES[title]
    return grafana.interpolate(text, domain=DOMAIN, job=grafana.ALL, instance=grafana.ALL)


def by_asn(title):
    """What a panel shows, by ASN: a bar's network begins with it."""
    text = query(title)
    if "network" in text:
        text = f'label_replace({text}, "asn", "$1", "network", "([^ ]+) .*")'
    return f"sum by (asn) ({text})"


def values(expression, expected):
    return {"expr": expression, "eval_time": "3m",
            "exp_samples": [{"labels": f'{{asn="{asn}"}}', "value": value}
                            for asn, value in expected.items()]}


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("title", TITLES)
def test_no_network_is_left_out(tmp_path, title, names):
    """One row for each, also of two names, and of none."""
    check_rules(tmp_path, series(names), promql_expr_test=[
        values(by_asn(title), SUMS),
        {"expr": f"count({query(title)})", "eval_time": "3m",
         "exp_samples": [{"labels": "{}", "value": len(SUMS)}]}])


def test_names_are_shown(tmp_path):
    rows = {'asn="64496", organization="Old Name"': 5, 'asn="64497", organization="Same Name"': 3,
            'asn="0"': 2}
    bars = {'network="64496 Old Name"': 5, 'network="64497 Same Name"': 3, 'network="0 "': 2}
    check_rules(tmp_path, series(servers=["one"]), promql_expr_test=[
        {"expr": query(title), "eval_time": "3m",
         "exp_samples": [{"labels": f"{{{labels}}}", "value": value}
                         for labels, value in expected.items()]}
        for title, expected in zip(TITLES, (rows, bars))])
