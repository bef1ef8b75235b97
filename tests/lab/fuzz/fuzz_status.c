/*
 * Any values in the status page: names of networks and of the interface, active sessions, what was
 * rejected, the past. Every form is rendered, and tests/lab/fuzz/oracle.py, which runs beside,
 * reads each back. Held: no crash, every form fits; text has no octet below 0x20 but the newline,
 * is valid UTF-8 or ASCII, and no line is wider than 80 columns; colour adds the known escapes
 * alone; JSON gives the values back, HTML the names, and no element but the known ones.
 */
#include "common/domain.h"
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/history.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/organizations.h"
#include "exporter/state/state.h"
#include "exporter/status/page.h"
#include "exporter/status/ranking.h"
#include "exporter/status/status.h"
#include "exporter/status/view.h"
#include "exporter/text/foreign_text.h"
#include "exporter/text/writer.h"

#include <assert.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    FLAG_COUNTRIES = 1, /* of the first byte; the others say how many domains */
    FLAG_NETWORKS = 2,
    FLAG_INTERFACE = 4,
    FLAG_BITS = 3,
    NAMES_MAX = 64,
    QUESTION_MAX = 6 * STATUS_BYTES + 32 * 1024,
};

#include "tests/lab/fuzz/oracle.h" /* needs QUESTION_MAX */

/* --- The input. Past its end everything is 0. */

static const uint8_t *input;
static size_t input_left;

static uint64_t take(unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes && input_left > 0; i++, input_left--) {
        value |= (uint64_t)*input++ << (8 * i);
    }
    return value;
}

/* A length in a byte, and as many bytes as there are of it. */
static const uint8_t *take_bytes(size_t *length)
{
    *length = (size_t)take(1);
    *length = *length < input_left ? *length : input_left;
    const uint8_t *bytes = input;
    input += *length;
    input_left -= *length;
    return bytes;
}

/* --- The view. */

static struct state shown;
static struct view view;
static struct organizations organizations;

/* In the place of the databases'. */
const struct organizations *geoip_organizations(const struct geoip *geoip)
{
    (void)geoip;
    return &organizations;
}

static void make_interface(void)
{
    size_t length;
    const uint8_t *bytes = take_bytes(&length);
    length = length < IF_NAMESIZE - 1 ? length : IF_NAMESIZE - 1;
    memcpy(shown.options.interface, bytes, length);
    if (shown.options.interface[0] == '\0') {
        shown.options.interface[0] = '!'; /* none is all of them */
    }
    add(shown.options.interface, strlen(shown.options.interface));
}

/* The networks: 1 and those after it. */
static void make_names(unsigned count)
{
    uint32_t actives[RANKING_ROWS];
    organizations_renew(&organizations);
    for (unsigned i = 0; i < count; i++) {
        size_t length;
        const uint8_t *bytes = take_bytes(&length);
        struct foreign_text *name = organizations_due(&organizations, i + 1);
        assert(name != NULL);
        foreign_text_clean(bytes, length, name);
        add(bytes, length);
        actives[i] = (uint32_t)take(4);
        view.networks.rows[i] = (struct ranking_row){i + 1, actives[i]};
    }
    view.networks.count = count;
    add(actives, count * sizeof *actives);
}

static void make_history(struct view_history *history)
{
    *history = (struct view_history){.sample_seconds = 15};
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        history->samples[i] = HISTORY_NOTHING;
    }
    unsigned sample = 0;
    for (uint64_t runs = take(1); runs > 0; runs--) {
        const uint64_t end = sample + take(1);
        const uint32_t value = (uint32_t)take(4);
        for (; sample < end && sample < HISTORY_SAMPLES; sample++) {
            history->samples[sample] = value;
            history->peak =
                value != HISTORY_NOTHING && value > history->peak ? value : history->peak;
        }
    }
    add(history->samples, sizeof history->samples);
}

static void make_domains(unsigned count)
{
    view.domain_count = count + 1;
    for (unsigned i = 0; i <= count; i++) {
        view.domains[i] = (struct view_domain){
            .name = "t.example.com", .format = "dnstt", .active = i, .window_seconds = 30};
    }
    view.window_least = 30;
    view.window_most = 30 + count;
}

static void make_checks(void)
{
    view.checks[0] = (struct view_check){"sniffer", "Sniffer", true, "reports"};
    view.checks[1] =
        (struct view_check){"packets_lost", "Packets lost", false, "1 (10 %): counts are too low"};
    view.check_count = 2;
}

/* In the order of oracle.py. */
static void make_view(void)
{
    const unsigned flags = (unsigned)take(1);
    memset(&shown, 0, sizeof shown);
    memset(&view, 0, sizeof view);
    view.state = &shown;
    shown.options.telemetry_path = "/metrics";
    shown.options.ports[0] = 53;
    shown.options.port_count = 1;
    shown.options.country_database = (flags & FLAG_COUNTRIES) != 0 ? "country.mmdb" : NULL;
    shown.options.asn_database = (flags & FLAG_NETWORKS) != 0 ? "asn.mmdb" : NULL;
    const size_t first = question.length;
    uint8_t head[2] = {(uint8_t)flags, 0};
    add(head, sizeof head);
    if ((flags & FLAG_INTERFACE) != 0) {
        make_interface();
    }
    const unsigned count = (unsigned)take(1) % (RANKING_ROWS + 1);
    question.bytes[first + 4 + 1] = (uint8_t)count; /* behind the length of the field */
    make_names(count);
    view.networks.rest = take(4);
    view.other = take(4);
    view.countries.rows[0] = (struct ranking_row){GEO_COUNTRY('D', 'E'), (uint32_t)view.other};
    view.countries.count = 1;
    for (unsigned i = 0; i < WIRE_REJECTED_COUNT; i++) {
        view.rejected[i] = take(8);
    }
    add(view.rejected, sizeof view.rejected);
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        make_history(&view.histories[span]);
    }
    make_domains(flags >> FLAG_BITS);
    make_checks();
}

/* --- The forms. */

static char page[STATUS_BYTES];

static void add_page(const struct writer *writer)
{
    assert(!writer->full);
    add(page, writer->length);
}

static void add_text(enum terminal_characters characters, bool color)
{
    struct writer writer = {.start = page, .size = sizeof page};
    page_text(&view, (struct page_style){characters, color}, &writer);
    add_page(&writer);
}

static void add_forms(void)
{
    struct writer writer = {.start = page, .size = sizeof page};
    page_html(&view, &writer);
    add_page(&writer);
    writer = (struct writer){.start = page, .size = sizeof page};
    page_json(&view, &writer);
    add_page(&writer);
    add_text(TERMINAL_UTF8, false);
    add_text(TERMINAL_UTF8, true);
    add_text(TERMINAL_ASCII, false);
    add_text(TERMINAL_ASCII, true);
}

static void start(void)
{
    start_oracle("status");
    if (organizations_create(NAMES_MAX, &organizations) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (oracle.process == 0) {
        start();
    }
    input = data;
    input_left = size;
    question.length = 0;
    make_view();
    add_forms();
    ask_oracle();
    return 0;
}
