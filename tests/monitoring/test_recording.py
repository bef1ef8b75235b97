"""What the recording rules make of three servers."""

from monitoring.promtool import check_rules, rules

DOMAIN = 'job="dnstt",domain="t.example.com"'
NETWORK = f'{DOMAIN},asn="64496"'
ONE = 'job="dnstt",instance="one"'
OTHER = 'job="dnstt",domain="u.example.com"'
TUNNEL = 'job="dnstt", domain="t.example.com"'

# Two hours. The first server stands still from minute 47 on and is restarted in minute 59.
SERIES = {
    f'dnstt_domain_active_clients{{{DOMAIN},instance="one"}}': "15x59 2x60",
    f'dnstt_domain_active_clients{{{DOMAIN},instance="two"}}': "4x59 9x60",
    f'dnstt_domain_active_clients{{{DOMAIN},instance="three"}}': "0x120",
    f'dnstt_domain_active_clients{{{OTHER},instance="three"}}': "100x120",
    f'dnstt_established_clients{{{NETWORK},instance="one"}}': "12x59 1x60",
    f'dnstt_established_clients{{{DOMAIN},asn="64497",instance="one"}}': "1x120",
    f'dnstt_established_clients{{{NETWORK},instance="two"}}': "3x59 7x60",
    f'dnstt_domain_peak_clients{{{DOMAIN},instance="one"}}': "15x59 2x60",
    f'dnstt_domain_peak_clients{{{DOMAIN},instance="two"}}': "4x59 9x60",
    f'dnstt_domain_peak_clients{{{DOMAIN},instance="three"}}': "0x120",
    f'dnstt_exporter_packets_total{{{ONE},outcome="kernel_dropped"}}': "0+6x47 282x72",
    f'dnstt_exporter_packets_total{{{ONE},outcome="query"}}': "0+54x47 2538+30x72",
    f"dnstt_exporter_packets_received_total{{{ONE}}}": "0+60x47 2850+30x72",
    f'dnstt_rejected_queries_total{{{NETWORK},instance="one",reason="edns"}}': "0+60x47 2820x72",
    f'dnstt_rejected_queries_total{{{NETWORK},instance="two",reason="edns"}}': "0+30x120",
    f'dnstt_rejected_queries_total{{{NETWORK},instance="two",reason="qtype"}}': "0+99x120",
}
# A minute's growth of each server's counters.
GROWTH = {
    "dnstt_domain_queries_total": (600, 60, 120),
    "dnstt_domain_responses_total": (540, 60, 60),
    "dnstt_domain_bytes_in_total": (6000, 600, 1200),
    "dnstt_domain_bytes_out_total": (60000, 6000, 1200),
    "dnstt_domain_sessions_total": (6, 3, 0),
    "dnstt_queries_total": (600, 60, 120),  # all from one network
    "dnstt_repeated_queries_total": (60, 30, 0),
    # Of three sessions that end two are shorter than 10 s, but for one of the third server's.
    'dnstt_session_duration_seconds_bucket{le="10.0"}': (4, 2, 0),
    'dnstt_session_duration_seconds_bucket{le="30.0"}': (6, 3, 1),
    'dnstt_session_duration_seconds_bucket{le="+Inf"}': (6, 3, 1),
}
OF_GROUPS = {"dnstt_queries_total", "dnstt_repeated_queries_total"}
for metric, growth in GROWTH.items():
    for server, step in zip(("one", "two", "three"), growth):
        still = f"0+{step}x47 {47 * step}x11 0+{step}x60"
        values = still if server == "one" else f"0+{step}x120"
        name, _, bucket = metric.rstrip("}").partition("{")
        labels = NETWORK if name in OF_GROUPS else DOMAIN
        labels += f",{bucket}" if bucket else ""
        SERIES[f'{name}{{{labels},instance="{server}"}}'] = values

# Value of each rule for the domain, three minutes into the standstill and long after the restart.
EXPECTED = {
    "job_domain:dnstt_active_clients:sum": (19, 11),
    "job_domain:dnstt_established_clients:sum": (16, 9),
    "job_domain:dnstt_queries:rate5m": (7, 13),
    "job_domain:dnstt_repeated_queries:ratio_rate5m": ((0.4 + 0.5) / 7, 1.5 / 13),
    # Where half of all lie within the bucket from 0 to 10, by the minutes that each server grew.
    "job_domain:dnstt_session_duration_seconds:median_rate1h": (
        10 * (6 * 47 + 3 * 50 + 50) / 2 / (4 * 47 + 2 * 50),
        10 * (6 * 50 + 3 * 60 + 60) / 2 / (4 * 50 + 2 * 60)),
    "job_domain:dnstt_responses:rate5m": (5.6, 11),
    "job_domain:dnstt_bytes_in:rate5m": (70, 130),
    "job_domain:dnstt_bytes_out:rate5m": (520, 1120),
    "job_domain:dnstt_sessions:rate5m": (0.09, 0.15),
    "job_domain:dnstt_active_clients:max_1d": (19, 19),
    "job_domain:dnstt_domain_peak_clients:sum": (19, 11),
}
NETWORKS = {
    "job_domain_asn:dnstt_rejected_edns_queries:rate15m": 1.3,
    "job_domain_asn:dnstt_rejected_edns_queries:ratio_rate15m": 1.3 / (1.3 + 8 + 3),
}
DOMAINS_OF_SERVERS = {
    "job_instance_domain:dnstt_queries:rate5m": {"one": 4, "two": 1, "three": 2},
    "job_instance_domain:dnstt_responses_per_query:ratio_rate5m": {
        "one": 0.9, "two": 1, "three": 0.5},
}
SERVERS = {"job_instance:dnstt_exporter_packets_lost:ratio_rate15m": 0.08 / 0.9}


def values_at(at, name, values):
    """Values by labels, in whole millionths, since promtool compares to the last bit."""
    return {"expr": f'round({name}{{domain!="u.example.com"}} * 1e6)', "eval_time": at,
            "exp_samples": [{"labels": f"{{{labels}}}", "value": round(value * 1e6)}
                            for labels, value in values.items()]}


def test_values(tmp_path):
    tests = []
    for name, (before, after) in EXPECTED.items():
        tests += [values_at("50m", name, {TUNNEL: before}),
                  values_at("110m", name, {TUNNEL: after})]
    for name, value in NETWORKS.items():
        tests.append(values_at("50m", name, {TUNNEL + ', asn="64496"': value}))
    for name, values in DOMAINS_OF_SERVERS.items():
        tests.append(values_at("50m", name, {f'{TUNNEL}, instance="{server}"': value
                                             for server, value in values.items()}))
    for name, value in SERVERS.items():
        tests.append(values_at("50m", name, {'job="dnstt", instance="one"': value}))
    check_rules(tmp_path, SERIES, promql_expr_test=tests)


def test_nothing_without_queries_or_ends(tmp_path):
    """A share of nothing, and the median of no session, are no value."""
    labels = f'{DOMAIN},instance="one"'
    series = {f"dnstt_domain_queries_total{{{labels}}}": "600x120",
              f'dnstt_repeated_queries_total{{{labels},asn="64496"}}': "60x120",
              f'dnstt_session_duration_seconds_bucket{{{labels},le="10.0"}}': "5x120",
              f'dnstt_session_duration_seconds_bucket{{{labels},le="+Inf"}}': "7x120"}
    check_rules(tmp_path, series, promql_expr_test=[
        {"expr": name, "eval_time": "110m", "exp_samples": []}
        for name in ("job_domain:dnstt_repeated_queries:ratio_rate5m",
                     "job_domain:dnstt_session_duration_seconds:median_rate1h")])


def test_every_rule_has_a_value():
    told = {*EXPECTED, *NETWORKS, *DOMAINS_OF_SERVERS, *SERVERS}
    assert told == {rule["record"] for rule in rules() if "record" in rule}


def test_a_restart_is_no_loss_of_the_others(tmp_path):
    """The rate never falls below what the others have, nor rises above all together."""
    name = "job_domain:dnstt_queries:rate5m"
    lowest = {"expr": f"min_over_time({name}[30m]) >= bool 3", "eval_time": "75m",
              "exp_samples": [{"labels": f"{{{TUNNEL}}}", "value": 1}]}
    highest = {"expr": f"max_over_time({name}[30m]) <= bool 13", "eval_time": "75m",
               "exp_samples": [{"labels": f"{{{TUNNEL}}}", "value": 1}]}
    check_rules(tmp_path, SERIES, promql_expr_test=[lowest, highest])


def test_the_first_session_of_a_new_place_counts(tmp_path):
    """Its group appears with 1, which increase() takes for the start; the domain's total grows."""
    group = f'dnstt_sessions_total{{{NETWORK},instance="one"}}'
    total = f'dnstt_domain_sessions_total{{{DOMAIN},instance="one"}}'
    check_rules(tmp_path, {group: "_x9 1x20", total: "0x9 1x20"}, promql_expr_test=[
        values_at("12m", "job_domain:dnstt_sessions:rate5m", {TUNNEL: 1 / 300}),
        {"expr": f"increase({group}[5m])", "eval_time": "20m",
         "exp_samples": [{"labels": f'{{{TUNNEL}, asn="64496", instance="one"}}', "value": 0}]}])
