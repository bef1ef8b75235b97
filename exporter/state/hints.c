#include "exporter/state/hints.h"

#include <stddef.h>

static const struct {
    const char *name;
    const char *meaning;
} hint_table[HINTS] = {
    [HINT_NO_PACKETS] = {"no_packets", "no query has come in"},
    [HINT_NO_QUERIES] = {"no_queries", "none under a watched domain"},
    [HINT_OTHER_FORMAT] = {"other_format", "a tunnel of another format"},
    [HINT_NO_RESPONSES] = {"no_responses", "the server does not answer"},
    [HINT_ONLY_RESPONSES] = {"only_responses", "queries are not seen"},
    [HINT_DOUBLED] = {"doubled", "each query counts at two ports"},
    [HINT_EDNS] = {"edns", "a large network is refused for its EDNS size"},
    [HINT_FORGED_FLOOD] = {"forged_flood", "sessions are forged, or do not fit"},
    [HINT_INTERFACES_CHANGED] = {"interfaces_changed", "a restart is needed"},
    [HINT_PACKETS_LOST] = {"packets_lost", "the ring was full"},
    [HINT_GEOIP_STALE] = {"geoip_stale", "an old database"},
    [HINT_GEOIP_FAILED] = {"geoip_failed", "a new database cannot be used"},
    [HINT_WEB_CONFIG_FAILED] = {"web_config_failed", "a new web configuration cannot be used"},
};

const char *hint_name(uint32_t hint)
{
    return hint_table[hint].name;
}

const char *hint_meaning(uint32_t hint)
{
    return hint_table[hint].meaning;
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
