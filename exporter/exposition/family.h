/* The header of a metric: its type and help text, in either format. */
#ifndef EXPORTER_EXPOSITION_FAMILY_H
#define EXPORTER_EXPOSITION_FAMILY_H

#include "exporter/exposition/format.h"

#include <stddef.h>

struct metric;
struct options;

enum {
    FAMILY_NAME_MAX = 64,     /* bytes of a metric's name */
    FAMILY_HELP_MAX = 512,    /* bytes of a help text, and of what ends it, escaped */
    FAMILY_MEANING_MAX = 96,  /* of what a label's value means */
    FAMILY_PRIVACY_MAX = 192, /* of what the privacy flags change */
};

/* Writes HELP and TYPE, or for OpenMetrics TYPE, UNIT (where the name ends in one) and HELP: less
 * than EXPOSITION_LINE_MAX bytes. HELP says what the privacy flags change. Returns where it ended.
 */
char *family_put(char *at, const struct metric *metric, enum exposition_format format,
                 const struct options *options);

/* The metric of a name: the name of its lines, or of its OpenMetrics family, which for a counter
 * has no "_total". Returns its index, or metrics_count if not found. */
size_t family_find(const char *name);

#endif
