#include "exporter/geoip/layout.h"

#include "exporter/counts/geo.h"

#include <stddef.h>
#include <stdint.h>

enum { LAYOUT_PATH_MAX = 3 }; /* keys and the NULL that ends them */

static const char *const country_layouts[][LAYOUT_PATH_MAX] = {
    {"country", "iso_code", NULL},            /* GeoLite2, DB-IP Lite, GeoOpen */
    {"registered_country", "iso_code", NULL}, /* GeoLite2, where nothing better is known */
    {"country_code", NULL}, /* IPinfo Lite (its `country` is a name), ip-location-db */
    {"country", NULL},      /* IPinfo country_asn */
};

static const char *const asn_layouts[][LAYOUT_PATH_MAX] = {
    {"autonomous_system_number", NULL},          /* GeoLite2, DB-IP Lite, ip-location-db */
    {"asn", NULL},                               /* IPinfo */
    {"country", "AutonomousSystemNumber", NULL}, /* GeoOpen */
};

static bool is_capital(char letter)
{
    return letter >= 'A' && letter <= 'Z';
}

/* Two capital letters and nothing else. ZZ means "not known". */
static bool country_of(const MMDB_entry_data_s *data, uint16_t *country)
{
    if (data->type != MMDB_DATA_TYPE_UTF8_STRING || data->data_size != 2 ||
        !is_capital(data->utf8_string[0]) || !is_capital(data->utf8_string[1])) {
        return false;
    }
    uint16_t value = GEO_COUNTRY(data->utf8_string[0], data->utf8_string[1]);
    if (value == GEO_UNKNOWN.country) {
        return false;
    }
    *country = value;
    return true;
}

/* Plain digits, with or without "AS" before them; no digits mean 0. No NUL ends the text. */
static bool asn_of_text(const char *text, uint32_t length, uint64_t *asn)
{
    enum { ASN_DIGITS_MAX = 10 }; /* of 4294967295 */

    if (length >= 2 && text[0] == 'A' && text[1] == 'S') {
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

static bool asn_of(const MMDB_entry_data_s *data, uint32_t *asn)
{
    uint64_t value = 0;
    switch (data->type) {
    case MMDB_DATA_TYPE_UTF8_STRING:
        if (!asn_of_text(data->utf8_string, data->data_size, &value)) {
            return false;
        }
        break;
    case MMDB_DATA_TYPE_UINT16:
        value = data->uint16;
        break;
    case MMDB_DATA_TYPE_UINT32:
        value = data->uint32;
        break;
    default:
        return false;
    }
    if (value == GEO_UNKNOWN.asn || value > UINT32_MAX) {
        return false;
    }
    *asn = (uint32_t)value;
    return true;
}

bool geoip_layout_country(MMDB_entry_s *record, struct geo *place)
{
    for (size_t i = 0; i < sizeof(country_layouts) / sizeof(country_layouts[0]); i++) {
        MMDB_entry_data_s data;
        if (MMDB_aget_value(record, &data, country_layouts[i]) == MMDB_SUCCESS && data.has_data &&
            country_of(&data, &place->country)) {
            return true;
        }
    }
    return false;
}

bool geoip_layout_asn(MMDB_entry_s *record, struct geo *place)
{
    for (size_t i = 0; i < sizeof(asn_layouts) / sizeof(asn_layouts[0]); i++) {
        MMDB_entry_data_s data;
        if (MMDB_aget_value(record, &data, asn_layouts[i]) == MMDB_SUCCESS && data.has_data &&
            asn_of(&data, &place->asn)) {
            return true;
        }
    }
    return false;
}
