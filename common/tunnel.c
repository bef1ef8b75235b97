#include "common/tunnel.h"

#include "common/flag_values.h"
#include "common/number.h"
#include "common/typed_offset.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
    PART_MAX = 63, /* bytes of "key=value": longer than any that is right */
};

static const char *const formats[TUNNEL_FORMATS] = {
    [TUNNEL_DNSTT] = "dnstt",   [TUNNEL_VAYDNS] = "vaydns",   [TUNNEL_NOIZDNS] = "noizdns",
    [TUNNEL_XDNS] = "xdns",     [TUNNEL_DNSTTEX] = "dnsttex", [TUNNEL_SLIPSTREAM] = "slipstream",
    [TUNNEL_OPAQUE] = "opaque",
};

static const char *const record_types[TUNNEL_RECORD_TYPES] = {
    [TUNNEL_TXT] = "txt",   [TUNNEL_NULL] = "null", [TUNNEL_CNAME] = "cname", [TUNNEL_A] = "a",
    [TUNNEL_AAAA] = "aaaa", [TUNNEL_MX] = "mx",     [TUNNEL_NS] = "ns",       [TUNNEL_SRV] = "srv",
    [TUNNEL_CAA] = "caa",   [TUNNEL_ANY] = "any",
};

enum kind {
    CHOICE, /* one of `names`, an enum */
    NUMBER, /* from low to high, a uint32_t */
    SECONDS,
};

#define OF(format)       (1u << (format))
#define OF_ALL           (OF(TUNNEL_FORMATS) - 1)
#define NAMES(array)     .names = (array), .high = sizeof(array) / sizeof((array)[0])
#define PLACE(field, of) .offset = TYPED_OFFSET(struct tunnel, field, of)

struct key {
    const char *name;
    unsigned formats; /* those that have it: OF() of each */
    enum kind kind;
    size_t offset; /* of the field in struct tunnel */
    const char *const *names;
    uint64_t low, high;
    uint64_t values; /* of a choice: bit n, the nth name may stand there */
    const char *wrong;
};

static const struct key keys_table[] = {
    {"format", OF_ALL, CHOICE, PLACE(format, enum tunnel_format), NAMES(formats), .values = OF_ALL,
     .wrong = "unknown format; give dnstt, vaydns, noizdns, xdns, dnsttex, slipstream or opaque"},
    {"clientid-size", OF(TUNNEL_VAYDNS), NUMBER, PLACE(clientid_size, uint32_t), .low = 1,
     .high = TUNNEL_CLIENT_ID_MAX, .wrong = "not a size; give a number of bytes from 1 to 8"},
    {"record-type", OF(TUNNEL_VAYDNS), CHOICE, PLACE(record_type, enum tunnel_record_type),
     NAMES(record_types), .values = OF(TUNNEL_ANY) - 1,
     .wrong = "not a record type of vaydns; give txt, null, cname, a, aaaa, mx, ns, srv or caa"},
    {"record-type", OF(TUNNEL_XDNS), CHOICE, PLACE(record_type, enum tunnel_record_type),
     NAMES(record_types),
     .values = OF(TUNNEL_TXT) | OF(TUNNEL_A) | OF(TUNNEL_AAAA) | OF(TUNNEL_ANY),
     .wrong = "not a record type of xdns; give txt, a, aaaa or any"},
    {"mtu", OF(TUNNEL_DNSTT) | OF(TUNNEL_NOIZDNS) | OF(TUNNEL_VAYDNS), NUMBER, PLACE(mtu, uint32_t),
     .low = 1, .high = UINT16_MAX, .wrong = "not an MTU; give a number of bytes from 1 to 65535"},
    {"active-window", OF_ALL & ~OF(TUNNEL_OPAQUE), SECONDS, PLACE(active_window, uint32_t),
     .low = 1, .high = TUNNEL_WINDOW_MAX,
     .wrong = "not a window; give whole seconds from 1s to 1h, such as 15s"},
};

enum { KEYS = sizeof keys_table / sizeof *keys_table };

_Static_assert(sizeof(enum tunnel_format) == sizeof(int), "a choice is stored as an int");

const char *tunnel_format_name(enum tunnel_format format)
{
    return formats[format];
}

const char *tunnel_record_type_name(enum tunnel_record_type type)
{
    return record_types[type];
}

uint32_t tunnel_client_id_size(const struct tunnel *tunnel)
{
    switch (tunnel->format) {
    case TUNNEL_VAYDNS:
        return tunnel->clientid_size;
    case TUNNEL_OPAQUE:
        return 0;
    case TUNNEL_DNSTT:
    case TUNNEL_NOIZDNS:
    case TUNNEL_XDNS:
    case TUNNEL_DNSTTEX:
    case TUNNEL_SLIPSTREAM:
    case TUNNEL_FORMATS:
        break;
    }
    return TUNNEL_CLIENT_ID_MAX;
}

/* What a format without a certain key is told. */
static const char *keys_of(enum tunnel_format format)
{
    switch (format) {
    case TUNNEL_DNSTT:
        return "not a key of dnstt; give format, mtu or active-window";
    case TUNNEL_NOIZDNS:
        return "not a key of noizdns; give format, mtu or active-window";
    case TUNNEL_VAYDNS:
        return "not a key of vaydns; give format, clientid-size, record-type, mtu or "
               "active-window";
    case TUNNEL_XDNS:
        return "not a key of xdns; give format, record-type or active-window";
    case TUNNEL_DNSTTEX:
        return "not a key of dnsttex; give format or active-window";
    case TUNNEL_SLIPSTREAM:
        return "not a key of slipstream; give format or active-window";
    case TUNNEL_OPAQUE:
    case TUNNEL_FORMATS:
        break;
    }
    return "not a key of opaque; give format alone";
}

static const char *set_choice(const struct key *key, const char *value, void *field)
{
    for (int i = 0; i < (int)key->high; i++) {
        if ((key->values >> i & 1) != 0 && strcmp(key->names[i], value) == 0) {
            memcpy(field, &i, sizeof i);
            return NULL;
        }
    }
    return key->wrong;
}

static const char *set_number(const struct key *key, const char *value, uint32_t *field)
{
    uint64_t number = 0;
    if (number_parse(value, key->low, key->high, &number) != 0) {
        return key->wrong;
    }
    *field = (uint32_t)number;
    return NULL;
}

static const char *set_key(const struct key *key, const char *value, struct tunnel *tunnel)
{
    void *field = (char *)tunnel + key->offset;
    switch (key->kind) {
    case CHOICE:
        return set_choice(key, value, field);
    case NUMBER:
        return set_number(key, value, field);
    case SECONDS:
        break;
    }
    return flag_values_seconds(value, (uint32_t)key->low, (uint32_t)key->high, field) == 0
               ? NULL
               : key->wrong;
}

/* A part, "key=value", taken apart. */
struct part {
    char text[PART_MAX + 1]; /* the key */
    const char *value;
    size_t length; /* in the text that it was cut from */
};

/* Cuts the first part of a text. Returns NULL, or what is wrong. */
static const char *cut(const char *text, struct part *out)
{
    out->length = strcspn(text, ",");
    if (out->length > PART_MAX) {
        return "too long; give key=value, such as format=vaydns";
    }
    memcpy(out->text, text, out->length);
    out->text[out->length] = '\0';
    char *equals = strchr(out->text, '=');
    if (equals == NULL) {
        return "no value; give key=value, such as format=vaydns";
    }
    *equals = '\0';
    out->value = equals + 1;
    return NULL;
}

/* The key of this name that the format has; -1: it has none; -2: no format has one. */
static int find_key(const char *name, enum tunnel_format format)
{
    int found = -2;
    for (int i = 0; i < KEYS; i++) {
        if (strcmp(keys_table[i].name, name) == 0) {
            if ((keys_table[i].formats & OF(format)) != 0) {
                return i;
            }
            found = -1;
        }
    }
    return found;
}

/* Reads the part at `text`: in the first pass the format alone, as it decides on the others. */
static const char *read_part(const char *text, bool format_pass, unsigned *given,
                             struct tunnel *tunnel, size_t *length)
{
    struct part part;
    const char *wrong = cut(text, &part);
    if (wrong != NULL) {
        return wrong;
    }
    *length = part.length;
    int key = find_key(part.text, tunnel->format);
    if (key == -2) {
        return "unknown key; give format, clientid-size, record-type, mtu or active-window";
    }
    if ((key == 0) != format_pass) {
        return NULL;
    }
    if (key == -1) {
        return keys_of(tunnel->format);
    }
    if ((*given & 1u << key) != 0) {
        return "given twice; give each key once";
    }
    *given |= 1u << key;
    return set_key(&keys_table[key], part.value, tunnel);
}

const char *tunnel_parse(const char *keys, struct tunnel *out, const char **part)
{
    struct tunnel tunnel = {.format = TUNNEL_DNSTT};
    unsigned given = 0;
    for (int pass = 0; pass < 2; pass++) {
        const char *next = keys;
        while (next[0] != '\0' || next != keys) {
            size_t length = 0;
            const char *wrong = read_part(next, pass == 0, &given, &tunnel, &length);
            if (wrong != NULL) {
                *part = next;
                return wrong;
            }
            next += length;
            if (*next == '\0') {
                break;
            }
            next++;
        }
    }
    if (tunnel.format == TUNNEL_VAYDNS && tunnel.clientid_size == 0) {
        tunnel.clientid_size = TUNNEL_VAYDNS_ID_DEFAULT;
    }
    if (tunnel.format == TUNNEL_XDNS) {
        tunnel.mtu = TUNNEL_XDNS_MTU;
    }
    *out = tunnel;
    return NULL;
}
