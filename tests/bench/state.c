#include "tests/bench/state.h"

#include "common/flags.h"
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/sessions.h"
#include "exporter/exposition/exposition.h"
#include "exporter/geoip/geoip.h"
#include "exporter/state/http_counters.h"
#include "exporter/state/intake.h"
#include "exporter/system/reloaded.h"
#include "exporter/system/self_metrics.h"

#include <err.h>
#include <stdbool.h>

void state_options(const char *country, const char *asn, struct options *out)
{
    static char program[] = "bench";
    static char flag[] = "-dnstt.domain";
    static char domain[] = "t.tunnel.example.com";
    char *arguments[] = {program, flag, domain, NULL};
    struct flags_error error;
    if (flags_parse(3, arguments, out, &error) != FLAGS_RUN) {
        errx(1, "%s", error.text);
    }
    out->country_database = country;
    out->asn_database = asn;
}

static void take(struct state *state, const union wire_message *message, size_t length)
{
    enum intake_fault fault = intake_take(&state->intake, message, length, STATE_NOW);
    if (fault != INTAKE_OK) {
        errx(1, "%s", intake_fault_text(&state->intake, fault));
    }
}

void state_make(struct geoip *geoip, struct state *state)
{
    static const struct reloaded databases[GEOIP_DATABASES];
    static const struct http_counters http;
    static const struct self_metrics self = {.memory = -1, .sniffer_memory = -1, .sniffer_cpu = -1};
    static const bool stale;
    if (groups_create(1, state->options.groups_max, &state->groups) != 0 ||
        distinct_create(state->options.sessions_remember, &state->distinct) != 0 ||
        sessions_create(state->options.sessions_max, STATE_WINDOW, STATE_NOW, &state->distinct,
                        &state->groups, &state->sessions) != 0) {
        errx(1, "no memory");
    }
    intake_start(1, geoip, &state->groups, &state->sessions, &state->intake);
    state->sources = (struct exposition_sources){.options = &state->options,
                                                 .account = &state->intake.stats,
                                                 .groups = &state->groups,
                                                 .sessions = &state->sessions,
                                                 .distinct = &state->distinct,
                                                 .geoip = geoip,
                                                 .databases = databases,
                                                 .http = &http,
                                                 .self = &self,
                                                 .stale = &stale};
    const union wire_message hello = {
        .hello = {.header = {.magic = WIRE_MAGIC, .type = WIRE_HELLO},
                  .version = WIRE_VERSION,
                  .record_size = sizeof(struct wire_record),
                  .domains = 1},
    };
    take(state, &hello, sizeof hello.hello);
}

void state_take(struct state *state, union wire_message *message, size_t records)
{
    message->header = (struct wire_header){.magic = WIRE_MAGIC,
                                           .type = WIRE_BATCH,
                                           .count = (uint16_t)records,
                                           .sequence = state->intake.expected.sequence};
    take(state, message, wire_batch_length(records));
}
