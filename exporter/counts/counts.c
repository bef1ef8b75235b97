#include "exporter/counts/counts.h"

#include "common/options.h"
#include "common/tunnel.h"

#include <string.h>

_Static_assert((int)TUNNEL_WINDOW_MAX <= (int)SESSIONS_WINDOW_MAX,
               "the table keeps any window's time");

/* When a session counts, and when it is proved by data, by its tunnel's format. */
static struct sessions_rule rule_of(const struct tunnel *tunnel, const struct options *options)
{
    const bool lasting = tunnel_client_id_size(tunnel) == TUNNEL_CLIENT_ID_MAX;
    switch (tunnel->format) {
    case TUNNEL_VAYDNS: /* a query without a packet proves nothing: any name of its length is one */
        return (struct sessions_rule){.strong = true, .lasting = lasting};
    case TUNNEL_XDNS:    /* by type A or AAAA, the fragments of one name must not count */
    case TUNNEL_DNSTTEX: /* a query without a packet is noise, repeated or not */
        return (struct sessions_rule){.strong = true, .second = true, .lasting = lasting};
    case TUNNEL_SLIPSTREAM: /* many a name looks like a short header, none twice with one id */
        return (struct sessions_rule){
            .strong = true, .second = true, .any_data = true, .lasting = lasting};
    case TUNNEL_DNSTT: /* without framing nobody can tell data from polls */
    case TUNNEL_NOIZDNS:
        return (struct sessions_rule){.first = options->sessions_min_queries == 1,
                                      .second = true,
                                      .any_data = tunnel->format == TUNNEL_DNSTT &&
                                                  options->framing == FRAMING_ANY,
                                      .lasting = lasting};
    case TUNNEL_OPAQUE:
    case TUNNEL_FORMATS:
        break;
    }
    return (struct sessions_rule){.lasting = false};
}

static void make_rules(const struct options *options, struct sessions_rule rules[DOMAINS_MAX])
{
    for (unsigned i = 0; i < options->domain_count; i++) {
        rules[i] = rule_of(&options->tunnels[i], options);
        rules[i].window = options_window(options, i);
    }
}

int counts_create(const struct options *options, uint32_t now, struct counts *out)
{
    int error = groups_create(options->domain_count, options->groups_max, &out->groups);
    if (error == 0 && options_min_clients(options) != 0) {
        error = groups_set_min_clients(&out->groups, options_min_clients(options));
    }
    if (error == 0) {
        error = distinct_create(options->sessions_remember, &out->distinct);
    }
    if (error == 0) {
        make_rules(options, out->rules);
        error = sessions_create(options->sessions_max, out->rules, now, &out->distinct,
                                &out->groups, &out->sessions);
    }
    if (error == 0) {
        error = repeats_create(now, &out->repeats);
    }
    if (error == 0) {
        for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
            history_start(span, now, &out->histories[span]);
        }
        recent_start(now, &out->recent);
        memset(out->evidence, 0, sizeof out->evidence);
    }
    return error;
}

uint64_t counts_memory_max(const struct options *options)
{
    uint64_t sessions_growth = sessions_growth_max(options->sessions_max);
    uint64_t distinct_growth = distinct_growth_max(options->sessions_remember);
    return groups_memory_max(options->domain_count, options->groups_max) +
           distinct_memory_max(options->sessions_remember) +
           sessions_memory_max(options->sessions_max) + REPEATS_MEMORY +
           (sessions_growth > distinct_growth ? sessions_growth : distinct_growth);
}

static int until_sweep(const void *owner, struct timer_now now)
{
    const struct counts *counts = owner;
    return counts->sessions.used > 0 ? timer_until(now, counts->sessions.swept + 1) : -1;
}

static void sweep(void *owner, struct timer_now now)
{
    struct counts *counts = owner;
    if (counts->sessions.used > 0) {
        sessions_sweep(&counts->sessions, now.second);
    }
    const uint32_t active = (uint32_t)groups_active(&counts->groups);
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        history_note(&counts->histories[span], active, now.second);
    }
    recent_note(&counts->recent, &counts->groups, now.second);
}

struct timer counts_timer(struct counts *counts)
{
    return (struct timer){.owner = counts, .wait = until_sweep, .run = sweep};
}
