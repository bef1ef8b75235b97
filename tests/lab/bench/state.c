#include "tests/lab/bench/state.h"

#include "common/flags.h"
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/sessions.h"
#include "exporter/exposition/exposition.h"
#include "exporter/geoip/geoip.h"
#include "exporter/state/http_counters.h"
#include "exporter/state/intake.h"
#include "exporter/state/state.h"
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
    state->options.active_window = STATE_WINDOW;
    if (counts_create(&state->options, STATE_NOW, &state->counts) != 0) {
        errx(1, "no memory");
    }
    state->geoip = geoip;
    state->self = (struct self_metrics){.memory = -1, .sniffer_memory = -1, .sniffer_cpu = -1};
    state->sniffer_up = 1;
    intake_start(&state->options, geoip, &state->counts, &state->intake);
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
