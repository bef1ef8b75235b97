#include "exporter/web_config/headers.h"

#include <microhttpd.h>
#include <stddef.h>
#include <string.h>

enum { VALUES_MAX = 2 };

static const struct {
    const char *name;
    const char *values[VALUES_MAX]; /* those allowed; none: any text */
    const char *wrong;
} table[HEADERS] = {
    {.name = "Content-Security-Policy"},
    {.name = "X-Frame-Options",
     .values = {"deny", "sameorigin"},
     .wrong = "is not allowed there; give deny or sameorigin"},
    {.name = "X-Content-Type-Options",
     .values = {"nosniff"},
     .wrong = "is not allowed there; give nosniff"},
    {.name = "X-XSS-Protection"},
    {.name = "Strict-Transport-Security"},
};

/* A control character could end the field and begin another one. */
static bool is_printable(const char *value)
{
    for (; *value != '\0'; value++) {
        unsigned char byte = (unsigned char)*value;
        if (byte < ' ' || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_allowed(unsigned field, const char *value)
{
    if (table[field].wrong == NULL) {
        return true;
    }
    for (unsigned i = 0; i < VALUES_MAX && table[field].values[i] != NULL; i++) {
        if (strcmp(value, table[field].values[i]) == 0) {
            return true;
        }
    }
    return false;
}

const char *headers_set(struct headers *headers, const char *name, const char *value)
{
    for (unsigned i = 0; i < HEADERS; i++) {
        if (strcmp(name, table[i].name) != 0) {
            continue;
        }
        if (value[0] == '\0') {
            headers->values[i] = NULL;
            return NULL;
        }
        if (!is_allowed(i, value)) {
            return table[i].wrong;
        }
        if (!is_printable(value)) {
            return "has a control character; write it in one line";
        }
        headers->values[i] = value;
        return NULL;
    }
    return "cannot be set; give Content-Security-Policy, X-Frame-Options, X-Content-Type-Options, "
           "X-XSS-Protection or Strict-Transport-Security";
}

bool headers_add(const struct headers *headers, struct MHD_Response *response)
{
    for (unsigned i = 0; i < HEADERS; i++) {
        if (headers->values[i] != NULL &&
            MHD_get_response_header(response, table[i].name) == NULL &&
            MHD_add_response_header(response, table[i].name, headers->values[i]) != MHD_YES) {
            return false;
        }
    }
    return true;
}
