/*
 * Which form of a page a request asks for, by its Accept and Accept-Encoding fields (RFC 9110,
 * 12.4 and 12.5). No request is refused with 406: if nothing we have matches, or no field is sent,
 * the reply is the uncompressed text format, of the status page its text form.
 */
#ifndef EXPORTER_HTTP_NEGOTIATE_H
#define EXPORTER_HTTP_NEGOTIATE_H

#include "exporter/exposition/format.h"
#include "exporter/status/status.h"

#include <stdbool.h>

/* How much a form is wanted, by the most specific item that matches it. */
struct negotiate_preference {
    unsigned quality;     /* thousandths; 0: not at all */
    unsigned specificity; /* 0: not mentioned */
    unsigned order;       /* of the item among all, from 1 */
};

/* All zero before the first field. */
struct negotiate {
    unsigned items;
    struct negotiate_preference formats[EXPOSITION_FORMATS];
    /* Of the status page: */
    struct negotiate_preference html;
    struct negotiate_preference json;
    struct negotiate_preference plain;
    struct negotiate_preference gzip;
    struct negotiate_preference identity;
};

/* Takes in one field of the request; several form one list, in their order. An item with an invalid
 * q is skipped. The work is linear in the field's length. */
void negotiate_accept(struct negotiate *negotiate, const char *field);
void negotiate_encoding(struct negotiate *negotiate, const char *field);

/* The format with the highest q; of equals the more exact one, then the earlier one. Wildcards mean
 * only the text format. */
enum exposition_format negotiate_format(const struct negotiate *negotiate);

/* STATUS_HTML only where text/html is named and not wanted less than text or JSON, as by browsers;
 * STATUS_JSON where it is named and preferred to text; else STATUS_TEXT: curl and wget send a
 * wildcard. */
enum status_form negotiate_status(const struct negotiate *negotiate);

/* Whether to compress the page: gzip (or *) is wanted at least as much as identity. */
bool negotiate_gzip(const struct negotiate *negotiate);

#endif
