#include "exporter/hints/conditions.h"

#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/evidence.h"
#include "exporter/counts/window.h"
#include "exporter/geoip/geoip.h"
#include "exporter/hints/networks.h"
#include "exporter/hints/watch.h"
#include "exporter/state/state.h"
#include "exporter/status/view.h"

#include <net/if.h>
#include <stdio.h>
#include <time.h>

enum { DAY = 86400 }; /* seconds */

#define SEEN(text, ...)   (void)snprintf((text)->seen, HINT_SEEN_BYTES, __VA_ARGS__)
#define ADVICE(text, ...) (void)snprintf((text)->advice, HINT_ADVICE_BYTES, __VA_ARGS__)

/* --- What comes in. */

/* Messages that came in and are queries; not the host's own look-ups through its stub resolver. */
static uint64_t arrived(const struct wire_stats *stats)
{
    uint64_t queries = 0;
    for (unsigned i = 0; i < OPTIONS_PORTS_MAX; i++) {
        queries += stats->ports[i].queries;
    }
    return queries - stats->loopback_other_domain; /* no more than there are: wire_check */
}

static uint64_t under_domains(const struct wire_stats *stats)
{
    uint64_t queries = stats->outcomes[WIRE_QUERY];
    for (unsigned outcome = WIRE_REJECTED_FIRST; outcome < WIRE_QUERY; outcome++) {
        queries += stats->outcomes[outcome];
    }
    return queries;
}

/* The kernel takes almost any character, and these texts go where some would act. */
static void clean_interface(const char *name, char out[IF_NAMESIZE])
{
    unsigned i = 0;
    for (; name[i] != '\0'; i++) {
        out[i] = '?';
        if (name[i] > ' ' && name[i] <= '~') {
            out[i] = name[i];
        }
    }
    out[i] = '\0';
}

static bool no_packets(const struct hints_watch *watch, uint32_t now, struct hint_text *text)
{
    const struct options *options = &watch->state->options;
    char interface[IF_NAMESIZE];
    (void)now;
    if (arrived(&watch->state->intake.stats) > 0 || watch->looks < HINTS_TEN_MINUTES) {
        return false;
    }
    clean_interface(options->interface, interface);
    SEEN(text, "since the start no query has come in to UDP port %u%s on %s", options->ports[0],
         options->port_count > 1 ? " or the others" : "",
         interface[0] != '\0' ? interface : "any interface");
    ADVICE(text,
           "-dnstt.port has to be the port that the world sees: behind a redirect that is 53; see "
           "whether the interface is right, whether the provider blocks UDP port 53, and whether "
           "the NS record of %s leads to this host",
           options->domains[0].text);
    return true;
}

static bool no_queries(const struct hints_watch *watch, uint32_t now, struct hint_text *text)
{
    const struct options *options = &watch->state->options;
    const struct wire_stats *stats = &watch->state->intake.stats;
    (void)now;
    if (arrived(stats) == 0 || under_domains(stats) > 0 || watch->looks < HINTS_TEN_MINUTES) {
        return false;
    }
    SEEN(text, "queries come in, but none has been under %s%s", options->domains[0].text,
         options->domain_count > 1 ? " or the other domains" : "");
    ADVICE(text, "see whether the domain is spelled as at the server, and whether its NS record "
                 "leads to this host");
    return true;
}

/* --- Formats. */

/* The -dnstt.tunnel that reads what was proved. */
static void advise_tunnel(const char *domain, uint32_t code, struct hint_text *text)
{
    struct wire_record record = {.domain = 0};
    wire_set_fingerprint(&record, 0, code);
    const struct wire_evidence evidence = wire_evidence(&record);
    const enum tunnel_format format = (enum tunnel_format)evidence.format;
    char keys[64] = "";
    if (format == TUNNEL_VAYDNS) {
        (void)snprintf(keys, sizeof keys, ",clientid-size=%u,record-type=%s",
                       evidence.clientid_size,
                       tunnel_record_type_name((enum tunnel_record_type)evidence.record_type));
    }
    ADVICE(text, "start the exporter with -dnstt.tunnel %s,format=%s%s", domain,
           tunnel_format_name(format), keys);
}

/* In the last hour or two: most queries were rejected, and no session was established. */
static bool is_misread(const struct hints_domain *noted)
{
    const struct hints_span *spans = noted->spans;
    return !spans[0].established && !spans[1].established &&
           spans[0].rejected + spans[1].rejected > spans[0].queries + spans[1].queries;
}

/* Of a domain whose format can be wrong. */
static bool is_other_format(const struct hints_watch *watch, unsigned domain,
                            struct hint_text *text)
{
    const char *name = watch->state->options.domains[domain].text;
    const struct hints_domain *noted = &watch->domains[domain];
    uint32_t code;
    if (is_misread(noted) && evidence_find(&watch->state->counts.evidence[domain], &code)) {
        SEEN(text, "most queries under %s are rejected, and their data is of another format", name);
        advise_tunnel(name, code, text);
        return true;
    }
    if (noted->unread < HINTS_TEN_MINUTES) {
        return false;
    }
    SEEN(text, "most queries under %s are rejected, and prove none of the known formats", name);
    ADVICE(text, "compare -dnstt.tunnel with the command line of the server; format=opaque "
                 "counts the queries of any tunnel");
    return true;
}

static bool other_format(const struct hints_watch *watch, uint32_t now, struct hint_text *text)
{
    const struct options *options = &watch->state->options;
    (void)now;
    for (unsigned i = 0; i < options->domain_count; i++) {
        if (options->tunnels[i].format != TUNNEL_OPAQUE && is_other_format(watch, i, text)) {
            return true;
        }
    }
    return false;
}

/* --- Responses. */

static bool no_responses(const struct hints_watch *watch, uint32_t now, struct hint_text *text)
{
    (void)now;
    for (unsigned i = 0; i < watch->state->options.domain_count; i++) {
        if (watch->domains[i].unanswered.looks < HINTS_FIVE_MINUTES) {
            continue;
        }
        SEEN(text, "queries under %s get no response, for 5 minutes or longer",
             watch->state->options.domains[i].text);
        ADVICE(text,
               "look at the tunnel's server: it may be down or hang, or refuse them for its -mtu. "
               "If clients work all the same, a firewall behind the exporter's tap drops some "
               "queries, or the responses leave unseen: encrypted by IPsec, or from a container "
               "on a macvlan");
        return true;
    }
    return false;
}

static bool only_responses(const struct hints_watch *watch, uint32_t now, struct hint_text *text)
{
    (void)now;
    for (unsigned i = 0; i < watch->state->options.domain_count; i++) {
        if (watch->domains[i].unasked.looks < HINTS_FIVE_MINUTES) {
            continue;
        }
        SEEN(text, "responses of %s leave, but their queries are not seen, for 5 minutes or longer",
             watch->state->options.domains[i].text);
        ADVICE(text, "run the exporter in the network namespace of the tunnel's server");
        return true;
    }
    return false;
}

/* --- Ports. */

struct port_growth {
    uint64_t queries;
    uint64_t loopback;
};

static struct port_growth growth_of(const struct hints_watch *watch, unsigned port, uint32_t now)
{
    const struct wire_port *counters = &watch->state->intake.stats.ports[port];
    return (struct port_growth){
        .queries = window_growth(&watch->window, 2 * port, counters->queries, now),
        .loopback = window_growth(&watch->window, 2 * port + 1, counters->loopback, now),
    };
}

/* Whether `inner` gets from loopback what `outer` gets from the world: as many, within 10 %. */
static bool is_handed_on(struct port_growth inner, struct port_growth outer)
{
    const uint64_t world = outer.queries - outer.loopback;
    const uint64_t more = inner.queries > world ? inner.queries : world;
    const uint64_t less = inner.queries > world ? world : inner.queries;
    return inner.queries >= HINTS_PORT_QUERIES_MIN && inner.loopback == inner.queries &&
           outer.loopback <= outer.queries && (more - less) * 10 <= more;
}

static bool doubled(const struct hints_watch *watch, uint32_t now, struct hint_text *text)
{
    const struct options *options = &watch->state->options;
    for (unsigned inner = 0; inner < options->port_count; inner++) {
        for (unsigned outer = 0; outer < options->port_count; outer++) {
            if (!is_handed_on(growth_of(watch, inner, now), growth_of(watch, outer, now))) {
                continue;
            }
            SEEN(text,
                 "port %u gets from loopback as many queries as port %u from the world: each "
                 "counts twice",
                 options->ports[inner], options->ports[outer]);
            ADVICE(text, "leave out -dnstt.port %u", options->ports[inner]);
            return true;
        }
    }
    return false;
}

/* --- Networks, sessions. */

static bool edns(const struct hints_watch *watch, uint32_t now, struct hint_text *text)
{
    (void)now;
    if (!networks_refused(&watch->networks)) {
        return false;
    }
    SEEN(text, "most queries through one of the ten largest networks are refused for their EDNS "
               "size");
    ADVICE(text, "start the tunnel's server with -mtu 512, and the exporter with the same value "
                 "(-dnstt.mtu, or mtu= of the tunnel): then none is refused for its size");
    return true;
}

static bool forged_flood(const struct hints_watch *watch, uint32_t now, struct hint_text *text)
{
    const bool full = watch->full_looks >= HINTS_FIVE_MINUTES;
    (void)now;
    if (!full && watch->unproved_looks < HINTS_FIVE_MINUTES) {
        return false;
    }
    SEEN(text, "for 5 minutes %s",
         full ? "the table of active sessions has been full"
              : "most sessions have sent one query and no more, as forged ones do");
    ADVICE(text, "use -sessions.min-queries 2, so that an id counts from its second query on; if "
                 "there are as many users, raise -sessions.max");
    return true;
}

/* --- What the metrics show by themselves. */

static bool interfaces_changed(const struct hints_watch *watch, uint32_t now,
                               struct hint_text *text)
{
    (void)now;
    SEEN(text, "an interface has changed since the start: packets may count twice or not at all");
    ADVICE(text, "restart the exporter; the log names the interface");
    return watch->state->interfaces_changed != 0;
}

static bool packets_lost(const struct hints_watch *watch, uint32_t now, struct hint_text *text)
{
    const uint64_t lost = watch->state->intake.stats.outcomes[WIRE_KERNEL_DROPPED];
    SEEN(text, "packets were lost in the last 5 minutes, as the ring was full: counts are too low");
    ADVICE(text, "raise -capture.ring-size, or give the exporter more CPU time");
    return window_growth(&watch->window, HINTS_COUNTER_LOST, lost, now) > 0;
}

static const char *const database_names[GEOIP_DATABASES] = {"country", "ASN"};

static bool geoip_stale(const struct hints_watch *watch, uint32_t now, struct hint_text *text)
{
    const struct state *state = watch->state;
    const uint64_t today = (uint64_t)time(NULL);
    (void)now;
    for (enum geoip_which which = 0; which < GEOIP_DATABASES; which++) {
        const uint64_t built = geoip_values(state->geoip, which).build_time;
        if (built != 0 && today > built && (today - built) / DAY > VIEW_DATABASE_DAYS) {
            SEEN(text, "the %s database was built more than %d days ago", database_names[which],
                 VIEW_DATABASE_DAYS);
            ADVICE(text,
                   "see why what updates it has stopped; a replaced file is loaded by itself");
            return true;
        }
    }
    return false;
}

static bool geoip_failed(const struct hints_watch *watch, uint32_t now, struct hint_text *text)
{
    const struct state *state = watch->state;
    (void)now;
    for (enum geoip_which which = 0; which < GEOIP_DATABASES; which++) {
        if (geoip_values(state->geoip, which).build_time != 0 &&
            state->databases[which].file.successful == 0) {
            SEEN(text, "the new %s database cannot be loaded; the older one is still in use",
                 database_names[which]);
            ADVICE(text, "the log says what is wrong with the file");
            return true;
        }
    }
    return false;
}

static bool web_config_failed(const struct hints_watch *watch, uint32_t now, struct hint_text *text)
{
    (void)now;
    SEEN(text, "the new web configuration cannot be loaded; the older one is still in use");
    ADVICE(text, "the log names the file, the line and the key");
    return watch->state->web_config.successful == 0;
}

hint_condition *const conditions[HINTS] = {
    [HINT_NO_PACKETS] = no_packets,
    [HINT_NO_QUERIES] = no_queries,
    [HINT_OTHER_FORMAT] = other_format,
    [HINT_NO_RESPONSES] = no_responses,
    [HINT_ONLY_RESPONSES] = only_responses,
    [HINT_DOUBLED] = doubled,
    [HINT_EDNS] = edns,
    [HINT_FORGED_FLOOD] = forged_flood,
    [HINT_INTERFACES_CHANGED] = interfaces_changed,
    [HINT_PACKETS_LOST] = packets_lost,
    [HINT_GEOIP_STALE] = geoip_stale,
    [HINT_GEOIP_FAILED] = geoip_failed,
    [HINT_WEB_CONFIG_FAILED] = web_config_failed,
};
