/* The keys of a web configuration, a row each, for read.c alone. */
#ifndef EXPORTER_WEB_CONFIG_KEYS_H
#define EXPORTER_WEB_CONFIG_KEYS_H

#include "exporter/web_config/yaml_tree.h"

#include <stddef.h>

struct web_config;

#define WEB_CONFIG_TLS  "tls_server_config"
#define WEB_CONFIG_RATE "rate_limit"

struct web_config_key {
    const char *section; /* NULL: of the document */
    const char *name;
    enum yaml_tree_kind kind;
    /*
     * Reads one value: of a scalar, of an item of a list, or of `key` in a map with free keys.
     * Returns NULL, or static text: what is wrong and what to write instead. NULL for a map whose
     * keys have rows of their own.
     */
    const char *(*set)(struct web_config *config, const char *key, const char *value);
};

extern const struct web_config_key web_config_keys[];
extern const size_t web_config_key_count;

#endif
