/* The header fields that a web configuration may add to every reply: exporter-toolkit's list. */
#ifndef EXPORTER_WEB_CONFIG_HEADERS_H
#define EXPORTER_WEB_CONFIG_HEADERS_H

#include <stdbool.h>

struct MHD_Response;

enum { HEADERS = 5 };

struct headers {
    const char *values[HEADERS]; /* NULL: not sent; not owned */
};

/* Sets a field. An empty value leaves it out. Returns NULL, or static text: what is wrong and what
 * to write instead. */
const char *headers_set(struct headers *headers, const char *name, const char *value);

/* Adds to a reply the fields that it does not have yet. Returns false when memory is short. */
bool headers_add(const struct headers *headers, struct MHD_Response *response);

#endif
