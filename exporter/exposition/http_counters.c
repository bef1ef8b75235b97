#include "exporter/exposition/http_counters.h"

enum { OTHER = HTTP_CODES - 1 };

static const unsigned statuses[OTHER] = {200, 400, 401, 403, 404, 405, 413, 429, 431, 503};

const char *const http_codes[HTTP_CODES] = {
    "200", "400", "401", "403", "404", "405", "413", "429", "431", "503", "other",
};

const char *const http_drop_reasons[HTTP_DROPS] = {
    [HTTP_DROP_LIMIT] = "limit",     [HTTP_DROP_REPLACED] = "replaced",
    [HTTP_DROP_TIMEOUT] = "timeout", [HTTP_DROP_DEADLINE] = "deadline",
    [HTTP_DROP_MEMORY] = "memory",
};

void http_counters_reply(struct http_counters *counters, unsigned status)
{
    unsigned code = 0;
    while (code < OTHER && statuses[code] != status) {
        code++;
    }
    counters->replies[code]++;
}
