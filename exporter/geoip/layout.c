#include "exporter/geoip/layout.h"

#include "exporter/counts/geo.h"
#include "exporter/geoip/key_names.h"
#include "exporter/geoip/record.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LAYOUT_PATH_MAX = 3 }; /* keys and the NULL that ends them */

/* A path of keys to a value; without a key it is the record itself. */
typedef const char *const layout[LAYOUT_PATH_MAX];

/* The most common first: a lookup takes the first that fits. The record itself is the last. */
static layout country_layouts[] = {
    {"country", "iso_code", NULL},            /* GeoLite2, DB-IP, IP2Location, GeoOpen */
    {"registered_country", "iso_code", NULL}, /* GeoLite2, where nothing better is known */
    {"country_code", NULL}, /* IPinfo Lite (its `country` is a name), ip-location-db, IPLocate */
    {"country", NULL},      /* IPinfo country_asn */
    {"geo", "country_code", NULL},      /* IPinfo Core and Plus */
    {"location", "country_code", NULL}, /* ipapi.is */
    {"geo", "country_iso_code", NULL},  /* Elastic Common Schema */
    {"country_iso_code", NULL},         /* GeoLite2, written flat */
    {"country", "code", NULL},
    {"country", "isoAlpha2", NULL}, /* BigDataCloud */
    {"geo", "country", NULL},
    {"location", "country", NULL},
    {"iso_code", NULL},
    {"country_code2", NULL}, /* ipgeolocation.io */
    {"country_short", NULL}, /* IP2Location, written flat */
    {"countryCode", NULL},   /* ip-api */
    {"cc", NULL},
    {NULL}, /* sing-box, mihomo */
};

static layout asn_layouts[] = {
    {"autonomous_system_number", NULL}, /* GeoLite2, DB-IP Lite, IP2Location, ip-location-db */
    {"asn", NULL},                      /* IPinfo, IPLocate */
    {"country", "AutonomousSystemNumber", NULL},  /* GeoOpen */
    {"traits", "autonomous_system_number", NULL}, /* GeoIP2 Enterprise, DB-IP ISP */
    {"as", "asn", NULL},                          /* IPinfo Core and Plus */
    {"asn", "asn", NULL},                         /* ipapi.is */
    {"as", "number", NULL},                       /* Elastic Common Schema */
    {"asn", "number", NULL},
    {"asn", "as_number", NULL},  /* ipgeolocation.io */
    {"connection", "asn", NULL}, /* ipregistry, ipwhois */
    {"AutonomousSystemNumber", NULL},
    {"as_number", NULL},
    {"ASN", NULL},
    {"as", NULL},
    {NULL},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static_assert(LENGTH(country_layouts) < 32 && LENGTH(asn_layouts) < 32, "bits of a search");

/* Returns 0 for what is not a letter of ASCII. */
static char capital(char letter)
{
    if (letter >= 'a' && letter <= 'z') {
        return (char)(letter - 'a' + 'A');
    }
    return (char)(letter >= 'A' && letter <= 'Z' ? letter : 0);
}

/* Two letters and nothing else. ZZ means "not known". */
static bool country_of(const MMDB_entry_data_s *data, struct geo *place)
{
    if (data->type != MMDB_DATA_TYPE_UTF8_STRING || data->data_size != 2) {
        return false;
    }
    char first = capital(data->utf8_string[0]);
    char second = capital(data->utf8_string[1]);
    uint16_t value = GEO_COUNTRY(first, second);
    if (first == 0 || second == 0 || value == GEO_UNKNOWN.country) {
        return false;
    }
    place->country = value;
    return true;
}

/* Plain digits, with or without "AS" before them; no digits mean 0. No NUL ends the text. */
static bool asn_of_text(const MMDB_entry_data_s *data, uint64_t *asn)
{
    enum { ASN_DIGITS_MAX = 10 }; /* of 4294967295 */

    const char *text = data->utf8_string;
    uint32_t length = data->data_size;
    if (length >= 2 && capital(text[0]) == 'A' && capital(text[1]) == 'S') {
        text += 2;
        length -= 2;
    }
    if (length > ASN_DIGITS_MAX) {
        return false;
    }
    uint64_t value = 0;
    for (uint32_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *asn = value;
    return true;
}

/* Numbers that came by way of JSON are often stored so. */
static bool asn_of_double(double number, uint64_t *asn)
{
    if (!(number >= 0 && number <= UINT32_MAX)) { /* nor NaN */
        return false;
    }
    *asn = (uint64_t)number;
    return (double)*asn == number;
}

/* Above 2^24 a float does not tell one whole number from the next. */
static bool asn_of_float(float number, uint64_t *asn)
{
    enum { WHOLE_MAX = 1 << 24 };

    return number <= WHOLE_MAX && asn_of_double((double)number, asn);
}

static bool asn_of_uint128(const MMDB_entry_data_s *data, uint64_t *asn)
{
#if MMDB_UINT128_IS_BYTE_ARRAY
    (void)data;
    (void)asn;
    return false;
#else
    *asn = (uint64_t)data->uint128;
    return data->uint128 <= UINT32_MAX;
#endif
}

/* Any way in which a file stores a whole number. */
static bool number_of(const MMDB_entry_data_s *data, uint64_t *number)
{
    switch (data->type) {
    case MMDB_DATA_TYPE_UTF8_STRING:
        return asn_of_text(data, number);
    case MMDB_DATA_TYPE_DOUBLE:
        return asn_of_double(data->double_value, number);
    case MMDB_DATA_TYPE_FLOAT:
        return asn_of_float(data->float_value, number);
    case MMDB_DATA_TYPE_UINT16:
        *number = data->uint16;
        return true;
    case MMDB_DATA_TYPE_UINT32:
        *number = data->uint32;
        return true;
    case MMDB_DATA_TYPE_INT32:
        *number = (uint64_t)data->int32; /* one below 0 is too large */
        return true;
    case MMDB_DATA_TYPE_UINT64:
        *number = data->uint64;
        return true;
    case MMDB_DATA_TYPE_UINT128:
        return asn_of_uint128(data, number);
    default:
        return false;
    }
}

static bool asn_of(const MMDB_entry_data_s *data, struct geo *place)
{
    uint64_t value;
    if (!number_of(data, &value) || value == GEO_UNKNOWN.asn || value > UINT32_MAX) {
        return false;
    }
    place->asn = (uint32_t)value;
    return true;
}

typedef bool taker(const MMDB_entry_data_s *data, struct geo *place);

/* A record that is searched for all paths at once, in one way through it. */
struct search {
    struct record_reading reading;
    layout *paths;
    taker *take;
    uint32_t wanted; /* bit N: path N would be better than what was found */
    struct geo place;
    bool found;
};

/* Looks at the first letter first, since it is mostly another. */
static bool is_key(const MMDB_entry_data_s *text, const char *key)
{
    return key != NULL && text->data_size > 0 && key[0] == text->utf8_string[0] &&
           strlen(key) == text->data_size && memcmp(key, text->utf8_string, text->data_size) == 0;
}

/* The paths among some whose key at a depth is this one. */
static uint32_t matching(layout *paths, uint32_t among, unsigned depth,
                         const MMDB_entry_data_s *key)
{
    uint32_t found = 0;
    for (uint32_t rest = among; rest != 0; rest &= rest - 1) {
        unsigned path = (unsigned)__builtin_ctz(rest);
        if (is_key(key, paths[path][depth])) {
            found |= 1u << path;
        }
    }
    return found;
}

/* The paths among some that end at a depth. No two of these are the same. */
static uint32_t ending(layout *paths, uint32_t among, unsigned depth)
{
    for (uint32_t rest = among; rest != 0; rest &= rest - 1) {
        if (paths[__builtin_ctz(rest)][depth] == NULL) {
            return rest & -rest;
        }
    }
    return 0;
}

/* Takes the value at the end of a path. What is as good or worse is not wanted from then on. */
static void take_value(struct search *search, uint32_t path, const MMDB_entry_data_s *data)
{
    if (path != 0 && search->take(data, &search->place)) {
        search->wanted &= path - 1;
        search->found = true;
    }
}

static void search_inner(struct search *search, uint32_t among, const struct record_value *map)
{
    struct record_position position = record_enter(map);
    struct record_value key;
    struct record_value value;
    uint32_t offset;
    while ((among & search->wanted) != 0 &&
           record_next(&search->reading, &position, &key, &offset)) {
        uint32_t path = matching(search->paths, among & search->wanted, 1, &key.data);
        if (path != 0 && record_decode(&search->reading, offset, &value)) {
            take_value(search, path, &value.data);
        }
    }
}

static void search_map(struct search *search, const struct record_value *map)
{
    struct record_position position = record_enter(map);
    struct record_value key;
    struct record_value value;
    uint32_t offset;
    while (search->wanted != 0 && record_next(&search->reading, &position, &key, &offset)) {
        uint32_t among = matching(search->paths, search->wanted, 0, &key.data);
        if (among == 0 || !record_decode(&search->reading, offset, &value)) {
            continue;
        }
        if (value.data.type == MMDB_DATA_TYPE_MAP) {
            search_inner(search, among, &value);
        } else {
            take_value(search, ending(search->paths, among, 1), &value.data);
        }
    }
}

/* Returns true when a value was found; not in a record with too many values. */
static bool search_record(struct search *search, uint32_t offset)
{
    struct record_value top;
    if (!record_decode(&search->reading, offset, &top)) {
        return false;
    }
    if (top.data.type == MMDB_DATA_TYPE_MAP) {
        search_map(search, &top);
    } else {
        take_value(search, ending(search->paths, search->wanted, 0), &top.data);
    }
    return search->found && !search->reading.exceeded;
}

static bool read_record(const MMDB_entry_s *record, unsigned *steps, layout *paths, size_t count,
                        taker *take, struct geo *place)
{
    unsigned allowed = *steps < RECORD_STEPS_MAX ? *steps : RECORD_STEPS_MAX;
    struct search search = {
        .reading = {.mmdb = record->mmdb, .steps = allowed},
        .paths = paths,
        .take = take,
        .wanted = (1u << count) - 1,
        .place = *place,
    };
    bool found = search_record(&search, record->offset);
    *steps -= allowed - search.reading.steps;
    if (found) {
        *place = search.place;
    }
    return found;
}

bool geoip_layout_country(const MMDB_entry_s *record, unsigned *steps, struct geo *place)
{
    return read_record(record, steps, country_layouts, LENGTH(country_layouts), country_of, place);
}

bool geoip_layout_asn(const MMDB_entry_s *record, unsigned *steps, struct geo *place)
{
    return read_record(record, steps, asn_layouts, LENGTH(asn_layouts), asn_of, place);
}

static void name_layout(layout *path, struct key_names *names)
{
    const char *first = (*path)[0];
    if (first == NULL) {
        key_names_add(names, "(the record itself)", NULL);
    } else {
        key_names_add(names, first, (*path)[1]);
    }
}

void geoip_layout_country_keys(struct key_names *names)
{
    for (size_t i = 0; i < LENGTH(country_layouts); i++) {
        name_layout(&country_layouts[i], names);
    }
}

void geoip_layout_asn_keys(struct key_names *names)
{
    for (size_t i = 0; i < LENGTH(asn_layouts); i++) {
        name_layout(&asn_layouts[i], names);
    }
}
