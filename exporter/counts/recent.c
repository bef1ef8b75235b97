#include "exporter/counts/recent.h"

#include "exporter/counts/groups.h"

#include <string.h>

void recent_start(uint32_t now, struct recent *out)
{
    memset(out, 0, sizeof *out);
    out->latest = now / RECENT_SAMPLE_SECONDS;
}

void recent_note(struct recent *recent, const struct groups *groups, uint32_t now)
{
    const uint32_t current = now / RECENT_SAMPLE_SECONDS;
    uint32_t passed = current - recent->latest;
    if (passed > RECENT_SAMPLES) {
        passed = RECENT_SAMPLES;
    }
    /* Without a sample in between, nothing was counted: what is now was so before too. */
    for (uint32_t i = 0; i < passed; i++) {
        struct recent_totals *sample = recent->samples[(current - i) % RECENT_SAMPLES];
        for (uint32_t domain = 0; domain < groups->domain_count; domain++) {
            sample[domain] = (struct recent_totals){groups->domains[domain].queries,
                                                    groups->domains[domain].responses};
        }
    }
    recent->latest = current;
}

struct recent_totals recent_read(const struct recent *recent, const struct groups *groups,
                                 uint32_t domain, uint32_t now)
{
    const struct group_domain *totals = &groups->domains[domain];
    const uint32_t current = now / RECENT_SAMPLE_SECONDS;
    if (current - recent->latest >= RECENT_SAMPLES) {
        return (struct recent_totals){0, 0};
    }
    /* The oldest: the next to be replaced. */
    const struct recent_totals *before = &recent->samples[(current + 1) % RECENT_SAMPLES][domain];
    return (struct recent_totals){totals->queries - before->queries,
                                  totals->responses - before->responses};
}
