#include "exporter/counts/geo.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/organizations.h"
#include "exporter/state/state.h"
#include "exporter/status/members.h"
#include "exporter/status/ranking.h"
#include "exporter/status/view.h"
#include "exporter/text/foreign_text.h"
#include "exporter/text/writer.h"

#include <inttypes.h>
#include <stddef.h>

struct place {
    const struct ranking_row *row;
    const struct foreign_text *organization; /* NULL: none */
};

static void put_country(struct writer *page, const void *from)
{
    const uint32_t key = ((const struct place *)from)->row->key;
    if (key != GEO_UNKNOWN.country) {
        writer_put(page, "\"%c%c\"", (int)(key >> 8), (int)(key & 0xff));
    } else {
        writer_put(page, "null");
    }
}

static void put_asn(struct writer *page, const void *from)
{
    const uint32_t key = ((const struct place *)from)->row->key;
    if (key != GEO_UNKNOWN.asn) {
        writer_put(page, "%" PRIu32, key);
    } else {
        writer_put(page, "null");
    }
}

static bool has_organization(const void *from)
{
    const struct foreign_text *name = ((const struct place *)from)->organization;
    return name != NULL && name->text[0] != '\0';
}

static void put_organization(struct writer *page, const void *from)
{
    members_put_foreign(page, ((const struct place *)from)->organization);
}

static void put_place_active(struct writer *page, const void *from)
{
    writer_put(page, "%" PRIu32, ((const struct place *)from)->row->active);
}

#define PLACE_ACTIVE                                                                               \
    {                                                                                              \
        .key = "active", .description = MEMBERS_ACTIVE_NOW,                                        \
        .schema = "\"type\": \"integer\", \"minimum\": 1, \"maximum\": 4294967295",                \
        OWN(put_place_active)                                                                      \
    }

static const struct member country_members[] = {
    {.key = "country",
     .description =
         "ISO 3166-1 code of two capital letters; null when the database has no country.",
     .schema = "\"type\": [\"string\", \"null\"], \"pattern\": \"^[A-Z]{2}$\"",
     OWN(put_country)},
    PLACE_ACTIVE,
};
static const struct members country = MEMBERS(country_members, "A country.");

static const struct member network_members[] = {
    {.key = "asn",
     .description = "Number of the autonomous system; null when the database has none.",
     .schema = "\"type\": [\"integer\", \"null\"], \"minimum\": 1, \"maximum\": 4294967295",
     OWN(put_asn)},
    {.key = "organization",
     .description = "Name of the network, as the database has it, cleaned and cut to 64 bytes; "
                    "absent without one.",
     .schema = "\"type\": \"string\", \"minLength\": 1, \"maxLength\": 64",
     OWN(put_organization),
     .present = has_organization},
    PLACE_ACTIVE,
};
static const struct members network = MEMBERS(network_members, "An autonomous system.");

static void put_top(struct writer *page, const struct ranking *ranking,
                    const struct organizations *names, const struct members *members)
{
    writer_put(page, "[");
    for (unsigned i = 0; i < ranking->count; i++) {
        const struct ranking_row *row = &ranking->rows[i];
        const struct place place = {row,
                                    names != NULL ? organizations_find(names, row->key) : NULL};
        writer_put(page, "%s", i == 0 ? "" : ",");
        members_put(page, members, &place);
    }
    writer_put(page, "]");
}

static void put_top_countries(struct writer *page, const void *from)
{
    put_top(page, &((const struct view *)from)->countries, NULL, &country);
}

static void put_top_networks(struct writer *page, const void *from)
{
    const struct view *view = from;
    put_top(page, &view->networks, geoip_organizations(view->state->geoip), &network);
}

#define TOP(function, each)                                                                        \
    {                                                                                              \
        .key = "top", .description = "The ten with the most active sessions, the most first.",     \
        .schema = "\"maxItems\": 10", .array = true, .object = &(each), OWN(function)              \
    }
#define REST(rest_of)                                                                              \
    {                                                                                              \
        .key = "all_others", .description = "Active sessions of all that are not among the ten.",  \
        NUMBER64(struct view, rest_of)                                                             \
    }
#define OTHER                                                                                      \
    {                                                                                              \
        .key = "other",                                                                            \
        .description = "Active sessions whose country and network are not shown: -groups.max was " \
                       "reached, or there are fewer than -privacy.min-clients.",                   \
        NUMBER64(struct view, other)                                                               \
    }

static const struct member countries_members[] = {TOP(put_top_countries, country),
                                                  REST(countries.rest), OTHER};
const struct members members_countries =
    MEMBERS(countries_members, "Countries of the resolvers; absent without a country database.");

static const struct member networks_members[] = {TOP(put_top_networks, network),
                                                 REST(networks.rest), OTHER};
const struct members members_networks =
    MEMBERS(networks_members, "Networks of the resolvers; absent without an ASN database.");
