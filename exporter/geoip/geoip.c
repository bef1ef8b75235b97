#include "exporter/geoip/geoip.h"

#include "exporter/geoip/database.h"
#include "exporter/geoip/organizations.h"
#include "exporter/text/foreign_text.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

enum {
    ADDRESS_BYTES = 16,
    CACHE_WAYS = 2,
    CACHE_SET_BITS = 11,
    CACHE_SETS = GEOIP_CACHE_ADDRESSES / CACHE_WAYS,
    CACHE_KEYS = 4,
};

_Static_assert(CACHE_SETS == 1 << CACHE_SET_BITS, "a hash of CACHE_SET_BITS selects the set");

struct cache_entry {
    uint8_t address[ADDRESS_BYTES];
    struct geo geo; /* country 0: the entry is empty */
};

_Static_assert(sizeof(struct cache_entry) == 24, "as GEOIP_CACHE_ADDRESSES tells");

struct geoip {
    struct geoip_database databases[GEOIP_DATABASES];
    struct organizations organizations; /* all zero without an ASN database */
    uint64_t key[CACHE_KEYS];
    struct cache_entry cache[CACHE_SETS][CACHE_WAYS]; /* most recently used way first */
};

/* Opens what the paths name. */
static int open_databases(const char *country_path, const char *asn_path,
                          uint32_t organizations_max, struct geoip *geoip,
                          struct geoip_error *error)
{
    int code = geoip_database_open(&geoip_kind_country, country_path,
                                   &geoip->databases[GEOIP_COUNTRY], error);
    if (code == 0) {
        code = geoip_database_open(&geoip_kind_asn, asn_path, &geoip->databases[GEOIP_ASN], error);
    }
    if (code != 0 || asn_path == NULL) {
        return code;
    }
    code = organizations_create(organizations_max, &geoip->organizations);
    if (code != 0) {
        error->reason = "cannot allocate the names of its ASNs; lower -groups.max";
    }
    return code;
}

int geoip_open(const char *country_path, const char *asn_path, uint32_t organizations_max,
               struct geoip **out, struct geoip_error *error)
{
    struct geoip *geoip = calloc(1, sizeof *geoip);
    if (geoip == NULL || getrandom(geoip->key, sizeof geoip->key, 0) != sizeof geoip->key) {
        free(geoip);
        *error = (struct geoip_error){
            .flag = geoip_kind_country.flag,
            .path = "",
            .reason = "cannot allocate the cache",
        };
        return -ENOMEM;
    }
    int code = open_databases(country_path, asn_path, organizations_max, geoip, error);
    if (code != 0) {
        geoip_close(geoip);
        return code;
    }
    *out = geoip;
    return 0;
}

void geoip_close(struct geoip *geoip)
{
    if (geoip == NULL) {
        return;
    }
    for (unsigned i = 0; i < GEOIP_DATABASES; i++) {
        geoip_database_close(&geoip->databases[i]);
    }
    organizations_destroy(&geoip->organizations);
    free(geoip);
}

enum geoip_outcome geoip_reload(struct geoip *geoip, enum geoip_which which, bool again,
                                struct geoip_error *error)
{
    if (geoip == NULL) {
        return GEOIP_UNCHANGED;
    }
    enum geoip_outcome result = geoip_database_reload(&geoip->databases[which], again, error);
    if (result == GEOIP_RELOADED) {
        memset(geoip->cache, 0, sizeof geoip->cache);
        if (which == GEOIP_ASN) {
            organizations_renew(&geoip->organizations);
        }
    }
    return result;
}

struct geoip_values geoip_values(const struct geoip *geoip, enum geoip_which which)
{
    if (geoip == NULL) {
        return (struct geoip_values){.build_time = 0};
    }
    const struct geoip_database *database = &geoip->databases[which];
    return (struct geoip_values){
        .build_time = database->open ? geoip_database_built(database) : 0,
        .lookups = database->lookups,
        .unmatched = database->unmatched,
    };
}

union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static union socket_address socket_address_of(const uint8_t address[ADDRESS_BYTES])
{
    static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    union socket_address socket_address = {0};
    if (memcmp(address, mapped, sizeof(mapped)) == 0) {
        socket_address.v4.sin_family = AF_INET;
        memcpy(&socket_address.v4.sin_addr, address + sizeof(mapped),
               sizeof(socket_address.v4.sin_addr));
    } else {
        socket_address.v6.sin6_family = AF_INET6;
        memcpy(&socket_address.v6.sin6_addr, address, ADDRESS_BYTES);
    }
    return socket_address;
}

/* Looks up in the databases, not in the cache. */
static struct geo resolve(struct geoip *geoip, const uint8_t address[ADDRESS_BYTES])
{
    const union socket_address socket_address = socket_address_of(address);
    struct geo place = GEO_UNKNOWN;
    for (unsigned i = 0; i < GEOIP_DATABASES; i++) {
        geoip_database_lookup(&geoip->databases[i], &socket_address.any, &place);
    }
    return place;
}

/*
 * Pair-multiply-shift (Thorup, "High Speed Hashing for Integers and Strings"): two
 * addresses fall into one set with a chance of 1 in CACHE_SETS over the random keys, even if an
 * attacker chooses them.
 */
static uint64_t cache_set(const uint64_t key[CACHE_KEYS], const uint8_t address[ADDRESS_BYTES])
{
    uint32_t word[ADDRESS_BYTES / sizeof(uint32_t)];
    memcpy(word, address, sizeof(word));
    uint64_t sum =
        (key[0] + word[1]) * (key[1] + word[0]) + (key[2] + word[3]) * (key[3] + word[2]);
    return sum >> (64 - CACHE_SET_BITS);
}

static bool cache_holds(const struct cache_entry *entry, const uint8_t address[ADDRESS_BYTES])
{
    return memcmp(entry->address, address, ADDRESS_BYTES) == 0 && entry->geo.country != 0;
}

/* Looks into the second way, then into the databases. Separate from geoip_lookup, as it is rare. */
__attribute__((noinline)) static struct geo look_further(struct geoip *geoip,
                                                         struct cache_entry ways[CACHE_WAYS],
                                                         const uint8_t address[ADDRESS_BYTES],
                                                         bool *fresh)
{
    struct cache_entry found;
    if (cache_holds(&ways[1], address)) {
        found = ways[1];
    } else {
        memcpy(found.address, address, ADDRESS_BYTES);
        found.geo = resolve(geoip, address);
        *fresh = true;
    }
    ways[1] = ways[0];
    ways[0] = found;
    return found.geo;
}

struct geo geoip_lookup(struct geoip *geoip, const uint8_t address[16], bool *fresh)
{
    *fresh = false;
    if (!geoip->databases[GEOIP_COUNTRY].open && !geoip->databases[GEOIP_ASN].open) {
        return GEO_UNKNOWN;
    }
    struct cache_entry *ways = geoip->cache[cache_set(geoip->key, address)];
    return cache_holds(&ways[0], address) ? ways[0].geo : look_further(geoip, ways, address, fresh);
}

void geoip_note_organization(struct geoip *geoip, const uint8_t address[16], uint32_t asn)
{
    struct foreign_text *name = organizations_due(&geoip->organizations, asn);
    if (name == NULL) {
        return;
    }
    const union socket_address socket_address = socket_address_of(address);
    struct foreign_text found = {.text = ""};
    (void)geoip_database_organization(&geoip->databases[GEOIP_ASN], &socket_address.any, &found);
    *name = found;
}

const struct organizations *geoip_organizations(const struct geoip *geoip)
{
    return geoip != NULL && geoip->databases[GEOIP_ASN].open ? &geoip->organizations : NULL;
}
