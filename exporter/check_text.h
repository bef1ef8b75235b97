/* Parts of the lines of -check: a tunnel, and what a database says of itself. */
#ifndef EXPORTER_CHECK_TEXT_H
#define EXPORTER_CHECK_TEXT_H

#include "exporter/text/foreign_text.h"

#include <stdint.h>

struct options;

/* Enough for every tunnel; the text is ended by a NUL. */
struct check_tunnel {
    char text[128];
};

/* How a tunnel's queries are read: "dnstt, mtu 1232, active window 30s". */
void check_text_tunnel(const struct options *options, unsigned number, struct check_tunnel *out);

/* The same for an age. */
struct check_age {
    char text[64];
};

/* When a database was built: "built 2026-11-01, 28 days ago". Both are seconds since 1970; whatever
 * the file says is taken. */
void check_text_age(uint64_t built, uint64_t now, struct check_age *out);

/* The same for a type. */
struct check_type {
    char text[FOREIGN_TEXT_MAX + 1];
};

/* A database's own name for its type in ASCII, "no type" when it is empty. */
void check_text_type(const struct foreign_text *type, struct check_type *out);

#endif
