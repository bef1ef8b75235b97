#include "exporter/web_config/rate_limit.h"

void rate_limit_start(uint32_t interval, uint32_t burst, uint64_t now, struct rate_limit *out)
{
    *out = (struct rate_limit){
        .interval = interval,
        .burst = burst,
        .tokens = burst,
        .filled = now,
    };
}

bool rate_limit_take(struct rate_limit *limit, uint64_t now)
{
    if (limit->interval == 0) {
        return true;
    }
    uint64_t gained = (now - limit->filled) / limit->interval;
    limit->filled += gained * limit->interval;
    limit->tokens += gained;
    if (limit->tokens >= limit->burst) {
        limit->tokens = limit->burst;
        limit->filled = now; /* a full bucket gains nothing */
    }
    if (limit->tokens == 0) {
        return false;
    }
    limit->tokens--;
    return true;
}
