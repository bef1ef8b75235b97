/*
 * Reads the file of -web.config.file: exporter-toolkit's web configuration, strictly. A key that
 * the format does not know or that is not supported here is refused by its name and line. So is a
 * value that would not have its usual effect. Nothing is opened here.
 */
#ifndef EXPORTER_WEB_CONFIG_READ_H
#define EXPORTER_WEB_CONFIG_READ_H

#include <stddef.h>

struct web_config;
struct yaml_tree_error;

/* Reads `length` bytes. Returns 0, or -EINVAL or -ENOMEM with `*error` filled and `*out` untouched.
 * web_config_free frees. */
int web_config_read(const char *text, size_t length, struct web_config *out,
                    struct yaml_tree_error *error);

#endif
