/* The keys of a web configuration, a row each, for read.c alone. */
#ifndef EXPORTER_WEB_CONFIG_KEYS_H
#define EXPORTER_WEB_CONFIG_KEYS_H

#include "exporter/web_config/yaml_tree.h"

#include <stddef.h>
#include <stdint.h>

struct web_config;

#define WEB_CONFIG_TLS  "tls_server_config"
#define WEB_CONFIG_RATE "rate_limit"

enum web_config_kind {
    WEB_CONFIG_SECTION, /* no value: its keys have rows of their own */
    WEB_CONFIG_OWN,     /* a value that its own function reads; each of a list's or free map's */
    WEB_CONFIG_TEXT,    /* a text, pointed to by a const char *; an empty one counts as none */
    WEB_CONFIG_CHOICE,  /* one of the words between the bars of `choices`, its index into an enum */
    WEB_CONFIG_BOOLEAN, /* true or false, a bool */
    WEB_CONFIG_NUMBER,  /* a number from 0 to high, into a uint32_t */
};

struct web_config_key {
    const char *section; /* NULL: of the document */
    const char *name;
    enum yaml_tree_kind shape; /* how it is written */
    enum web_config_kind kind; /* of each value in it */
    size_t offset;             /* of the field in struct web_config */
    const char *choices;
    uint64_t high;
    const char *wrong; /* what is wrong with any other value, and what to write instead */
    /* Of WEB_CONFIG_OWN: reads one value; `key` is its own in a map with free keys. Returns NULL,
     * or the same: static text. */
    const char *(*read)(struct web_config *config, const char *key, const char *value);
};

/* Sets the field of one key. Returns NULL, or what is wrong and what to write instead: static
 * text. Not for WEB_CONFIG_SECTION. */
const char *web_config_set(const struct web_config_key *row, struct web_config *config,
                           const char *key, const char *value);

extern const struct web_config_key web_config_keys[];
extern const size_t web_config_key_count;

#endif
