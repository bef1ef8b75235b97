#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/sessions.h"
#include "exporter/exposition/exposition.h"
#include "exporter/exposition/family.h"
#include "exporter/exposition/format.h"
#include "exporter/geoip/geoip.h"
#include "exporter/state/http_counters.h"
#include "exporter/state/state.h"
#include "exporter/system/reloaded.h"
#include "exporter/system/self_metrics.h"

#include "common/build.h"
#include "common/domain.h"
#include "exporter/counts/geo.h"
#include "exporter/exposition/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 8, PAGE_MAX = 262144 };

/* All that a scrape reads, put together by hand: no other module has a part in these tests. */
struct scene {
    struct state state;
    struct group entries[ENTRIES_MAX];
    struct group_domain domains[DOMAINS_MAX];
};

static void scene_domain(struct scene *scene, const char *text)
{
    struct domain *domain = &scene->state.options.domains[scene->state.options.domain_count++];
    assert_true(strlen(text) < sizeof(domain->text));
    memcpy(domain->text, text, strlen(text) + 1);
    scene->state.counts.groups.domain_count++;
}

static struct group *scene_group(struct scene *scene, uint8_t domain, struct geo place)
{
    assert_true(scene->state.counts.groups.group_count < ENTRIES_MAX);
    struct group *group = &scene->entries[scene->state.counts.groups.group_count++];
    group->domain = domain;
    group->geo = place;
    return group;
}

static void scene_make(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    scene->state.counts.groups.entries = scene->entries;
    scene->state.counts.groups.domains = scene->domains;
    scene->state.sniffer_up = 1;
    scene->state.web_config = (struct reloaded){.successful = SELF_METRICS_UNKNOWN,
                                                .success_moment = SELF_METRICS_UNKNOWN};
}

/* In the place of the exporter's. */
static struct self_metrics_values process_now;

struct self_metrics_values self_metrics_read(const struct self_metrics *process)
{
    (void)process;
    return process_now;
}

struct geoip_values geoip_values(const struct geoip *geoip, enum geoip_which which)
{
    assert_null(geoip);
    return (struct geoip_values){
        .build_time = 1700000001 + which, .lookups = 61 + which, .unmatched = 63 + which};
}

/* Two domains, three places and an `other`, each figure different from every other. */
static void scene_small(struct scene *scene)
{
    scene_make(scene);
    scene_domain(scene, "t.example.com");
    scene_domain(scene, "u.example.org");
    scene->state.options.tunnels[1] =
        (struct tunnel){.format = TUNNEL_VAYDNS, .record_type = TUNNEL_CNAME, .clientid_size = 2};
    scene->state.options.country_database = "country.mmdb";
    scene->state.options.asn_database = "asn.mmdb";
    scene->domains[0] = (struct group_domain){.active = 11, .peak = 31};
    scene->domains[1] = (struct group_domain){.active = 1, .peak = 32};

    scene_group(scene, 0, GEO_UNKNOWN);
    scene_group(scene, 1, GEO_UNKNOWN);
    struct geo place = {.country = GEO_COUNTRY('D', 'E'), .asn = 64496};
    *scene_group(scene, 0, place) = (struct group){
        .geo = place,
        .domain = 0,
        .active = 11,
        .peak = 12,
        .sessions = 13,
        .queries = 14,
        .responses = 15,
        .bytes_in = 16,
        .bytes_out = 17,
        .rejected = {[WIRE_REJECTED_OPCODE - WIRE_REJECTED_FIRST] = 18,
                     [WIRE_REJECTED_QTYPE - WIRE_REJECTED_FIRST] = 19,
                     [WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST] = 20,
                     [WIRE_REJECTED_ENCODING - WIRE_REJECTED_FIRST] = 21,
                     [WIRE_REJECTED_SHORT - WIRE_REJECTED_FIRST] = 22,
                     [WIRE_REJECTED_FRAMING - WIRE_REJECTED_FIRST] = 23},
    };
    struct group *other = scene_group(scene, 1, GEO_UNKNOWN);
    other->other = true;
    other->active = 1;
    other->peak = 2;
    other->rejected[WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST] = 3;

    scene->state.intake.stats = (struct wire_stats){
        .received = 1000,
        .outcomes = {[WIRE_KERNEL_DROPPED] = 101,
                     [WIRE_IGNORED_DIRECTION] = 41,
                     [WIRE_IGNORED_NOT_UDP] = 42,
                     [WIRE_IGNORED_FRAGMENT] = 43,
                     [WIRE_IGNORED_JOINED] = 46,
                     [WIRE_IGNORED_NOT_QUERY] = 44,
                     [WIRE_IGNORED_NOT_RESPONSE] = 45,
                     [WIRE_MALFORMED] = 102,
                     [WIRE_OTHER_DOMAIN] = 103,
                     [WIRE_REJECTED_QTYPE] = 64,
                     [WIRE_REJECTED_EDNS] = 40,
                     [WIRE_QUERY] = 105,
                     [WIRE_RESPONSE] = 106},
        .interface_down = 107,
    };
    scene->state.interfaces_changed = 1;
    scene->state.counts.sessions.evicted = 108;
    scene->state.counts.sessions.refused = 109;
    scene->state.counts.distinct.forgotten = 110;
    scene->state.counts.groups.capped = 111;
    scene->state.databases[GEOIP_COUNTRY].file.success_moment = 3000;
    scene->state.databases[GEOIP_ASN].file.success_moment = 4999;
    scene->state.databases[GEOIP_ASN].file.successful = 1;
    scene->state.web_config.successful = 1;
    scene->state.web_config.success_moment = 5000;
    scene->state.wall.ahead = 1700000000000;
    scene->state.self.start_moment = 9007;
    for (unsigned i = 0; i < HTTP_CODES; i++) {
        scene->state.http.replies[i] = 70 + i;
    }
    for (unsigned i = 0; i < HTTP_DROPS; i++) {
        scene->state.http.drops[i] = 80 + i;
    }
    process_now = (struct self_metrics_values){
        .cpu_microseconds = 90000001,
        .resident_bytes = 92,
        .virtual_bytes = 93,
        .open_descriptors = 94,
        .max_descriptors = 95,
        .sniffer_cpu_microseconds = 500000,
        .sniffer_resident_bytes = 91,
    };
}

static struct exposition *begin_wish(const struct scene *scene, struct exposition_wish wish)
{
    struct exposition *exposition = NULL;
    assert_int_equal(exposition_begin(&scene->state, &wish, &exposition), 0);
    return exposition;
}

static struct exposition *begin(const struct scene *scene)
{
    return begin_wish(scene, (struct exposition_wish){.format = EXPOSITION_TEXT});
}

/* The rest of a scrape as one text, read in pieces of `size` bytes. */
static char *finish(struct exposition *exposition, size_t size)
{
    char *page = malloc(PAGE_MAX);
    char *buffer = malloc(size); /* of its own, so that a sanitizer sees a write past it */
    assert_non_null(page);
    assert_non_null(buffer);
    size_t length = 0;
    size_t got = 0;
    while ((got = exposition_read(exposition, buffer, size)) > 0) {
        assert_in_range(got, 1, size);
        assert_int_equal(buffer[got - 1], '\n');
        assert_true(length + got < PAGE_MAX);
        memcpy(page + length, buffer, got);
        length += got;
    }
    page[length] = '\0';
    assert_int_equal(strlen(page), length);
    assert_int_equal(exposition_read(exposition, buffer, size), 0);
    free(buffer);
    exposition_end(exposition);
    return page;
}

static char *scrape(const struct scene *scene, size_t size)
{
    return finish(begin(scene), size);
}

/* The page without what does not begin with `prefix`, in place. */
static char *only(char *page, const char *prefix)
{
    char *to = page;
    for (char *line = page; *line != '\0';) {
        size_t length = strcspn(line, "\n") + 1;
        if (strncmp(line, prefix, strlen(prefix)) == 0) {
            memmove(to, line, length);
            to += length;
        }
        line += length;
    }
    *to = '\0';
    return page;
}

static const char build_format[] =
    "dnstt_exporter_build_info{version=\"%s\",revision=\"%s\",branch=\"%s\",compiler=\"%s\"} 1\n";

#define RESOLVERS " Country and ASN are the resolver's, not the user's.\n"

/* The page of scene_small without its last line: a metric each. */
static const struct {
    const char *text;
} small_page[] = {
    {"# HELP dnstt_active_clients Sessions that sent an accepted query within the active window of "
     "their tunnel, each in the group of its latest query." RESOLVERS
     "# TYPE dnstt_active_clients gauge\n"
     "dnstt_active_clients{domain=\"t.example.com\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_active_clients{domain=\"u.example.org\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_active_clients{domain=\"t.example.com\",country=\"DE\",asn=\"64496\"} 11\n"
     "dnstt_active_clients{domain=\"u.example.org\",country=\"other\",asn=\"other\"} 1\n"},
    {"# HELP dnstt_domain_active_clients Sessions of the domain that are active: "
     "dnstt_active_clients of all its groups.\n"
     "# TYPE dnstt_domain_active_clients gauge\n"
     "dnstt_domain_active_clients{domain=\"t.example.com\"} 11\n"
     "dnstt_domain_active_clients{domain=\"u.example.org\"} 1\n"},
    {"# HELP dnstt_peak_clients Most sessions that were active in this group at once since the "
     "start. Groups peak at different times, so for a domain see dnstt_domain_peak_clients and not "
     "the sum of these." RESOLVERS "# TYPE dnstt_peak_clients gauge\n"
     "dnstt_peak_clients{domain=\"t.example.com\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_peak_clients{domain=\"u.example.org\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_peak_clients{domain=\"t.example.com\",country=\"DE\",asn=\"64496\"} 12\n"
     "dnstt_peak_clients{domain=\"u.example.org\",country=\"other\",asn=\"other\"} 2\n"},
    {"# HELP dnstt_queries_total Queries that the server takes, repeated ones included." RESOLVERS
     "# TYPE dnstt_queries_total counter\n"
     "dnstt_queries_total{domain=\"t.example.com\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_queries_total{domain=\"u.example.org\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_queries_total{domain=\"t.example.com\",country=\"DE\",asn=\"64496\"} 14\n"
     "dnstt_queries_total{domain=\"u.example.org\",country=\"other\",asn=\"other\"} 0\n"},
    {"# HELP dnstt_domain_queries_total Queries of the domain: dnstt_queries_total of all its "
     "groups.\n"
     "# TYPE dnstt_domain_queries_total counter\n"
     "dnstt_domain_queries_total{domain=\"t.example.com\"} 14\n"
     "dnstt_domain_queries_total{domain=\"u.example.org\"} 0\n"},
    {"# HELP dnstt_responses_total Responses to queries that the server takes, without error but "
     "for slipstream and opaque tunnels." RESOLVERS "# TYPE dnstt_responses_total counter\n"
     "dnstt_responses_total{domain=\"t.example.com\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_responses_total{domain=\"u.example.org\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_responses_total{domain=\"t.example.com\",country=\"DE\",asn=\"64496\"} 15\n"
     "dnstt_responses_total{domain=\"u.example.org\",country=\"other\",asn=\"other\"} 0\n"},
    {"# HELP dnstt_domain_responses_total Responses of the domain: dnstt_responses_total of all "
     "its groups.\n"
     "# TYPE dnstt_domain_responses_total counter\n"
     "dnstt_domain_responses_total{domain=\"t.example.com\"} 15\n"
     "dnstt_domain_responses_total{domain=\"u.example.org\"} 0\n"},
    {"# HELP dnstt_bytes_in_total Bytes of DNS messages (UDP payload) in the queries that "
     "dnstt_queries_total counts." RESOLVERS "# TYPE dnstt_bytes_in_total counter\n"
     "dnstt_bytes_in_total{domain=\"t.example.com\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_bytes_in_total{domain=\"u.example.org\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_bytes_in_total{domain=\"t.example.com\",country=\"DE\",asn=\"64496\"} 16\n"
     "dnstt_bytes_in_total{domain=\"u.example.org\",country=\"other\",asn=\"other\"} 0\n"},
    {"# HELP dnstt_domain_bytes_in_total Bytes of the domain's queries: dnstt_bytes_in_total of "
     "all its groups.\n"
     "# TYPE dnstt_domain_bytes_in_total counter\n"
     "dnstt_domain_bytes_in_total{domain=\"t.example.com\"} 16\n"
     "dnstt_domain_bytes_in_total{domain=\"u.example.org\"} 0\n"},
    {"# HELP dnstt_bytes_out_total Bytes of DNS messages (UDP payload) in the responses that "
     "dnstt_responses_total counts." RESOLVERS "# TYPE dnstt_bytes_out_total counter\n"
     "dnstt_bytes_out_total{domain=\"t.example.com\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_bytes_out_total{domain=\"u.example.org\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_bytes_out_total{domain=\"t.example.com\",country=\"DE\",asn=\"64496\"} 17\n"
     "dnstt_bytes_out_total{domain=\"u.example.org\",country=\"other\",asn=\"other\"} 0\n"},
    {"# HELP dnstt_domain_bytes_out_total Bytes of the domain's responses: dnstt_bytes_out_total "
     "of all its groups.\n"
     "# TYPE dnstt_domain_bytes_out_total counter\n"
     "dnstt_domain_bytes_out_total{domain=\"t.example.com\"} 17\n"
     "dnstt_domain_bytes_out_total{domain=\"u.example.org\"} 0\n"},
    {"# HELP dnstt_sessions_total Distinct sessions since the start, each counted once, in the "
     "group where it was first seen. Exact while dnstt_exporter_sessions_forgotten_total and "
     "dnstt_exporter_sessions_refused_total are 0. A session whose id is shorter than 8 bytes "
     "(vaydns) counts again once it has ended." RESOLVERS "# TYPE dnstt_sessions_total counter\n"
     "dnstt_sessions_total{domain=\"t.example.com\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_sessions_total{domain=\"u.example.org\",country=\"ZZ\",asn=\"0\"} 0\n"
     "dnstt_sessions_total{domain=\"t.example.com\",country=\"DE\",asn=\"64496\"} 13\n"
     "dnstt_sessions_total{domain=\"u.example.org\",country=\"other\",asn=\"other\"} 0\n"},
    {"# HELP dnstt_domain_sessions_total Distinct sessions of the domain: dnstt_sessions_total of "
     "all its groups.\n"
     "# TYPE dnstt_domain_sessions_total counter\n"
     "dnstt_domain_sessions_total{domain=\"t.example.com\"} 13\n"
     "dnstt_domain_sessions_total{domain=\"u.example.org\"} 0\n"},
    {"# HELP dnstt_domain_peak_clients Most sessions of the domain that were active at once since "
     "the start.\n"
     "# TYPE dnstt_domain_peak_clients gauge\n"
     "dnstt_domain_peak_clients{domain=\"t.example.com\"} 31\n"
     "dnstt_domain_peak_clients{domain=\"u.example.org\"} 32\n"},
    {"# HELP dnstt_rejected_queries_total Queries under the domain that its server would not "
     "serve, or that no client of it sends, by the first rule broken: opcode (not a standard "
     "query), qtype (not the tunnel's "
     "type, "
     "as resolvers ask that minimise names), edns (a size below the MTU, without EDNS 512: no "
     "tunnel works through this resolver), encoding (not base32 as the format has it), short (too "
     "short for a session id, or for a packet), framing (not a client's: scanners, forged queries, "
     "another format)." RESOLVERS "# TYPE dnstt_rejected_queries_total counter\n"
     "dnstt_rejected_queries_total{domain=\"t.example.com\",country=\"DE\",asn=\"64496\","
     "reason=\"opcode\"} 18\n"
     "dnstt_rejected_queries_total{domain=\"t.example.com\",country=\"DE\",asn=\"64496\","
     "reason=\"qtype\"} 19\n"
     "dnstt_rejected_queries_total{domain=\"t.example.com\",country=\"DE\",asn=\"64496\","
     "reason=\"edns\"} 20\n"
     "dnstt_rejected_queries_total{domain=\"t.example.com\",country=\"DE\",asn=\"64496\","
     "reason=\"encoding\"} 21\n"
     "dnstt_rejected_queries_total{domain=\"t.example.com\",country=\"DE\",asn=\"64496\","
     "reason=\"short\"} 22\n"
     "dnstt_rejected_queries_total{domain=\"t.example.com\",country=\"DE\",asn=\"64496\","
     "reason=\"framing\"} 23\n"
     "dnstt_rejected_queries_total{domain=\"u.example.org\",country=\"other\",asn=\"other\","
     "reason=\"edns\"} 3\n"},
    {"# HELP dnstt_tunnel_info How the queries under the domain are read, in the labels. The value "
     "is always 1. A session is a client's process (dnstt, noizdns), a connection with a new id at "
     "each reconnect (vaydns), a connection (dnsttex), a dialled connection, without mux one for "
     "each TCP connection (xdns), a path, one for each resolver (slipstream); opaque has none.\n"
     "# TYPE dnstt_tunnel_info gauge\n"
     "dnstt_tunnel_info{domain=\"t.example.com\",format=\"dnstt\",clientid_size=\"\","
     "record_type=\"\"} 1\n"
     "dnstt_tunnel_info{domain=\"u.example.org\",format=\"vaydns\",clientid_size=\"2\","
     "record_type=\"cname\"} 1\n"},
    {"# HELP dnstt_exporter_packets_received_total Packets that passed the kernel filter, those "
     "included that the kernel then dropped.\n"
     "# TYPE dnstt_exporter_packets_received_total counter\n"
     "dnstt_exporter_packets_received_total 1000\n"},
    {"# HELP dnstt_exporter_packets_total Packets by outcome, each counted exactly once. Their sum "
     "is dnstt_exporter_packets_received_total, which may be ahead by some seconds. If "
     "kernel_dropped grows, the other counts are too low.\n# TYPE dnstt_exporter_packets_total "
     "counter\ndnstt_exporter_packets_total{outcome=\"kernel_dropped\"} "
     "101\ndnstt_exporter_packets_total{outcome=\"ignored\"} "
     "261\ndnstt_exporter_packets_total{outcome=\"malformed\"} "
     "102\ndnstt_exporter_packets_total{outcome=\"other_domain\"} "
     "103\ndnstt_exporter_packets_total{outcome=\"rejected\"} "
     "104\ndnstt_exporter_packets_total{outcome=\"query\"} "
     "105\ndnstt_exporter_packets_total{outcome=\"response\"} 106\n"},
    {"# HELP dnstt_exporter_packets_ignored_total Packets with the outcome ignored, by reason: "
     "direction (neither to nor from a watched port of this host), not_udp (another protocol or "
     "port), fragment (not the first), joined (queries of one sender that the kernel made one "
     "packet of, by UDP GRO or GSO), not_query (inbound, but a response), not_response (outbound, "
     "but no response to a query that counts).\n# TYPE "
     "dnstt_exporter_packets_ignored_total "
     "counter\ndnstt_exporter_packets_ignored_total{reason=\"direction\"} "
     "41\ndnstt_exporter_packets_ignored_total{reason=\"not_udp\"} "
     "42\ndnstt_exporter_packets_ignored_total{reason=\"fragment\"} "
     "43\ndnstt_exporter_packets_ignored_total{reason=\"joined\"} "
     "46\ndnstt_exporter_packets_ignored_total{reason=\"not_query\"} "
     "44\ndnstt_exporter_packets_ignored_total{reason=\"not_response\"} 45\n"},
    {"# HELP dnstt_exporter_interface_down_total Times that the kernel reported the watched "
     "interface as down.\n"
     "# TYPE dnstt_exporter_interface_down_total counter\n"
     "dnstt_exporter_interface_down_total 107\n"},
    {"# HELP dnstt_exporter_interfaces_changed 1 once an interface has changed since the start so "
     "that its packets count twice or not at all: the log names it, and a restart counts each "
     "packet once. 0 before, and with -capture.interface.\n"
     "# TYPE dnstt_exporter_interfaces_changed gauge\n"
     "dnstt_exporter_interfaces_changed 1\n"},
    {"# HELP dnstt_exporter_sessions_evicted_total Sessions that had not proved themselves, and "
     "made room for a new one in the full table of active sessions.\n"
     "# TYPE dnstt_exporter_sessions_evicted_total counter\n"
     "dnstt_exporter_sessions_evicted_total 108\n"},
    {"# HELP dnstt_exporter_sessions_refused_total Queries whose session was not counted, because "
     "the table of active sessions was full of confirmed ones.\n# TYPE "
     "dnstt_exporter_sessions_refused_total counter\ndnstt_exporter_sessions_refused_total 109\n"},
    {"# HELP dnstt_exporter_sessions_forgotten_total Sessions no longer remembered as seen. If one "
     "of them comes back, dnstt_sessions_total counts it again.\n# TYPE "
     "dnstt_exporter_sessions_forgotten_total counter\ndnstt_exporter_sessions_forgotten_total "
     "110\n"},
    {"# HELP dnstt_exporter_series_capped_total Packets counted under the country and ASN named "
     "other, because the limit on the number of groups was reached.\n"
     "# TYPE dnstt_exporter_series_capped_total counter\n"
     "dnstt_exporter_series_capped_total 111\n"},
    {"# HELP dnstt_exporter_sniffer_up 1 while the sniffer reports, at least every 2 s. 0 when it "
     "has been silent for more than 5 s: the other values then do not change.\n# TYPE "
     "dnstt_exporter_sniffer_up gauge\ndnstt_exporter_sniffer_up 1\n"},
    {"# HELP dnstt_exporter_geoip_build_timestamp_seconds When the database in use was built, as "
     "it states itself, in seconds since 1970.\n# TYPE "
     "dnstt_exporter_geoip_build_timestamp_seconds "
     "gauge\ndnstt_exporter_geoip_build_timestamp_seconds{database=\"country\"} "
     "1700000001\ndnstt_exporter_geoip_build_timestamp_seconds{database=\"asn\"} 1700000002\n"},
    {"# HELP dnstt_exporter_geoip_last_reload_successful 1 if the last load of the file succeeded, "
     "0 if it failed and an older version is still in use: the log says why.\n# TYPE "
     "dnstt_exporter_geoip_last_reload_successful "
     "gauge\ndnstt_exporter_geoip_last_reload_successful{database=\"country\"} "
     "0\ndnstt_exporter_geoip_last_reload_successful{database=\"asn\"} 1\n"},
    {"# HELP dnstt_exporter_geoip_last_reload_success_timestamp_seconds When the version in use "
     "was read from the file, in seconds since 1970.\n"
     "# TYPE dnstt_exporter_geoip_last_reload_success_timestamp_seconds gauge\n"
     "dnstt_exporter_geoip_last_reload_success_timestamp_seconds{database=\"country\"} "
     "1700000003\n"
     "dnstt_exporter_geoip_last_reload_success_timestamp_seconds{database=\"asn\"} 1700000004\n"},
    {"# HELP dnstt_exporter_geoip_lookups_total Addresses that were looked up in the database. The "
     "cache of addresses answers most packets, and they are not among these.\n"
     "# TYPE dnstt_exporter_geoip_lookups_total counter\n"
     "dnstt_exporter_geoip_lookups_total{database=\"country\"} 61\n"
     "dnstt_exporter_geoip_lookups_total{database=\"asn\"} 62\n"},
    {"# HELP dnstt_exporter_geoip_lookups_unmatched_total Lookups for which the database has no "
     "country (or no ASN): such packets count under ZZ (or 0). A growing share means an old or "
     "incomplete database.\n# TYPE dnstt_exporter_geoip_lookups_unmatched_total "
     "counter\ndnstt_exporter_geoip_lookups_unmatched_total{database=\"country\"} "
     "63\ndnstt_exporter_geoip_lookups_unmatched_total{database=\"asn\"} 64\n"},
    {"# HELP dnstt_exporter_http_requests_total Answered HTTP requests by status. Requests whose "
     "first line could not be read are not included, nor is the scrape that shows this.\n# TYPE "
     "dnstt_exporter_http_requests_total counter\ndnstt_exporter_http_requests_total{code=\"200\"} "
     "70\ndnstt_exporter_http_requests_total{code=\"400\"} "
     "71\ndnstt_exporter_http_requests_total{code=\"401\"} "
     "72\ndnstt_exporter_http_requests_total{code=\"403\"} "
     "73\ndnstt_exporter_http_requests_total{code=\"404\"} "
     "74\ndnstt_exporter_http_requests_total{code=\"405\"} "
     "75\ndnstt_exporter_http_requests_total{code=\"413\"} "
     "76\ndnstt_exporter_http_requests_total{code=\"429\"} "
     "77\ndnstt_exporter_http_requests_total{code=\"431\"} "
     "78\ndnstt_exporter_http_requests_total{code=\"503\"} "
     "79\ndnstt_exporter_http_requests_total{code=\"other\"} 80\n"},
    {"# HELP dnstt_exporter_http_connections_dropped_total HTTP connections that the exporter "
     "ended before they were answered in full, by reason: limit (at 64, or 16 from one peer, none "
     "could make room), replaced (made room for a newcomer, its request had not come), timeout (10 "
     "s without progress), deadline (30 s in all), memory (none was left). If they grow, somebody "
     "occupies the endpoint: restrict who can reach -web.listen-address.\n# TYPE "
     "dnstt_exporter_http_connections_dropped_total "
     "counter\ndnstt_exporter_http_connections_dropped_total{reason=\"limit\"} "
     "80\ndnstt_exporter_http_connections_dropped_total{reason=\"replaced\"} "
     "81\ndnstt_exporter_http_connections_dropped_total{reason=\"timeout\"} "
     "82\ndnstt_exporter_http_connections_dropped_total{reason=\"deadline\"} "
     "83\ndnstt_exporter_http_connections_dropped_total{reason=\"memory\"} 84\n"},
    {"# HELP dnstt_exporter_web_config_last_reload_successful 1 if the last load of the web "
     "configuration and its files succeeded, 0 if it failed and the older ones are still in use. "
     "Absent without -web.config.file.\n# TYPE dnstt_exporter_web_config_last_reload_successful "
     "gauge\ndnstt_exporter_web_config_last_reload_successful 1\n"},
    {"# HELP dnstt_exporter_web_config_last_reload_success_timestamp_seconds When the web "
     "configuration in use was read, in seconds since 1970. Absent without -web.config.file.\n"
     "# TYPE dnstt_exporter_web_config_last_reload_success_timestamp_seconds gauge\n"
     "dnstt_exporter_web_config_last_reload_success_timestamp_seconds 1700000005\n"},
    {"# HELP dnstt_exporter_sniffer_cpu_seconds_total User and system CPU time that the sniffer "
     "has spent, in seconds.\n"
     "# TYPE dnstt_exporter_sniffer_cpu_seconds_total counter\n"
     "dnstt_exporter_sniffer_cpu_seconds_total 0.500000\n"},
    {"# HELP dnstt_exporter_sniffer_resident_memory_bytes Resident memory of the sniffer in bytes, "
     "the packet ring included. Absent where /proc hides the processes of others, as under "
     "systemd's ProtectProc=.\n"
     "# TYPE dnstt_exporter_sniffer_resident_memory_bytes gauge\n"
     "dnstt_exporter_sniffer_resident_memory_bytes 91\n"},
    {"# HELP process_cpu_seconds_total User and system CPU time that the exporter has spent, in "
     "seconds. The sniffer's is dnstt_exporter_sniffer_cpu_seconds_total.\n"
     "# TYPE process_cpu_seconds_total counter\n"
     "process_cpu_seconds_total 90.000001\n"},
    {"# HELP process_resident_memory_bytes Resident memory of the exporter in bytes.\n"
     "# TYPE process_resident_memory_bytes gauge\n"
     "process_resident_memory_bytes 92\n"},
    {"# HELP process_virtual_memory_bytes Virtual memory of the exporter in bytes. The table of "
     "groups is reserved whole, so this is more than the resident memory.\n# TYPE "
     "process_virtual_memory_bytes gauge\nprocess_virtual_memory_bytes 93\n"},
    {"# HELP process_open_fds Open file descriptors of the exporter, HTTP connections included.\n# "
     "TYPE process_open_fds gauge\nprocess_open_fds 94\n"},
    {"# HELP process_max_fds File descriptors that the exporter may open.\n# TYPE process_max_fds "
     "gauge\nprocess_max_fds 95\n"},
    {"# HELP process_start_time_seconds When the exporter started, in seconds since 1970. All "
     "counters began at 0 then.\n"
     "# TYPE process_start_time_seconds gauge\n"
     "process_start_time_seconds 1700000009.007\n"},
    {"# HELP dnstt_exporter_build_info What this build is, in its labels. The value is always 1.\n"
     "# TYPE dnstt_exporter_build_info gauge\n"},
};

/* --- The tests. */

static void test_page_byte_for_byte(void **state)
{
    (void)state;
    struct scene scene;
    scene_small(&scene);
    char *page = scrape(&scene, PAGE_MAX);

    /* What this build is differs from build to build; its values need no escapes. */
    char build[EXPOSITION_LINE_MAX];
    (void)snprintf(build, sizeof(build), build_format, build_version(), build_revision(),
                   build_branch(), build_compiler());
    const char *at = page;
    for (unsigned i = 0; i < sizeof(small_page) / sizeof(small_page[0]); i++) {
        size_t length = strlen(small_page[i].text);
        if (strncmp(at, small_page[i].text, length) != 0) {
            print_error("expected:\n%sfound:\n%.*s", small_page[i].text, (int)length, at);
        }
        assert_memory_equal(at, small_page[i].text, length);
        at += length;
    }
    assert_string_equal(at, build);
    free(page);
}

/* The same in OpenMetrics is in a file, which the parser of Prometheus' own client library reads as
 * well (tests/integration/test_formats.py). There too the build's line is left out. */
static void test_openmetrics_byte_for_byte(void **state)
{
    (void)state;
    static char golden[PAGE_MAX];
    struct scene scene;
    scene_small(&scene);
    char *page =
        finish(begin_wish(&scene, (struct exposition_wish){.format = EXPOSITION_OPENMETRICS}),
               EXPOSITION_LINE_MAX);
    FILE *file = fopen("tests/data/page.openmetrics", "r");
    assert_non_null(file);
    size_t length = fread(golden, 1, sizeof golden - 1, file);
    fclose(file);
    golden[length] = '\0';

    const char *at = page;
    for (const char *line = golden; *line != '\0';) {
        size_t line_length = strcspn(line, "\n") + 1;
        if (strncmp(at, "dnstt_exporter_build_info{", 26) == 0) {
            at += strcspn(at, "\n") + 1;
        }
        if (strncmp(at, line, line_length) != 0) {
            print_error("expected:\n%.*sfound:\n%.*s", (int)line_length, line,
                        (int)strcspn(at, "\n") + 1, at);
        }
        assert_memory_equal(at, line, line_length);
        at += line_length;
        line += line_length;
    }
    assert_string_equal(at, "");
    free(page);
}

static void check_named(const char *const names[], unsigned count, enum exposition_format format,
                        const char *expected)
{
    struct scene scene;
    struct exposition_wish wish = {.format = format};
    scene_small(&scene);
    for (unsigned i = 0; i < count; i++) {
        exposition_ask(&wish, names[i]);
    }
    char *page = finish(begin_wish(&scene, wish), EXPOSITION_LINE_MAX);
    assert_string_equal(page, expected);
    free(page);
}

/* In the order of the page, each once, whatever the order of the names. */
static void test_by_name(void **state)
{
    static const char fds[] = "# HELP process_max_fds File descriptors that the exporter may "
                              "open.\n# TYPE process_max_fds gauge\nprocess_max_fds 95\n";
    static const char cpu[] =
        "# HELP process_cpu_seconds_total User and system CPU time that the exporter has spent, in "
        "seconds. The sniffer's is dnstt_exporter_sniffer_cpu_seconds_total.\n"
        "# TYPE process_cpu_seconds_total counter\n"
        "process_cpu_seconds_total 90.000001\n";
    char both[1024];
    (void)state;
    (void)snprintf(both, sizeof both, "%s%s", cpu, fds);
    check_named((const char *const[]){"process_max_fds"}, 1, EXPOSITION_TEXT, fds);
    check_named((const char *const[]){"process_cpu_seconds_total"}, 1, EXPOSITION_TEXT, cpu);
    check_named((const char *const[]){"process_cpu_seconds"}, 1, EXPOSITION_TEXT, cpu);
    check_named((const char *const[]){"process_max_fds", "nothing", "process_cpu_seconds_total",
                                      "process_max_fds"},
                4, EXPOSITION_TEXT, both);
    check_named((const char *const[]){"process_max_fds"}, 1, EXPOSITION_OPENMETRICS,
                "# TYPE process_max_fds gauge\n# HELP process_max_fds File descriptors that the "
                "exporter may open.\nprocess_max_fds 95\n# EOF\n");
    static const char *const none[] = {"",
                                       "process",
                                       "process_max_fd",
                                       "process_max_fdsx",
                                       "process_max_fds_total",
                                       "process_cpu_seconds_",
                                       "PROCESS_MAX_FDS",
                                       "_total"};
    for (unsigned i = 0; i < sizeof none / sizeof *none; i++) {
        check_named(&none[i], 1, EXPOSITION_TEXT, "");
        check_named(&none[i], 1, EXPOSITION_OPENMETRICS, "# EOF\n");
    }
}

static void test_every_metric_has_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < metric_count; i++) {
        struct exposition_wish wish = {.by_name = false};
        exposition_ask(&wish, metric_table[i].name);
        assert_true(wish.by_name);
        assert_true(wish.metrics == (uint64_t)1 << i);
    }
}

/* That each row has a value, and that its description fits into what a scrape makes room for. */
static void test_every_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < metric_count; i++) {
        const struct metric *metric = &metric_table[i];
        print_message("%s\n", metric->name);
        assert_int_not_equal(metric->source, 0);
        char description[4 * EXPOSITION_LINE_MAX];
        for (int format = EXPOSITION_TEXT; format <= EXPOSITION_OPENMETRICS; format++) {
            char *end = family_put(description, metric, (enum exposition_format)format);
            assert_true(end - description < EXPOSITION_LINE_MAX);
        }
    }
}

static void check_labels(const char *country, const char *asn, const char *active,
                         const char *rejected)
{
    struct scene scene;
    scene_small(&scene);
    scene.state.options.country_database = country;
    scene.state.options.asn_database = asn;
    scene.entries[2].rejected[WIRE_REJECTED_OPCODE - WIRE_REJECTED_FIRST] = 0;
    scene.entries[2].rejected[WIRE_REJECTED_QTYPE - WIRE_REJECTED_FIRST] = 0;
    char *page = scrape(&scene, PAGE_MAX);
    assert_string_equal(only(page, "dnstt_active_clients{"), active);
    free(page);
    scene.state.counts.groups.group_count = 3;
    for (unsigned i = WIRE_REJECTED_ENCODING - WIRE_REJECTED_FIRST; i < WIRE_REJECTED_COUNT; i++) {
        scene.entries[2].rejected[i] = 0;
    }
    page = scrape(&scene, PAGE_MAX);
    assert_string_equal(only(page, "dnstt_rejected_queries_total{"), rejected);
    free(page);
}

static void test_labels_exist_with_their_database(void **state)
{
    (void)state;
    check_labels(NULL, NULL,
                 "dnstt_active_clients{domain=\"t.example.com\"} 0\n"
                 "dnstt_active_clients{domain=\"u.example.org\"} 0\n"
                 "dnstt_active_clients{domain=\"t.example.com\"} 11\n"
                 "dnstt_active_clients{domain=\"u.example.org\"} 1\n",
                 "dnstt_rejected_queries_total{domain=\"t.example.com\",reason=\"edns\"} 20\n");
    check_labels("country.mmdb", NULL,
                 "dnstt_active_clients{domain=\"t.example.com\",country=\"ZZ\"} 0\n"
                 "dnstt_active_clients{domain=\"u.example.org\",country=\"ZZ\"} 0\n"
                 "dnstt_active_clients{domain=\"t.example.com\",country=\"DE\"} 11\n"
                 "dnstt_active_clients{domain=\"u.example.org\",country=\"other\"} 1\n",
                 "dnstt_rejected_queries_total{domain=\"t.example.com\",country=\"DE\","
                 "reason=\"edns\"} 20\n");
    check_labels(NULL, "asn.mmdb",
                 "dnstt_active_clients{domain=\"t.example.com\",asn=\"0\"} 0\n"
                 "dnstt_active_clients{domain=\"u.example.org\",asn=\"0\"} 0\n"
                 "dnstt_active_clients{domain=\"t.example.com\",asn=\"64496\"} 11\n"
                 "dnstt_active_clients{domain=\"u.example.org\",asn=\"other\"} 1\n",
                 "dnstt_rejected_queries_total{domain=\"t.example.com\",asn=\"64496\","
                 "reason=\"edns\"} 20\n");
}

static void test_pieces_make_the_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {EXPOSITION_LINE_MAX, EXPOSITION_LINE_MAX + 1,
                                   EXPOSITION_LINE_MAX + 100, 4096};
    struct scene scene;
    scene_small(&scene);
    for (enum exposition_format format = 0; format < EXPOSITION_FORMATS; format++) {
        const struct exposition_wish wish = {.format = format};
        char *whole = finish(begin_wish(&scene, wish), PAGE_MAX);
        for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            char *page = finish(begin_wish(&scene, wish), sizes[i]);
            assert_string_equal(page, whole);
            free(page);
        }
        free(whole);
    }
}

/* Reads the smallest pieces until one begins with `prefix`, which is not given back. */
static void read_until(struct exposition *exposition, const char *prefix)
{
    char buffer[EXPOSITION_LINE_MAX + 1];
    for (;;) {
        size_t got = exposition_read(exposition, buffer, EXPOSITION_LINE_MAX);
        assert_true(got > 0);
        buffer[got] = '\0';
        if (strncmp(buffer, prefix, strlen(prefix)) == 0) {
            return;
        }
    }
}

static void test_what_happens_during_a_scrape(void **state)
{
    (void)state;
    struct scene scene;
    struct group moved[ENTRIES_MAX];
    scene_small(&scene);
    struct exposition *exposition = begin(&scene);
    read_until(exposition, "# HELP dnstt_active_clients");

    /* A session and a packet come, and a group that makes the groups move in memory. */
    scene.entries[2].active = 1011;
    scene.entries[2].peak = 1012;
    scene.entries[2].queries = 1014;
    scene.domains[0].active = 1011;
    scene.domains[0].peak = 1031;
    scene.state.intake.stats.received = 2000;
    scene.state.intake.stats.outcomes[WIRE_QUERY] = 1105;
    scene_group(&scene, 0, (struct geo){.country = GEO_COUNTRY('F', 'R'), .asn = 64497});
    memcpy(moved, scene.entries, sizeof(moved));
    memset(scene.entries, 0xff, sizeof(scene.entries));
    scene.state.counts.groups.entries = moved;

    char *page = finish(exposition, EXPOSITION_LINE_MAX);
    assert_null(strstr(page, "country=\"FR\""));
    /* Copied at the beginning: gauges and account. */
    assert_non_null(strstr(page, "dnstt_active_clients{domain=\"t.example.com\",country=\"DE\","
                                 "asn=\"64496\"} 11\n"));
    assert_non_null(strstr(page, "dnstt_peak_clients{domain=\"t.example.com\",country=\"DE\","
                                 "asn=\"64496\"} 12\n"));
    assert_non_null(strstr(page, "dnstt_domain_active_clients{domain=\"t.example.com\"} 11\n"));
    assert_non_null(strstr(page, "dnstt_domain_peak_clients{domain=\"t.example.com\"} 31\n"));
    assert_non_null(strstr(page, "dnstt_exporter_packets_received_total 1000\n"));
    assert_non_null(strstr(page, "dnstt_exporter_packets_total{outcome=\"query\"} 105\n"));
    /* Read while it runs: the groups' counters. */
    assert_non_null(strstr(page, "dnstt_queries_total{domain=\"t.example.com\",country=\"DE\","
                                 "asn=\"64496\"} 1014\n"));
    free(page);

    page = scrape(&scene, PAGE_MAX);
    assert_non_null(strstr(page, "dnstt_active_clients{domain=\"t.example.com\",country=\"FR\","
                                 "asn=\"64497\"} 0\n"));
    assert_non_null(strstr(page, "dnstt_active_clients{domain=\"t.example.com\",country=\"DE\","
                                 "asn=\"64496\"} 1011\n"));
    free(page);
}

static const char *const totals[] = {
    "queries_total", "responses_total", "bytes_in_total", "bytes_out_total", "sessions_total",
};

/* Sum of a domain's lines of this metric. */
static uint64_t sum_of(const char *page, const char *prefix, const char *name, const char *domain)
{
    char begin[128];
    int length = snprintf(begin, sizeof begin, "%s%s{domain=\"%s\"", prefix, name, domain);
    uint64_t sum = 0;
    for (const char *line = page; *line != '\0'; line += strcspn(line, "\n") + 1) {
        if (strncmp(line, begin, (size_t)length) == 0) {
            sum += strtoull(strchr(line, ' '), NULL, 10);
        }
    }
    return sum;
}

static void count_everything(struct scene *scene)
{
    for (uint32_t i = 0; i < scene->state.counts.groups.group_count; i++) {
        struct group *group = &scene->entries[i];
        group->queries += 1;
        group->responses += 2;
        group->bytes_in += 3;
        group->bytes_out += 4;
        group->sessions += 5;
    }
}

/* Pieces of a line each, and all counters grow between any two of them. */
static void test_totals_are_the_sums_of_the_page(void **state)
{
    (void)state;
    struct scene scene;
    char *page = calloc(1, PAGE_MAX);
    assert_non_null(page);
    scene_small(&scene);
    for (uint32_t i = 4; i < ENTRIES_MAX; i++) {
        scene_group(&scene, i % 2, (struct geo){.country = GEO_COUNTRY('F', 'R'), .asn = i});
    }
    struct exposition *exposition = begin(&scene);
    size_t length = 0;
    for (size_t got; (got = exposition_read(exposition, page + length, EXPOSITION_LINE_MAX)) > 0;) {
        length += got;
        assert_true(length + EXPOSITION_LINE_MAX < PAGE_MAX);
        count_everything(&scene);
    }
    exposition_end(exposition);

    for (unsigned i = 0; i < sizeof totals / sizeof *totals; i++) {
        for (unsigned domain = 0; domain < 2; domain++) {
            const char *text = scene.state.options.domains[domain].text;
            uint64_t sum = sum_of(page, "dnstt_", totals[i], text);
            assert_int_not_equal(sum, 0);
            assert_true(sum_of(page, "dnstt_domain_", totals[i], text) == sum);
        }
    }
    free(page);
}

/* Without the lines of groups a total is that of all groups at the moment, new ones included. */
static void test_a_total_alone_is_live(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof totals / sizeof *totals; i++) {
        struct scene scene;
        struct exposition_wish wish = {.by_name = false};
        char expected[256];
        char name[64];
        scene_small(&scene);
        (void)snprintf(name, sizeof name, "dnstt_domain_%s", totals[i]);
        exposition_ask(&wish, name);
        struct exposition *exposition = begin_wish(&scene, wish);
        scene_group(&scene, 0, (struct geo){.country = GEO_COUNTRY('F', 'R'), .asn = 64497});
        count_everything(&scene);

        /* What t.example.com has in scene_small, and three times what came; u.example.org has two
         * groups. */
        static const unsigned counted[] = {14 + 3 * 1, 15 + 3 * 2, 16 + 3 * 3, 17 + 3 * 4,
                                           13 + 3 * 5};
        char *page = finish(exposition, EXPOSITION_LINE_MAX);
        (void)snprintf(expected, sizeof expected,
                       "%s{domain=\"t.example.com\"} %u\n%s{domain=\"u.example.org\"} %u\n", name,
                       counted[i], name, 2 * (i + 1));
        assert_string_equal(only(page, name), expected);
        free(page);
    }
}

/* Asked for by name together, they agree as well, and none is another's. */
static void test_totals_beside_other_groups(void **state)
{
    (void)state;
    struct exposition_wish wish = {.by_name = false};
    struct scene scene;
    scene_small(&scene);
    exposition_ask(&wish, "dnstt_active_clients");
    exposition_ask(&wish, "dnstt_queries_total");
    exposition_ask(&wish, "dnstt_domain_queries_total");
    exposition_ask(&wish, "dnstt_domain_sessions_total");
    char *page = finish(begin_wish(&scene, wish), EXPOSITION_LINE_MAX);
    assert_string_equal(only(page, "dnstt_domain_"),
                        "dnstt_domain_queries_total{domain=\"t.example.com\"} 14\n"
                        "dnstt_domain_queries_total{domain=\"u.example.org\"} 0\n"
                        "dnstt_domain_sessions_total{domain=\"t.example.com\"} 13\n"
                        "dnstt_domain_sessions_total{domain=\"u.example.org\"} 0\n");
    free(page);
}

/* The page sums what it has just written. */
static void test_each_total_follows_its_groups(void **state)
{
    (void)state;
    unsigned found = 0;
    assert_int_not_equal(metric_table[0].source, METRICS_OF_GROUP_SUM);
    for (size_t i = 1; i < metric_count; i++) {
        if (metric_table[i].source == METRICS_OF_GROUP_SUM) {
            assert_int_equal(metric_table[i - 1].source, METRICS_OF_GROUP);
            assert_int_equal(metric_table[i - 1].offset, metric_table[i].offset);
            found++;
        }
    }
    assert_int_equal(found, sizeof totals / sizeof *totals);
}

/* Text and figures as long as they can be, in a buffer as small as it may be. */
static void test_extremes(void **state)
{
    (void)state;
    struct scene scene;
    char domain[DOMAIN_WIRE_MAX];
    memset(domain, '"', sizeof(domain) - 1);
    domain[sizeof(domain) - 1] = '\0';
    scene_make(&scene);
    for (unsigned i = 0; i < DOMAINS_MAX; i++) {
        scene_domain(&scene, domain);
        scene.domains[i].peak = UINT32_MAX;
        scene.state.options.tunnels[i] = (struct tunnel){
            .format = TUNNEL_VAYDNS, .record_type = TUNNEL_CNAME, .clientid_size = 8};
    }
    scene.state.options.country_database = "country.mmdb";
    scene.state.options.asn_database = "asn.mmdb";
    struct group *group = scene_group(
        &scene, DOMAINS_MAX - 1, (struct geo){.country = GEO_COUNTRY('Z', 'A'), .asn = UINT32_MAX});
    group->active = UINT32_MAX;
    group->sessions = group->queries = group->responses = UINT64_MAX;
    group->bytes_in = UINT64_MAX - 1;
    group->bytes_out = 10000000000000000000u;
    group->rejected[WIRE_REJECTED_ENCODING - WIRE_REJECTED_FIRST] = UINT64_MAX;
    scene.state.intake.stats.received = UINT64_MAX - 1; /* one more means unknown */

    char *page = scrape(&scene, EXPOSITION_LINE_MAX);
    char *whole = scrape(&scene, PAGE_MAX);
    assert_string_equal(page, whole);
    free(whole);
    size_t longest = 0;
    for (const char *line = page; *line != '\0';) {
        size_t length = strcspn(line, "\n") + 1;
        longest = length > longest ? length : longest;
        line += length;
    }
    assert_in_range(longest, 2 * sizeof(domain), EXPOSITION_LINE_MAX);
    static const char *const ends[] = {
        ",country=\"ZA\",asn=\"4294967295\"} 4294967295\n",
        ",country=\"ZA\",asn=\"4294967295\"} 0\n",
        ",country=\"ZA\",asn=\"4294967295\"} 18446744073709551615\n",
        ",country=\"ZA\",asn=\"4294967295\"} 18446744073709551614\n",
        ",country=\"ZA\",asn=\"4294967295\"} 10000000000000000000\n",
        ",country=\"ZA\",asn=\"4294967295\",reason=\"encoding\"} 18446744073709551615\n",
        ",format=\"vaydns\",clientid_size=\"8\",record_type=\"cname\"} 1\n",
        "\ndnstt_exporter_packets_received_total 18446744073709551614\n",
    };
    for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        assert_non_null(strstr(page, ends[i]));
    }
    free(page);
}

static void test_numbers_of_every_length(void **state)
{
    (void)state;
    struct scene scene;
    scene_small(&scene);
    uint64_t value = 1;
    for (unsigned digits = 1; digits <= 20; digits++, value *= 10) {
        const uint64_t values[] = {value - 1, value, value + 1};
        for (unsigned i = 0; i < 3; i++) {
            char expected[128];
            scene.state.intake.stats.received = values[i];
            (void)snprintf(expected, sizeof(expected),
                           "dnstt_exporter_packets_received_total %llu\n",
                           (unsigned long long)values[i]);
            char *page = scrape(&scene, PAGE_MAX);
            assert_string_equal(only(page, "dnstt_exporter_packets_received_total"), expected);
            free(page);
        }
    }
}

static void test_escapes_in_label_values(void **state)
{
    (void)state;
    struct scene scene;
    scene_make(&scene);
    scene_domain(&scene, "a\"b\\c\nd\xc3\xa9");
    char *page = scrape(&scene, PAGE_MAX);
    assert_string_equal(only(page, "dnstt_domain_peak_clients"),
                        "dnstt_domain_peak_clients{domain=\"a\\\"b\\\\c\\nd\xc3\xa9\"} 0\n");
    free(page);
}

/* A label of a key that the format does not have is empty. */
static void test_tunnels(void **state)
{
    (void)state;
    static const struct tunnel tunnels[] = {
        {.format = TUNNEL_DNSTT, .record_type = TUNNEL_TXT, .mtu = 500},
        {.format = TUNNEL_NOIZDNS},
        {.format = TUNNEL_VAYDNS, .clientid_size = 8, .record_type = TUNNEL_NULL},
        {.format = TUNNEL_XDNS, .record_type = TUNNEL_ANY, .mtu = TUNNEL_XDNS_MTU},
        {.format = TUNNEL_OPAQUE},
    };
    struct scene scene;
    scene_make(&scene);
    for (unsigned i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
        const char name[] = {(char)('a' + i), '.', 'b', '\0'};
        scene_domain(&scene, name);
        scene.state.options.tunnels[i] = tunnels[i];
    }
    char *page = scrape(&scene, PAGE_MAX);
    assert_string_equal(
        only(page, "dnstt_tunnel_info"),
        "dnstt_tunnel_info{domain=\"a.b\",format=\"dnstt\",clientid_size=\"\",record_type=\"\"} 1\n"
        "dnstt_tunnel_info{domain=\"b.b\",format=\"noizdns\",clientid_size=\"\",record_type=\"\"} "
        "1\n"
        "dnstt_tunnel_info{domain=\"c.b\",format=\"vaydns\",clientid_size=\"8\",record_type="
        "\"null\"} 1\n"
        "dnstt_tunnel_info{domain=\"d.b\",format=\"xdns\",clientid_size=\"\",record_type=\"any\"} "
        "1\n"
        "dnstt_tunnel_info{domain=\"e.b\",format=\"opaque\",clientid_size=\"\",record_type=\"\"} "
        "1\n");
    free(page);
}

static void test_what_is_not_there(void **state)
{
    (void)state;
    struct scene scene;
    scene_small(&scene);
    scene.state.options.country_database = NULL;
    scene.state.sniffer_up = 0;
    process_now.sniffer_resident_bytes = SELF_METRICS_UNKNOWN;
    process_now.cpu_microseconds = SELF_METRICS_UNKNOWN;
    char *page = scrape(&scene, PAGE_MAX);
    assert_null(strstr(page, "dnstt_exporter_sniffer_resident_memory_bytes"));
    assert_null(strstr(page, "# HELP process_cpu_seconds_total"));
    assert_null(strstr(page, "\nprocess_cpu_seconds_total"));
    assert_non_null(strstr(page, "\ndnstt_exporter_sniffer_up 0\n"));
    assert_null(strstr(page, "database=\"country\""));
    assert_non_null(strstr(page, "\ndnstt_exporter_geoip_lookups_total{database=\"asn\"} 62\n"));
    free(page);

    scene.state.options.asn_database = NULL;
    page = scrape(&scene, PAGE_MAX);
    assert_null(strstr(page, "geoip"));
    free(page);
}

/* Every metric is explained and typed, once, before its lines, and no explanation is cut. */
static void test_headers(void **state)
{
    (void)state;
    struct scene scene;
    scene_small(&scene);
    char *page = scrape(&scene, PAGE_MAX);
    char name[128] = "";
    char type[16] = "";
    unsigned explained = 0;
    bool typed = false;
    for (const char *line = page; *line != '\0'; line += strcspn(line, "\n") + 1) {
        char found[128];
        if (sscanf(line, "# HELP %127s", found) == 1) {
            const char *end = line + strcspn(line, "\n");
            assert_int_equal(end[-1], '.');
            assert_true(end - line > (long)(strlen("# HELP  .") + strlen(found)));
            assert_string_not_equal(found, name);
            memcpy(name, found, sizeof(name));
            typed = false;
            explained++;
        } else if (sscanf(line, "# TYPE %127s %15s", found, type) == 2) {
            assert_string_equal(found, name);
            assert_false(typed);
            typed = true;
            bool total = strcmp(name + strlen(name) - strlen("_total"), "_total") == 0;
            assert_string_equal(type, total ? "counter" : "gauge");
        } else {
            assert_true(typed);
            assert_int_equal(strncmp(line, name, strlen(name)), 0);
            assert_non_null(strchr("{ ", line[strlen(name)]));
        }
    }
    assert_int_equal(explained, metric_count);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_byte_for_byte),
        cmocka_unit_test(test_openmetrics_byte_for_byte),
        cmocka_unit_test(test_by_name),
        cmocka_unit_test(test_every_metric_has_its_name),
        cmocka_unit_test(test_every_row_is_whole),
        cmocka_unit_test(test_labels_exist_with_their_database),
        cmocka_unit_test(test_pieces_make_the_whole),
        cmocka_unit_test(test_what_happens_during_a_scrape),
        cmocka_unit_test(test_totals_are_the_sums_of_the_page),
        cmocka_unit_test(test_a_total_alone_is_live),
        cmocka_unit_test(test_totals_beside_other_groups),
        cmocka_unit_test(test_each_total_follows_its_groups),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_numbers_of_every_length),
        cmocka_unit_test(test_escapes_in_label_values),
        cmocka_unit_test(test_tunnels),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
