/*
 * Which form of the page a request asks for, by its Accept and Accept-Encoding fields (RFC 9110,
 * 12.4 and 12.5). Nothing is ever refused with 406: who asks for what there is not gets the text
 * format, uncompressed, which is what a scraper takes that sends no field at all.
 */
#ifndef EXPORTER_HTTP_NEGOTIATE_H
#define EXPORTER_HTTP_NEGOTIATE_H

#include "exporter/exposition/format.h"

#include <stdbool.h>

/* How much something is wanted, by the most specific of the items that mean it. */
struct negotiate_preference {
    unsigned quality;     /* thousandths; 0: not at all */
    unsigned specificity; /* 0: nothing was said of it */
    unsigned order;       /* of the item among all, from 1 */
};

/* All zero before the first field. */
struct negotiate {
    unsigned items;
    struct negotiate_preference formats[EXPOSITION_FORMATS];
    struct negotiate_preference gzip;
    struct negotiate_preference identity;
};

/* Takes in one field of the request; several make one list, in their order. An item that breaks the
 * grammar of its q is passed over. The work is linear in the field's length. */
void negotiate_accept(struct negotiate *negotiate, const char *field);
void negotiate_encoding(struct negotiate *negotiate, const char *field);

/* The format with the highest q; of equals the one asked for more exactly, then the earlier one.
 * Wildcards mean the text format alone. */
enum exposition_format negotiate_format(const struct negotiate *negotiate);

/* Whether the page is to be compressed: gzip (or *) is wanted, and no less than identity is. */
bool negotiate_gzip(const struct negotiate *negotiate);

#endif
