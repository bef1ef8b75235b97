/* Country and ASN of a resolver, as the labels show them. */
#ifndef EXPORTER_COUNTS_GEO_H
#define EXPORTER_COUNTS_GEO_H

#include <stdint.h>

#define GEO_COUNTRY(first, second) ((uint16_t)((uint16_t)(first) << 8 | (uint16_t)(second)))

struct geo {
    uint16_t country; /* GEO_COUNTRY of two capital letters of ISO 3166-1; ZZ when not known */
    uint32_t asn;     /* 0 when not known */
};

#define GEO_UNKNOWN ((struct geo){.country = GEO_COUNTRY('Z', 'Z'), .asn = 0})

#endif
