/* Where a resolver is, as far as labels go. */
#ifndef EXPORTER_PLACE_H
#define EXPORTER_PLACE_H

#include <stdint.h>

#define PLACE_COUNTRY(first, second) ((uint16_t)((uint16_t)(first) << 8 | (uint16_t)(second)))

struct place {
    uint16_t country; /* PLACE_COUNTRY of two capital letters of ISO 3166-1; ZZ when not known */
    uint32_t asn;     /* 0 when not known */
};

#define PLACE_UNKNOWN ((struct place){.country = PLACE_COUNTRY('Z', 'Z'), .asn = 0})

#endif
