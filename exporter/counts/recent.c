#include "exporter/counts/recent.h"

#include "common/domain.h"
#include "exporter/counts/groups.h"

_Static_assert(2 * (int)DOMAINS_MAX <= (int)WINDOW_VALUES_MAX, "the window has room for each");

void recent_start(uint32_t now, struct recent *out)
{
    window_start(now, &out->window);
}

void recent_note(struct recent *recent, const struct groups *groups, uint32_t now)
{
    uint64_t values[2 * DOMAINS_MAX];
    if (!window_is_due(&recent->window, now)) {
        return;
    }
    for (uint32_t domain = 0; domain < groups->domain_count; domain++) {
        values[2 * domain] = groups->domains[domain].queries;
        values[2 * domain + 1] = groups->domains[domain].responses;
    }
    window_note(&recent->window, values, 2 * groups->domain_count, now);
}

struct recent_totals recent_read(const struct recent *recent, const struct groups *groups,
                                 uint32_t domain, uint32_t now)
{
    const struct window *window = &recent->window;
    const struct group_domain *totals = &groups->domains[domain];
    return (struct recent_totals){
        .queries = window_growth(window, 2 * domain, totals->queries, now),
        .responses = window_growth(window, 2 * domain + 1, totals->responses, now),
    };
}
