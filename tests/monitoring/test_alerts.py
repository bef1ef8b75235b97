"""Each alert fires when it must and keeps silent when it must, and what it then says."""

from typing import NamedTuple

import pytest

from monitoring.promtool import RULES, check, check_rules, rules

ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
DAY = 86400
ONE = 'job="dnstt",instance="one:9713"'
TUNNEL = 'job="dnstt",domain="t.example.com"'
SERVER = {"job": "dnstt", "instance": "one:9713"}


class Case(NamedTuple):
    alert: str
    what: str
    series: dict  # promtool's notation: start+step x times
    at: str
    fires: list = []  # (labels, summary, description) of each

    def __str__(self):
        return f"{self.alert}, {'' if self.fires else 'not '}{self.what}"


def packets(received, dropped):
    return {f"dnstt_exporter_packets_received_total{{{ONE}}}": f"0+{received}x60",
            f'dnstt_exporter_packets_total{{outcome="kernel_dropped",{ONE}}}': f"0+{dropped}x60",
            f'dnstt_exporter_packets_total{{outcome="query",{ONE}}}': f"0+{received - dropped}x60"}


def clients(one, two):
    """Of two servers."""
    return {f'dnstt_domain_active_clients{{{TUNNEL},instance="{server}"}}': values
            for server, values in (("one", one), ("two", two))}


def served(queries, responses, server="one"):
    labels = f'{TUNNEL},instance="{server}:9713"'
    return {f"dnstt_domain_queries_total{{{labels}}}": queries,
            f"dnstt_domain_responses_total{{{labels}}}": responses}


def network(edns, queries, asn='asn="64496",', reason="edns"):
    labels = f'{TUNNEL},instance="one",{asn}country="DE"'
    return {f'dnstt_rejected_queries_total{{{labels},reason="{reason}"}}': f"0+{edns}x90",
            f"dnstt_queries_total{{{labels}}}": f"0+{queries}x90"}


def lowered():
    """Both are started again at 41 minutes with an MTU of 512: what was refused counts, and a reason
    without queries has no series."""
    (rejected, _), (queries, _) = network(90, 30).items()
    return {rejected: "0+90x40 _x80", queries: "0+30x40 0+120x80"}


DOWN = (SERVER, "one:9713 cannot be reached",
        "Prometheus has not reached one:9713 for two minutes. Its sessions are missing from every "
        "sum.")
MISSING = ({}, "No dnstt_exporter is scraped",
           "Prometheus has had no target in a job whose name begins with dnstt for ten minutes.")
SILENT = (SERVER, "one:9713 sees no packets",
          "The sniffer of one:9713 has not reported for a minute. Its values do not change, and "
          "its sessions run out.")
LOST = (SERVER, "one:9713 misses packets",
        "0.2% of the packets of the last 15 minutes found the ring full on one:9713. Its counts "
        "are too low by about that much.")
HINTED = (SERVER | {"hint": "no_packets"}, "The set-up of one:9713 seems wrong: no_packets",
          "For five minutes one:9713 has shown the hint no_packets: what it counts does not fit a "
          "set-up that is right.")
CHANGED = (SERVER, "one:9713 has to be restarted to count each packet once",
           "An interface of one:9713 has changed since the exporter started, for a time or still. Its "
           "packets may count twice or not at all.")
STALE = (SERVER | {"database": "asn"}, "The asn database of one:9713 is old",
         "It was built 45d 2h 0m 0s ago. Networks change hands, so countries and ASNs are wrong.")
UNREADABLE = (SERVER | {"database": "country"}, "one:9713 cannot read its new country database",
              "The new file of the country database cannot be loaded. The previous one is still in "
              "use.")
UNUSABLE = (SERVER, "one:9713 cannot use its new web configuration",
            "The web configuration, or a file that it names, was replaced and cannot be loaded. "
            "The previous TLS and passwords are still in use.")
HALVED = ({"job": "dnstt", "domain": "t.example.com"}, "t.example.com has lost half its clients",
          "In the last ten minutes 90 sessions were active on average, less than half of the hour "
          "before.")
def unanswered(share):
    return (SERVER | {"domain": "t.example.com"}, "t.example.com gets no responses on one:9713",
            f"In the last five minutes {share} of the queries for t.example.com that one:9713 saw "
            "got a response without error. The server may hang, or answer with errors; or it does not "
            "get the queries, or its responses leave where the exporter does not see them.")


EDNS = ({"job": "dnstt", "domain": "t.example.com", "asn": "64496"},
        "No tunnel through AS64496 to t.example.com",
        "75% of the queries through the resolvers of AS64496 are refused for their EDNS: they allow "
        "smaller responses than the server's -mtu, or none that it understands.")
INEXACT = (SERVER, "one:9713 no longer counts distinct sessions exactly",
           "It reached -sessions.remember or -sessions.max: a forgotten session that comes back "
           "counts again in dnstt_sessions_total, and one that found no room does not count at all. "
           "The other values stay exact until -sessions.max is reached.")

FORGOTTEN = f"dnstt_exporter_sessions_forgotten_total{{{ONE}}}"
REFUSED = f"dnstt_exporter_sessions_refused_total{{{ONE}}}"
BUILT = f'dnstt_exporter_geoip_build_timestamp_seconds{{{ONE},database="asn"}}'
RELOADED = f'dnstt_exporter_geoip_last_reload_successful{{{ONE},database="country"}}'
WEB_CONFIG = f"dnstt_exporter_web_config_last_reload_successful{{{ONE}}}"
INTERFACES = f"dnstt_exporter_interfaces_changed{{{ONE}}}"
HINT = f'dnstt_exporter_hint{{{ONE},hint="no_packets"}}'
SNIFFER = f"dnstt_exporter_sniffer_up{{{ONE}}}"

# Time 0 is the epoch, so what was built before it has a negative time.
CASES = [
    Case("DnsttExporterDown", "two minutes after the last scrape",
         {f"up{{{ONE}}}": "1 1 0x20", 'up{job="dnstt",instance="two:9713"}': "1x20"}, "4m", [DOWN]),
    Case("DnsttExporterDown", "before that", {f"up{{{ONE}}}": "1 1 0x20"}, "3m"),
    Case("DnsttExporterDown", "for what is another job's", {'up{job="node"}': "0x20"}, "10m"),
    Case("DnsttExporterMissing", "without such a job", {'up{job="node"}': "1x20"}, "10m",
         [MISSING]),
    Case("DnsttExporterMissing", "before ten minutes", {'up{job="node"}': "1x20"}, "9m"),
    Case("DnsttExporterMissing", "with one, up or down",
         {'up{job="dnstt-north",instance="one"}': "0x20"}, "20m"),
    Case("DnsttSnifferSilent", "after a minute", {SNIFFER: "1 0x20"}, "2m", [SILENT]),
    Case("DnsttSnifferSilent", "while it reports", {SNIFFER: "1x20"}, "20m"),
    Case("DnsttSnifferSilent", "after a moment of silence", {SNIFFER: "1 0 1x20"}, "2m"),
    Case("DnsttPacketsLost", "at two of a thousand", packets(6000, 12), "25m", [LOST]),
    Case("DnsttPacketsLost", "at one of two thousand", packets(6000, 3), "25m"),
    Case("DnsttPacketsLost", "without packets", packets(0, 0), "25m"),
    Case("DnsttHint", "after five minutes, for the one that is on",
         {HINT: "0 1x20", HINT.replace("no_packets", "edns"): "0x20"}, "6m", [HINTED]),
    Case("DnsttHint", "before that", {HINT: "0 1x20"}, "5m"),
    Case("DnsttHint", "once it has gone", {HINT: "1x10 0x20"}, "12m"),
    Case("DnsttHint", "for one that comes and goes", {HINT: "1x4 0 1x4 0 1x4 0"}, "14m"),
    Case("DnsttInterfacesChanged", "after five minutes", {INTERFACES: "0 1x20"}, "6m", [CHANGED]),
    Case("DnsttInterfacesChanged", "after a restart", {INTERFACES: "1x4 0x20"}, "6m"),
    Case("DnsttGeoipStale", "after 45 days", {BUILT: f"-{45 * DAY}+0x200"}, "2h", [STALE]),
    Case("DnsttGeoipStale", "before that", {BUILT: f"-{44 * DAY}+0x200"}, "2h"),
    Case("DnsttGeoipReloadFailed", "after five minutes", {RELOADED: "1 0x20"}, "6m", [UNREADABLE]),
    Case("DnsttGeoipReloadFailed", "after a good reload", {RELOADED: "0 1x20"}, "6m"),
    Case("DnsttWebConfigReloadFailed", "after five minutes", {WEB_CONFIG: "1 0x20"}, "6m",
         [UNUSABLE]),
    Case("DnsttWebConfigReloadFailed", "after a good reload", {WEB_CONFIG: "0 1x20"}, "6m"),
    Case("DnsttClientsHalved", "when one server of two loses its clients, and the other some",
         clients("100x79 0x20", "100x79 90x20"), "96m", [HALVED]),
    Case("DnsttClientsHalved", "when one of two loses its clients to the other",
         clients("100x79 0x20", "100x79 200x20"), "94m"),
    Case("DnsttClientsHalved", "after a fall by less than half",
         clients("100x79 52x20", "100x79 52x20"), "94m"),
    Case("DnsttClientsHalved", "below twenty clients", clients("8x79 0x20", "10x79 0x20"), "94m"),
    Case("DnsttClientsHalved", "after ten minutes of many", clients("20x69 100x9 20x20", "20x120"),
         "94m"),
    Case("DnsttClientsHalved", "by a moment", clients("100x79 0 100x20", "100x79 0 100x20"), "94m"),
    Case("DnsttServerSilent", "when one server of two stops",
         served("0+60x60", "0+60x20 1200x40") | served("0+60x60", "0+60x60", "two"), "28m",
         [unanswered("0%")]),
    Case("DnsttServerSilent", "at one response in two hundred", served("0+600x60", "0+3x60"), "20m",
         [unanswered("0.5%")]),
    Case("DnsttServerSilent", "at one in fifty", served("0+600x60", "0+12x60"), "60m"),
    Case("DnsttServerSilent", "before five minutes", served("0+60x60", "0+60x20 1200x40"), "25m"),
    Case("DnsttServerSilent", "once it answers again",
         served("0+60x60", "0+60x20 1200x10 1200+60x30"), "35m"),
    Case("DnsttServerSilent", "without queries", served("600x60", "600x60"), "60m"),
    Case("DnsttServerSilent", "for a few queries", served("0+5x60", "0x60"), "60m"),
    Case("DnsttNetworkRejectedForEdns", "when most of a network's queries are refused",
         network(90, 30) | network(9, 90, 'asn="64497",'), "60m", [EDNS]),
    Case("DnsttNetworkRejectedForEdns", "until its remedy is followed", lowered(), "40m", [EDNS]),
    Case("DnsttNetworkRejectedForEdns", "ten minutes after that", lowered(), "51m"),
    Case("DnsttNetworkRejectedForEdns", "an hour after that", lowered(), "101m"),
    Case("DnsttNetworkRejectedForEdns", "when some are", network(30, 90), "60m"),
    Case("DnsttNetworkRejectedForEdns", "for a few queries", network(3, 1), "60m"),
    Case("DnsttNetworkRejectedForEdns", "for another reason", network(90, 30, reason="qtype"),
         "60m"),
    Case("DnsttNetworkRejectedForEdns", "without an ASN database", network(90, 30, ""), "60m"),
    Case("DnsttDistinctCountInexact", "once a session is forgotten",
         {FORGOTTEN: "0x5 1x20", REFUSED: "0x20"}, "6m", [INEXACT]),
    Case("DnsttDistinctCountInexact", "once one is refused",
         {FORGOTTEN: "0x20", REFUSED: "0x5 1x20"}, "6m", [INEXACT]),
    Case("DnsttDistinctCountInexact", "while all are remembered",
         {FORGOTTEN: "0x20", REFUSED: "0x20"}, "6m"),
]


def test_rules_are_sound():
    check("check", "rules", "--lint=all", "--lint-fatal", *RULES)


def test_each_alert_has_cases_of_both_kinds():
    assert {case.alert for case in CASES if case.fires} == set(ALERTS)
    assert {case.alert for case in CASES if not case.fires} == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_says_what_to_do(name):
    assert set(ALERTS[name]["annotations"]) == {"summary", "description", "remedy"}
    assert set(ALERTS[name]["labels"]) == {"severity"}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_alert(case, tmp_path):
    rule = ALERTS[case.alert]
    expected = [{"exp_labels": {**labels, **rule["labels"]},
                 "exp_annotations": {"summary": summary, "description": description,
                                     "remedy": rule["annotations"]["remedy"]}}
                for labels, summary, description in case.fires]
    check_rules(tmp_path, case.series, alert_rule_test=[
        {"alertname": case.alert, "eval_time": case.at, "exp_alerts": expected}])
