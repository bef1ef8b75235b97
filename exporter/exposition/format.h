/*
 * The two formats of a page, and writing their parts into a large enough buffer. Each function
 * writes at `at` and returns where it ended. Those for a page's lines are inline: a scrape calls
 * them a million times.
 */
#ifndef EXPORTER_EXPOSITION_FORMAT_H
#define EXPORTER_EXPOSITION_FORMAT_H

#include "exporter/text/foreign_text.h"

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    /* No line is longer (a name, a domain, country, ASN, reason, a value), nor are a metric's HELP,
     * TYPE and UNIT together. A buffer for exposition_read is at least this large. */
    EXPOSITION_LINE_MAX = 1024,
};

enum exposition_format {
    EXPOSITION_TEXT,        /* 0.0.4 */
    EXPOSITION_OPENMETRICS, /* 1.0.0 */
    EXPOSITION_FORMATS,     /* how many */
};

enum {
    FORMAT_NUMBER_MAX = 20, /* digits of UINT64_MAX */
    /* Bytes that format_put_steps copies at a time; it may read and write so many past the end. */
    FORMAT_STEP = 16,
    FORMAT_FOREIGN_MAX = 2 * FOREIGN_TEXT_MAX, /* bytes of a foreign text, each of them escaped */
};

static inline char *format_put(char *at, const char *text, size_t length)
{
    memcpy(at, text, length);
    return at + length;
}

static inline char *format_put_string(char *at, const char *text)
{
    return format_put(at, text, strlen(text));
}

/* As format_put, without a call: for a dozen bytes or so, of a length known only at run time. */
static inline char *format_put_steps(char *at, const char *text, size_t length)
{
    for (size_t done = 0; done < length; done += FORMAT_STEP) {
        memcpy(at + done, text + done, FORMAT_STEP);
    }
    return at + length;
}

/*
 * The eight digits of a value below 10^8, one byte each and the first one lowest: split into halves
 * of four digits, pairs, single ones, each time by a multiplication that is exact in its range.
 */
static inline uint64_t format_digits(uint32_t value)
{
    uint64_t halves = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t hundreds = halves * 5243 >> 19 & 0x0000007f0000007f;
    uint64_t pairs = hundreds | (halves - 100 * hundreds) << 16;
    uint64_t tens = pairs * 103 >> 10 & 0x000f000f000f000f;
    return tens | (pairs - 10 * tens) << 8;
}

/* A decimal number of 10^8 and above. */
char *format_put_large_number(char *at, uint64_t value);

/* A decimal number. Writes at least eight bytes, whatever its length. */
static inline char *format_put_number(char *at, uint64_t value)
{
    if (value >= 100000000) {
        return format_put_large_number(at, value);
    }
    uint64_t digits = format_digits((uint32_t)value);
    /* How many leading zeros there are. The last digit does not count, even if it is 0. */
    unsigned zeros = (unsigned)__builtin_ctzll(digits | (uint64_t)1 << 56) / 8;
    digits = htole64((digits | 0x3030303030303030) >> 8 * zeros);
    memcpy(at, &digits, sizeof digits);
    return at + sizeof digits - zeros;
}

/* A number of 10^-decimals parts, at most 9 decimals: 1234 with 3 is "1.234". */
char *format_put_decimal(char *at, uint64_t value, unsigned decimals);

/*
 * Escapes as a HELP text needs it, or with `quoted` as a label's value does. At most `max` bytes: a
 * longer text is cut, but never within a UTF-8 character or an escape.
 */
char *format_put_escaped(char *at, const char *text, size_t max, bool quoted);

/* The inside of a label's value, in both formats. At most FORMAT_FOREIGN_MAX bytes. */
char *format_put_foreign(char *at, const struct foreign_text *text);

#endif
