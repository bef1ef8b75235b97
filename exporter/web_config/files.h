/* What a web configuration consists of on disk: the file itself, and those that it names. Read as a
 * whole, so that what is taken in fits together. */
#ifndef EXPORTER_WEB_CONFIG_FILES_H
#define EXPORTER_WEB_CONFIG_FILES_H

#include "exporter/system/file.h"
#include "exporter/web_config/yaml_tree.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct tls;
struct web_config;

enum {
    WEB_FILES_MAX = 4,                 /* itself, certificate, key, clients' authorities */
    WEB_FILES_PEM_BYTES_MAX = 1 << 20, /* a system's whole list of authorities is 250 KiB */
};

/* One of the files, as it was when it was last looked at. */
struct web_file {
    char path[PATH_MAX];
    bool missing;        /* could not be opened */
    bool open_to_others; /* whoever they are may read or write it */
    struct file_identity identity;
};

struct web_files {
    unsigned count;
    struct web_file files[WEB_FILES_MAX]; /* the configuration first */
};

/* Why a configuration cannot be used, for one clear line. */
struct web_files_error {
    char path[PATH_MAX];         /* of the file at fault */
    unsigned line;               /* in the configuration; 0: of none */
    char key[YAML_TREE_KEY_MAX]; /* empty: of none */
    const char *reason;          /* static, and goes on from the key, or else from the file */
    bool wrong;                  /* what the configuration says, and not what the system refuses */
};

/*
 * Reads a configuration and all that it names, with relative paths taken from its folder. `*tls` is
 * NULL without a tls_server_config. A private key, or a configuration with password hashes, that
 * others may read or write is refused. Returns 0, or -errno with `*error` filled and `*config` and
 * `*tls` untouched. Either way `*files` tells which were looked at.
 */
int web_files_load(const char *path, struct web_config *config, struct tls **tls,
                   struct web_files *files, struct web_files_error *error);

/* Whether each of them is still what it was. */
bool web_files_unchanged(const struct web_files *files);

#endif
