#include "exporter/geoip/layout.h"

#include "exporter/counts/geo.h"
#include "exporter/geoip/key_names.h"
#include "exporter/geoip/record.h"
#include "exporter/geoip/search.h"
#include "exporter/text/foreign_text.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* The most common first: a lookup takes the first that fits. The record itself is the last. */
static search_path country_layouts[] = {
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

static search_path asn_layouts[] = {
    {"autonomous_system_number", NULL}, /* GeoLite2, DB-IP Lite, IP2Location, ip-location-db */
    {"asn", NULL},                      /* IPinfo, IPLocate */
    {"country", "AutonomousSystemNumber", NULL},  /* GeoOpen */
    {"traits", "autonomous_system_number", NULL}, /* GeoIP2 Enterprise, DB-IP ISP */
    {"as", "asn", NULL},                          /* IPinfo Core and Plus */
    {"asn", "asn", NULL},                         /* ipapi.is */
    {"as", "number", NULL},                       /* Elastic Common Schema */
    {"asn", "number", NULL},                      /* ip66 */
    {"asn", "as_number", NULL},                   /* ipgeolocation.io */
    {"connection", "asn", NULL},                  /* ipregistry, ipwhois */
    {"AutonomousSystemNumber", NULL},
    {"as_number", NULL},
    {"ASN", NULL},
    {"as", NULL},
    {NULL},
};

/* `org` and `name` are the last, since they could also be those of an address's user. */
static search_path organization_layouts[] = {
    /* GeoLite2, DB-IP Lite, IP2Location, ip-location-db */
    {"autonomous_system_organization", NULL},
    {"as_name", NULL},                                  /* IPinfo Lite and country_asn */
    {"country", "AutonomousSystemOrganization", NULL},  /* GeoOpen */
    {"traits", "autonomous_system_organization", NULL}, /* GeoIP2 Enterprise, DB-IP ISP */
    {"as", "name", NULL},                               /* IPinfo Core and Plus */
    {"asn", "organization", NULL},                      /* ip66, ipgeolocation.io */
    {"asn", "org", NULL},                               /* ipapi.is */
    {"asn", "descr", NULL},                             /* ipapi.is, where the holder is unknown */
    {"asn", "name", NULL},
    {"as", "organization", "name", NULL}, /* Elastic Common Schema */
    {"as", "organization", NULL},         /* Spur */
    {"connection", "organization", NULL}, /* ipregistry */
    {"connection", "org", NULL},          /* ipwhois */
    {"AutonomousSystemOrganization", NULL},
    {"as_organization", NULL}, /* ip-location-db, by the names of its columns */
    {"asname", NULL},          /* ip-api */
    {"org", NULL},             /* IPLocate (its `name` is a short one) */
    {"name", NULL},            /* IPinfo ASN */
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static_assert(LENGTH(country_layouts) <= SEARCH_PATHS_MAX &&
                  LENGTH(asn_layouts) <= SEARCH_PATHS_MAX &&
                  LENGTH(organization_layouts) <= SEARCH_PATHS_MAX,
              "bits of a search");

/* Returns 0 for what is not a letter of ASCII. */
static char capital(char letter)
{
    if (letter >= 'a' && letter <= 'z') {
        return (char)(letter - 'a' + 'A');
    }
    return (char)(letter >= 'A' && letter <= 'Z' ? letter : 0);
}

/* Two letters and nothing else. ZZ means "not known". */
static bool country_of(const MMDB_entry_data_s *data, void *out)
{
    struct geo *place = out;
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
    static const float whole_max = 1 << 24;

    return number <= whole_max && asn_of_double((double)number, asn);
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

static bool asn_of(const MMDB_entry_data_s *data, void *out)
{
    struct geo *place = out;
    uint64_t value;
    if (!number_of(data, &value) || value == GEO_UNKNOWN.asn || value > UINT32_MAX) {
        return false;
    }
    place->asn = (uint32_t)value;
    return true;
}

static bool organization_of(const MMDB_entry_data_s *data, void *out)
{
    struct foreign_text *name = out;
    struct foreign_text clean;
    if (data->type != MMDB_DATA_TYPE_UTF8_STRING) {
        return false;
    }
    foreign_text_clean(data->utf8_string, data->data_size, &clean);
    if (clean.text[0] == '\0') {
        return false;
    }
    *name = clean;
    return true;
}

static const struct search_table countries = {country_layouts, LENGTH(country_layouts), country_of};
static const struct search_table asns = {asn_layouts, LENGTH(asn_layouts), asn_of};
static const struct search_table organizations = {organization_layouts,
                                                  LENGTH(organization_layouts), organization_of};

static bool read_place(const MMDB_entry_s *record, unsigned *steps,
                       const struct search_table *table, struct geo *place)
{
    struct geo found = *place;
    if (!search_record(record, steps, table, &found)) {
        return false;
    }
    *place = found;
    return true;
}

bool geoip_layout_country(const MMDB_entry_s *record, unsigned *steps, struct geo *place)
{
    return read_place(record, steps, &countries, place);
}

bool geoip_layout_asn(const MMDB_entry_s *record, unsigned *steps, struct geo *place)
{
    return read_place(record, steps, &asns, place);
}

bool geoip_layout_organization(const MMDB_entry_s *record, struct foreign_text *name)
{
    unsigned steps = RECORD_STEPS_MAX;
    struct foreign_text found;
    if (!search_record(record, &steps, &organizations, &found)) {
        return false;
    }
    *name = found;
    return true;
}

/* These have two keys at most. */
static void name_layout(search_path *path, struct key_names *names)
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
