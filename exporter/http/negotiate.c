#include "exporter/http/negotiate.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum {
    QUALITY_MAX = 1000,
    /* How exactly an item names a type or coding. */
    BY_ANY = 1,     /* any type, or any coding */
    BY_TYPE = 2,    /* text of any kind */
    BY_NAME = 3,    /* without a version */
    BY_VERSION = 4, /* exactly this type or coding */
};

/* A part of a field. No NUL ends it. */
struct slice {
    const char *text;
    size_t length;
};

/* One of a list: name;version=…;q=… */
struct item {
    struct slice name;
    struct slice version; /* text NULL: none was given */
    unsigned quality;
    bool wrong;
};

static const struct {
    const char *type;
    const char *version;
} formats[EXPOSITION_FORMATS] = {
    [EXPOSITION_TEXT] = {"text/plain", "0.0.4"},
    [EXPOSITION_OPENMETRICS] = {"application/openmetrics-text", "1.0.0"},
};

static bool is_space(char character)
{
    return character == ' ' || character == '\t';
}

static struct slice trim(const char *begin, const char *end)
{
    while (begin < end && is_space(*begin)) {
        begin++;
    }
    while (begin < end && is_space(end[-1])) {
        end--;
    }
    return (struct slice){begin, (size_t)(end - begin)};
}

static bool is(struct slice slice, const char *text)
{
    return slice.length == strlen(text) && strncasecmp(slice.text, text, slice.length) == 0;
}

/* The text before the next comma or semicolon outside quotes. `*at` moves there. */
static struct slice take_part(const char **at)
{
    const char *begin = *at;
    bool quoted = false;
    for (; **at != '\0' && (quoted || (**at != ',' && **at != ';')); (*at)++) {
        if (**at == '"') {
            quoted = !quoted;
        } else if (quoted && **at == '\\' && (*at)[1] != '\0') {
            (*at)++;
        }
    }
    return trim(begin, *at);
}

/* 0 to 1 with up to three decimals, in thousandths. Returns false for anything else. */
static bool parse_quality(struct slice text, unsigned *quality)
{
    unsigned value = 0;
    unsigned digit = QUALITY_MAX;
    if (text.length < 1 || text.length > sizeof "1.000" - 1) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        char character = text.text[i];
        if (i == 1) {
            if (character != '.') {
                return false;
            }
            continue;
        }
        if (character < '0' || character > '9') {
            return false;
        }
        value += digit * (unsigned)(character - '0');
        digit /= 10;
    }
    *quality = value;
    return value <= QUALITY_MAX;
}

static void take_parameter(struct slice part, struct item *item)
{
    const char *end = part.text + part.length;
    const char *equals = memchr(part.text, '=', part.length);
    if (equals == NULL) {
        return;
    }
    struct slice name = trim(part.text, equals);
    struct slice value = trim(equals + 1, end);
    if (value.length >= 2 && value.text[0] == '"' && value.text[value.length - 1] == '"') {
        value = (struct slice){value.text + 1, value.length - 2};
    }
    if (is(name, "version")) {
        item->version = value;
    } else if (is(name, "q")) {
        item->wrong = !parse_quality(value, &item->quality);
    }
}

/* Takes the next item of a list, empty ones included. `*at` moves behind it; false at the end. */
static bool next_item(const char **at, struct item *item)
{
    if (**at == '\0') {
        return false;
    }
    *item = (struct item){.name = take_part(at), .quality = QUALITY_MAX};
    while (**at == ';') {
        (*at)++;
        take_parameter(take_part(at), item);
    }
    if (**at == ',') {
        (*at)++;
    }
    return true;
}

/* The most exact item counts. Of equally exact items, the one with the higher q counts. */
static void prefer(struct negotiate_preference *preference, unsigned specificity,
                   const struct item *item, unsigned order)
{
    if (specificity > preference->specificity ||
        (specificity > 0 && specificity == preference->specificity &&
         item->quality > preference->quality)) {
        *preference = (struct negotiate_preference){
            .quality = item->quality, .specificity = specificity, .order = order};
    }
}

static unsigned format_specificity(const struct item *item, enum exposition_format format)
{
    if (is(item->name, formats[format].type)) {
        if (item->version.text == NULL) {
            return BY_NAME;
        }
        return is(item->version, formats[format].version) ? BY_VERSION : 0;
    }
    if (format == EXPOSITION_TEXT) {
        return is(item->name, "text/*") ? BY_TYPE : is(item->name, "*/*") ? BY_ANY : 0;
    }
    return 0;
}

static unsigned plain_specificity(const struct item *item)
{
    return is(item->name, "text/plain") ? BY_NAME
           : is(item->name, "text/*")   ? BY_TYPE
           : is(item->name, "*/*")      ? BY_ANY
                                        : 0;
}

/* What an item says of the forms of the status page. */
static void prefer_form(struct negotiate *negotiate, const struct item *item)
{
    const unsigned order = negotiate->items;
    prefer(&negotiate->html, is(item->name, "text/html") ? BY_NAME : 0, item, order);
    prefer(&negotiate->json, is(item->name, "application/json") ? BY_NAME : 0, item, order);
    prefer(&negotiate->plain, plain_specificity(item), item, order);
}

void negotiate_accept(struct negotiate *negotiate, const char *field)
{
    struct item item;
    while (next_item(&field, &item)) {
        negotiate->items++;
        for (enum exposition_format i = 0; !item.wrong && i < EXPOSITION_FORMATS; i++) {
            prefer(&negotiate->formats[i], format_specificity(&item, i), &item, negotiate->items);
        }
        if (!item.wrong) {
            prefer_form(negotiate, &item);
        }
    }
}

void negotiate_encoding(struct negotiate *negotiate, const char *field)
{
    struct item item;
    while (next_item(&field, &item)) {
        negotiate->items++;
        if (item.wrong) {
            continue;
        }
        bool named = is(item.name, "gzip") || is(item.name, "x-gzip");
        unsigned gzip = named ? BY_NAME : is(item.name, "*") ? BY_ANY : 0;
        prefer(&negotiate->gzip, gzip, &item, negotiate->items);
        prefer(&negotiate->identity, is(item.name, "identity") ? BY_NAME : 0, &item,
               negotiate->items);
    }
}

/* Whether one is wanted, and more than the other: by its q, of equals the more exact one, then the
 * earlier one. */
static bool is_preferred(const struct negotiate_preference *one,
                         const struct negotiate_preference *other)
{
    if (one->quality != other->quality) {
        return one->quality > other->quality;
    }
    if (one->specificity != other->specificity) {
        return one->quality > 0 && one->specificity > other->specificity;
    }
    return one->quality > 0 && one->order < other->order;
}

enum exposition_format negotiate_format(const struct negotiate *negotiate)
{
    const struct negotiate_preference *wanted = negotiate->formats;
    return is_preferred(&wanted[EXPOSITION_OPENMETRICS], &wanted[EXPOSITION_TEXT])
               ? EXPOSITION_OPENMETRICS
               : EXPOSITION_TEXT;
}

enum status_form negotiate_status(const struct negotiate *negotiate)
{
    const unsigned html = negotiate->html.quality;
    if (html > 0 && html >= negotiate->plain.quality && html >= negotiate->json.quality) {
        return STATUS_HTML;
    }
    return is_preferred(&negotiate->json, &negotiate->plain) ? STATUS_JSON : STATUS_TEXT;
}

bool negotiate_gzip(const struct negotiate *negotiate)
{
    return negotiate->gzip.quality > 0 && negotiate->gzip.quality >= negotiate->identity.quality;
}
