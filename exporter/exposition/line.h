/*
 * Parts of a line of the page: name{domain="t.example.com",country="DE",asn="3320"} 12. Each
 * function writes at `at` and returns where it ended. Inline: a page can have a million lines.
 */
#ifndef EXPORTER_EXPOSITION_LINE_H
#define EXPORTER_EXPOSITION_LINE_H

#include "common/domain.h"
#include "exporter/counts/geo.h"
#include "exporter/exposition/family.h"
#include "exporter/exposition/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINE_FIXED_MAX = 192, /* bytes of a fixed text as a label's value, escaped */
    /* A configured domain needs no escapes; even one full of escapes would fit. */
    LINE_DOMAIN_MAX = 2 * DOMAIN_WIRE_MAX,
    LINE_START_MAX = FAMILY_NAME_MAX + sizeof("{domain=\"\"") + LINE_DOMAIN_MAX,
    /* What follows: labels of country and ASN, one of fixed text, a number. */
    LINE_REST_MAX = 64 + LINE_FIXED_MAX + FORMAT_NUMBER_MAX,
};

_Static_assert(LINE_START_MAX + LINE_REST_MAX + FORMAT_STEP < EXPOSITION_LINE_MAX, "a line fits");

/* How the lines of a metric begin for a domain: name{domain="t.example.com" */
struct line_start {
    size_t length;
    char text[LINE_START_MAX + FORMAT_STEP];
};

/* Which labels the lines of groups have. */
struct line_labels {
    bool country;
    bool asn;
};

/* Closes the labels and ends the line. */
static inline char *line_put_value(char *at, uint64_t value)
{
    at = format_put_string(at, "} ");
    at = format_put_number(at, value);
    *at++ = '\n';
    return at;
}

/* One more label, of a value that never changes. */
static inline char *line_put_label(char *at, char before, const char *name, const char *value)
{
    *at++ = before;
    at = format_put_string(at, name);
    at = format_put_string(at, "=\"");
    at = format_put_escaped(at, value, LINE_FIXED_MAX, true);
    *at++ = '"';
    return at;
}

/* The beginning of a group's line: all but the closing brace and the value. `other`: its country
 * and ASN are not known, and `geo` is meaningless. Always inline: with several callers GCC would
 * call it, for a million lines of a page. */
__attribute__((always_inline)) static inline char *line_put_group(const struct line_start *start,
                                                                  struct line_labels labels,
                                                                  struct geo geo, bool other,
                                                                  char *at)
{
    at = format_put_steps(at, start->text, start->length);
    if (labels.country) {
        at = format_put_string(at, ",country=\"");
        if (other) {
            at = format_put_string(at, "other");
        } else {
            *at++ = (char)(geo.country >> 8);
            *at++ = (char)(geo.country & 0xff);
        }
        *at++ = '"';
    }
    if (labels.asn) {
        at = format_put_string(at, ",asn=\"");
        at = other ? format_put_string(at, "other") : format_put_number(at, geo.asn);
        *at++ = '"';
    }
    return at;
}

#endif
