"""What the recording rules make of three servers."""

from monitoring.promtool import check_rules, rules

DOMAIN = 'job="dnstt",domain="t.example.com"'
NETWORK = f'{DOMAIN},asn="64496"'
ONE = 'job="dnstt",instance="one"'
OTHER = 'job="dnstt",domain="u.example.com"'
TUNNEL = 'job="dnstt", domain="t.example.com"'

# Two hours. The first server stands still from minute 47 on and is restarted in minute 59.
SERIES = {
    f'dnstt_active_clients{{{DOMAIN},instance="one",country="DE"}}': "10x59 2x60",
    f'dnstt_active_clients{{{DOMAIN},instance="one",country="FR"}}': "5x59 0x60",
    f'dnstt_active_clients{{{DOMAIN},instance="two",country="DE"}}': "4x59 9x60",
    f'dnstt_active_clients{{{DOMAIN},instance="three",country="ZZ"}}': "0x120",
    f'dnstt_active_clients{{{OTHER},instance="three",country="ZZ"}}': "100x120",
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
    "dnstt_queries_total": (600, 60, 120),
    "dnstt_responses_total": (540, 60, 60),
    "dnstt_bytes_in_total": (6000, 600, 1200),
    "dnstt_bytes_out_total": (60000, 6000, 1200),
    "dnstt_sessions_total": (6, 3, 0),
}
for metric, growth in GROWTH.items():
    for server, step in zip(("one", "two", "three"), growth):
        still = f"0+{step}x47 {47 * step}x11 0+{step}x60"
        values = still if server == "one" else f"0+{step}x120"
        SERIES[f'{metric}{{{NETWORK},instance="{server}"}}'] = values

# Value of each rule for the domain, three minutes into the standstill and long after the restart.
EXPECTED = {
    "job_domain:dnstt_active_clients:sum": (19, 11),
    "job_domain:dnstt_queries:rate5m": (7, 13),
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
SERVERS = {"job_instance:dnstt_exporter_packets_lost:ratio_rate15m": 0.08 / 0.9}


def value_at(at, name, labels, value):
    """In whole millionths, since promtool compares to the last bit."""
    return {"expr": f'round({name}{{domain!="u.example.com"}} * 1e6)', "eval_time": at,
            "exp_samples": [{"labels": f"{{{labels}}}", "value": round(value * 1e6)}]}


def test_values(tmp_path):
    tests = []
    for name, (before, after) in EXPECTED.items():
        tests += [value_at("50m", name, TUNNEL, before), value_at("110m", name, TUNNEL, after)]
    for name, value in NETWORKS.items():
        tests.append(value_at("50m", name, TUNNEL + ', asn="64496"', value))
    for name, value in SERVERS.items():
        tests.append(value_at("50m", name, 'job="dnstt", instance="one"', value))
    check_rules(tmp_path, SERIES, promql_expr_test=tests)


def test_every_rule_has_a_value():
    assert {*EXPECTED, *NETWORKS, *SERVERS} == {rule["record"] for rule in rules()
                                               if "record" in rule}


def test_a_restart_is_no_loss_of_the_others(tmp_path):
    """The rate never falls below what the others have, nor rises above all together."""
    name = "job_domain:dnstt_queries:rate5m"
    lowest = {"expr": f"min_over_time({name}[30m]) >= bool 3", "eval_time": "75m",
              "exp_samples": [{"labels": f"{{{TUNNEL}}}", "value": 1}]}
    highest = {"expr": f"max_over_time({name}[30m]) <= bool 13", "eval_time": "75m",
               "exp_samples": [{"labels": f"{{{TUNNEL}}}", "value": 1}]}
    check_rules(tmp_path, SERIES, promql_expr_test=[lowest, highest])
