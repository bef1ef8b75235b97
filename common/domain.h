/*
 * A configured tunnel domain: RFC 1035, section 2.3.4, for the limits and section 3.1 for the wire
 * form.
 */
#ifndef COMMON_DOMAIN_H
#define COMMON_DOMAIN_H

#include <stdint.h>

enum {
    /* One record names its domain in one octet, and each packet is compared with each domain. */
    DOMAINS_MAX = 32,
    DOMAIN_LABEL_MAX = 63,
    /* A name has at most 255 octets on the wire. A session needs 8 octets of ClientID before the
     * domain: 13 base32 characters and the octet that holds their label's length. */
    DOMAIN_WIRE_MAX = 255 - 14,
};

struct domain {
    uint8_t wire[DOMAIN_WIRE_MAX]; /* labels with their length octets, lower case, the root's 0 */
    uint8_t wire_length;           /* octets used of it, 2 or more */
    char text[DOMAIN_WIRE_MAX];    /* lower case, no trailing dot, NUL-terminated */
};

/*
 * Reads a name such as "t.example.com" or "T.Example.COM.": labels of 1 to 63 letters, digits,
 * hyphens and underscores. Returns 0; -EINVAL for a name that breaks these rules (the root alone
 * included), -ENAMETOOLONG for one with an overlong label or above DOMAIN_WIRE_MAX octets. `*out`
 * is untouched on failure.
 */
int domain_parse(const char *text, struct domain *out);

#endif
