"""Queries of tunnels, their responses, and what is counted of them."""

from support import frames, wire

DOMAIN = "t.example.com"
KCP = wire.kcp(b"data")
NO_SESSIONS = (0, 0, 0)


def labels_of(domain):
    return domain.encode().split(b".")


def ask(host, *messages, **options):
    """Options are those of frames.query_frame()."""
    host.inbound.send(*(frames.query_frame(message, **options) for message in messages))


def answer(host, *messages, rcode=0):
    host.outbound.send(*(frames.response_frame(wire.response(message, rcode=rcode))
                         for message in messages))


def sessions(metrics, **labels):
    """Active, the most at a time, and all."""
    return tuple(metrics.sum(name, **labels) for name in
                 ("dnstt_active_clients", "dnstt_peak_clients", "dnstt_sessions_total"))


def counted(metrics, **labels):
    """How many queries of each verdict: "query", or why they are rejected. Without zeros."""
    queries = metrics.sum("dnstt_queries_total", **labels)
    return metrics.by("reason", "dnstt_rejected_queries_total", **labels) | (
        {"query": queries} if queries else {})
