#include "exporter/state/http_counters.h"

enum { OTHER = HTTP_CODES - 1 };

static const struct {
    unsigned status;
    const char *value;
} codes[HTTP_CODES] = {
    {200, "200"}, {400, "400"}, {401, "401"}, {403, "403"}, {404, "404"},           {405, "405"},
    {413, "413"}, {429, "429"}, {431, "431"}, {503, "503"}, [OTHER] = {0, "other"},
};

static const struct {
    const char *value;
    const char *meaning;
} drops[HTTP_DROPS] = {
    [HTTP_DROP_LIMIT] = {"limit", "at 64, or 16 from one peer, none could make room"},
    [HTTP_DROP_REPLACED] = {"replaced", "made room for a newcomer, its request had not come"},
    [HTTP_DROP_TIMEOUT] = {"timeout", "10 s without progress"},
    [HTTP_DROP_DEADLINE] = {"deadline", "30 s in all"},
    [HTTP_DROP_MEMORY] = {"memory", "none was left"},
};

const char *http_code_value(uint32_t index)
{
    return codes[index].value;
}

const char *http_drop_value(uint32_t index)
{
    return drops[index].value;
}

const char *http_drop_meaning(uint32_t index)
{
    return drops[index].meaning;
}

void http_counters_reply(struct http_counters *counters, unsigned status)
{
    unsigned code = 0;
    while (code < OTHER && codes[code].status != status) {
        code++;
    }
    counters->replies[code]++;
}
