#include "exporter/status/page.h"

#include "common/build.h"
#include "common/options.h"
#include "common/typed_offset.h"
#include "common/wire.h"
#include "exporter/state/hints.h"
#include "exporter/state/state.h"
#include "exporter/status/members.h"
#include "exporter/status/view.h"
#include "exporter/text/foreign_text.h"
#include "exporter/text/writer.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* --- Parts that have tables of their own: json_tunnels.c, json_places.c. */

static void put_clients(struct writer *page, const void *from)
{
    members_put(page, &members_clients, from);
}

static void put_history(struct writer *page, const void *from)
{
    members_put(page, &members_history, from);
}

static void put_domains(struct writer *page, const void *from)
{
    const struct view *view = from;
    writer_put(page, "[");
    for (unsigned i = 0; i < view->domain_count; i++) {
        writer_put(page, "%s", i == 0 ? "" : ",");
        members_put(page, &members_domain, &view->domains[i]);
    }
    writer_put(page, "]");
}

static bool has_countries(const void *from)
{
    return ((const struct view *)from)->state->options.country_database != NULL;
}

static void put_countries(struct writer *page, const void *from)
{
    members_put(page, &members_countries, from);
}

static bool has_networks(const void *from)
{
    return ((const struct view *)from)->state->options.asn_database != NULL;
}

static void put_networks(struct writer *page, const void *from)
{
    members_put(page, &members_networks, from);
}

/* --- Rejected queries. */

static const char *reason_name(uint32_t index)
{
    return wire_outcome_texts[WIRE_REJECTED_FIRST + index].reason;
}

static void put_rejected(struct writer *page, const void *from)
{
    const struct view *view = from;
    for (unsigned i = 0; i < WIRE_REJECTED_COUNT; i++) {
        writer_put(page, "%s\"%s\":%" PRIu64, i == 0 ? "{" : ",", reason_name(i),
                   view->rejected[i]);
    }
    writer_put(page, "}");
}

/* --- Checks and hints. */

static const struct member check_members[] = {
    {.key = "check",
     .description = "Which one; groups and interfaces are there only when they are wrong.",
     STRING(struct view_check, key)},
    {.key = "good",
     .description = "Whether it is as it should be.",
     .type = MEMBER_SWITCH,
     .offset = TYPED_OFFSET(struct view_check, good, bool)},
    {.key = "text",
     .description = "What was found, for people; its wording may change.",
     .schema = "\"maxLength\": 95",
     .type = MEMBER_TEXT,
     .offset = offsetof(struct view_check, text)},
};
static const struct members check = MEMBERS(check_members, "One thing that can be wrong.");

static void put_checks(struct writer *page, const void *from)
{
    const struct view *view = from;
    writer_put(page, "[");
    for (unsigned i = 0; i < view->check_count; i++) {
        writer_put(page, "%s", i == 0 ? "" : ",");
        members_put(page, &check, &view->checks[i]);
    }
    writer_put(page, "]");
}

struct shown_hint {
    const char *name;
    const char *seen;
    const char *advice;
};

static const struct member hint_members[] = {
    {.key = "hint",
     .description = "Which one, as in the label of dnstt_exporter_hint.",
     STRING(struct shown_hint, name),
     .name = hint_name,
     .names = HINTS},
    {.key = "seen",
     .description = "What is seen, and why it may be, for people; its wording may change.",
     STRING(struct shown_hint, seen)},
    {.key = "advice",
     .description = "What to do, for people; its wording may change.",
     STRING(struct shown_hint, advice)},
};
static const struct members hint =
    MEMBERS(hint_members, "One way in which the set-up seems wrong.");

static void put_hints(struct writer *page, const void *from)
{
    const struct hints *hints = &((const struct view *)from)->state->hints;
    const char *before = "";
    writer_put(page, "[");
    for (uint32_t i = 0; i < HINTS; i++) {
        if (hints->on[i] != 0) {
            const struct shown_hint shown = {hint_name(i), hints->texts[i].seen,
                                             hints->texts[i].advice};
            writer_put(page, "%s", before);
            members_put(page, &hint, &shown);
            before = ",";
        }
    }
    writer_put(page, "]");
}

/* --- What the privacy flags change. */

struct shown_privacy {
    uint32_t min_clients;
    uint32_t round;
};

static struct shown_privacy privacy_of(const void *from)
{
    const struct options *options = &((const struct view *)from)->state->options;
    return (struct shown_privacy){options_min_clients(options), options->privacy_round};
}

static bool has_privacy(const void *from)
{
    const struct shown_privacy shown = privacy_of(from);
    return shown.min_clients != 0 || shown.round != 0;
}

static const struct member privacy_members[] = {
    {.key = "min_clients",
     .description = "Countries and networks with fewer active sessions are in other; 0: each is "
                    "shown.",
     NUMBER32(struct shown_privacy, min_clients),
     .most = 1000000},
    {.key = "round",
     .description = "Sessions are rounded up to multiples of this, packets to 100 times and bytes "
                    "to 65536 times as many; 0: exact values.",
     NUMBER32(struct shown_privacy, round),
     .most = 10000},
};
static const struct members privacy =
    MEMBERS(privacy_members, "What the privacy flags change; only where one is used.");

static void put_privacy(struct writer *page, const void *from)
{
    const struct shown_privacy shown = privacy_of(from);
    members_put(page, &privacy, &shown);
}

/* --- The page. */

static void put_version(struct writer *page, const void *from)
{
    (void)from;
    writer_put(page, "%d", VIEW_VERSION);
}

static void put_exporter(struct writer *page, const void *from)
{
    (void)from;
    members_put_string(page, build_version());
}

static void put_ports(struct writer *page, const void *from)
{
    const struct options *options = &((const struct view *)from)->state->options;
    for (unsigned i = 0; i < options->port_count; i++) {
        writer_put(page, "%s%u", i == 0 ? "[" : ",", options->ports[i]);
    }
    writer_put(page, "]");
}

/* The kernel takes any character in an interface's name. */
static void put_interface(struct writer *page, const void *from)
{
    const char *interface = ((const struct view *)from)->state->options.interface;
    if (interface[0] == '\0') {
        writer_put(page, "null");
        return;
    }
    struct foreign_text name;
    foreign_text_clean(interface, strlen(interface), &name);
    members_put_foreign(page, &name);
}

static const struct member page_members[] = {
    {.key = "version",
     .description = "Version of this form; it grows when a key changes its meaning or is left out.",
     .schema = "\"const\": 1",
     OWN(put_version)},
    {.key = "exporter",
     .description = "Version of the program.",
     .schema = "\"type\": \"string\", \"minLength\": 1",
     OWN(put_exporter)},
    {.key = "time",
     .description = "When the values were read, in seconds since 1970.",
     NUMBER64(struct view, time)},
    {.key = "started",
     .description = "When counting began, in seconds since 1970.",
     NUMBER64(struct view, started)},
    {.key = "ports",
     .description = "UDP ports that are watched.",
     .schema = "\"type\": \"array\", \"minItems\": 1, \"maxItems\": 16, \"items\": {\"type\": "
               "\"integer\", \"minimum\": 1, \"maximum\": 65535}",
     OWN(put_ports)},
    {.key = "interface",
     .description = "Network interface that is watched; null for all.",
     .schema = "\"type\": [\"string\", \"null\"], \"maxLength\": 15",
     OWN(put_interface)},
    {.key = "clients", .object = &members_clients, OWN(put_clients)},
    {.key = "history", .object = &members_history, OWN(put_history)},
    {.key = "domains",
     .description = "The tunnels, in the order of the command line.",
     .schema = "\"minItems\": 1, \"maxItems\": 32",
     .array = true,
     .object = &members_domain,
     OWN(put_domains)},
    {.key = "countries",
     .object = &members_countries,
     .present = has_countries,
     OWN(put_countries)},
    {.key = "networks", .object = &members_networks, .present = has_networks, OWN(put_networks)},
    {.key = "rejected_queries",
     .description =
         "Queries under the tunnels' domains since the start that are not a client's, by "
         "reason: those of dnstt_rejected_queries_total.",
     .name = reason_name,
     .names = WIRE_REJECTED_COUNT,
     OWN(put_rejected)},
    {.key = "checks",
     .description = "What can be wrong, in the order of the page.",
     .schema = "\"minItems\": 3, \"maxItems\": 8",
     .array = true,
     .object = &check,
     OWN(put_checks)},
    {.key = "hints",
     .description = "What may be wrong with the set-up, and what to do; empty while nothing is.",
     .schema = "\"maxItems\": 13",
     .array = true,
     .object = &hint,
     OWN(put_hints)},
    {.key = "privacy", .object = &privacy, .present = has_privacy, OWN(put_privacy)},
};
const struct members members_page = MEMBERS(
    page_members,
    "What GET /status.json answers, and GET / with Accept: application/json. A restart begins all "
    "values again. This file is of one release: a later one may add keys under the same version.");

_Static_assert(VIEW_VERSION == 1 && HINTS == 13 && VIEW_CHECKS_MAX == 8, "as the schema says");

void page_json(const struct view *view, struct writer *page)
{
    members_put(page, &members_page, view);
    writer_put(page, "\n");
}
