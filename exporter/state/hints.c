#include "exporter/state/hints.h"

#include <stddef.h>

static const struct {
    const char *name;
    const char *meaning;
    const char *seen;
    const char *remedy;
} hint_table[HINTS] = {
    [HINT_NO_PACKETS] =
        {"no_packets", "no query has come in",
         "no query in the first 10 minutes, the host's own look-ups over loopback left out",
         "Set `-dnstt.port` to the port that the world sees: behind a redirect that is 53. Check "
         "the interface, the provider's filter and the NS record."},
    [HINT_NO_QUERIES] = {"no_queries", "none under a watched domain",
                         "queries, but none under a watched domain",
                         "Compare the domain with the server's; check its NS record."},
    [HINT_OTHER_FORMAT] = {"other_format", "a tunnel of another format",
                           "most queries are rejected: at least 20 have data of another format, or "
                           "for 10 minutes they prove no known one",
                           "Copy the `-dnstt.tunnel` that the hint gives. Without one, compare "
                           "with the server's command line, or use `format=opaque`."},
    [HINT_NO_RESPONSES] =
        {"no_responses", "the server does not answer", "queries for 5 minutes and no response",
         "Look at the tunnel's server, and at firewalls and IPsec between it and the exporter."},
    [HINT_ONLY_RESPONSES] = {"only_responses", "queries are not seen",
                             "responses for 5 minutes and no query",
                             "Run the exporter in the network namespace of the tunnel's server."},
    [HINT_DOUBLED] = {"doubled", "each query counts at two ports",
                      "one watched port gets from loopback what another gets from the world",
                      "Leave out the inner port."},
    [HINT_EDNS] = {"edns", "a large network is refused for its EDNS size",
                   "most queries through one of the ten largest networks are refused for their "
                   "EDNS size, for 15 minutes or longer",
                   "Start the server with `-mtu 512`, and set the same here."},
    [HINT_FORGED_FLOOD] =
        {"forged_flood", "sessions are forged, or do not fit",
         "for 5 minutes the table of sessions is full, or most sessions have sent one query",
         "Use `-sessions.min-queries 2`; with as many real users, a larger `-sessions.max`."},
    [HINT_INTERFACES_CHANGED] = {"interfaces_changed", "a restart is needed",
                                 "an interface changed: packets may count twice or not at all",
                                 "Restart the exporter; the hint goes with that."},
    [HINT_PACKETS_LOST] = {"packets_lost", "the ring was full",
                           "the ring was full in the last 5 minutes",
                           "Use a larger `-capture.ring-size`, or give it more CPU time."},
    [HINT_GEOIP_STALE] = {"geoip_stale", "an old database",
                          "a database was built more than 45 days ago",
                          "See why what updates it has stopped."},
    [HINT_GEOIP_FAILED] = {"geoip_failed", "a new database cannot be used",
                           "a new database cannot be loaded",
                           "The log says what is wrong with the file."},
    [HINT_WEB_CONFIG_FAILED] = {"web_config_failed", "a new web configuration cannot be used",
                                "a new web configuration cannot be loaded",
                                "The log names the file, the line and the key."},
};

const char *hint_name(uint32_t hint)
{
    return hint_table[hint].name;
}

const char *hint_meaning(uint32_t hint)
{
    return hint_table[hint].meaning;
}

const char *hint_seen(uint32_t hint)
{
    return hint_table[hint].seen;
}

const char *hint_remedy(uint32_t hint)
{
    return hint_table[hint].remedy;
}

const char *hints_first(const struct hints *hints)
{
    for (uint32_t hint = 0; hint < HINTS; hint++) {
        if (hints->on[hint] != 0) {
            return hints->texts[hint].seen;
        }
    }
    return NULL;
}
