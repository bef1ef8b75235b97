/* The files of a web configuration: the file itself and those that it names. They are read
 * together, so that they match. */
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

/* One of the files, as it was when last checked. */
struct web_file {
    char path[PATH_MAX];
    bool missing;        /* could not be opened */
    bool open_to_others; /* others may read or write it */
    struct file_identity identity;
};

struct web_files {
    unsigned count;
    struct web_file files[WEB_FILES_MAX]; /* the configuration first */
};

/* Why a configuration cannot be used, for one clear line. */
struct web_files_error {
    char path[PATH_MAX];         /* of the wrong file */
    unsigned line;               /* in the configuration; 0: of none */
    char key[YAML_TREE_KEY_MAX]; /* empty: of none */
    const char *reason;          /* static; continues the key, or else the path */
    bool wrong;                  /* the content is wrong; false for an error of the system */
};

/*
 * Reads a configuration and all that it names, with relative paths taken from its folder. `*tls` is
 * NULL without a tls_server_config. Refuses a private key, or a configuration with password hashes,
 * that others may read or write. Returns 0, or -errno with `*error` filled and `*config` and `*tls`
 * untouched. In both cases `*files` lists the files that were checked.
 */
int web_files_load(const char *path, struct web_config *config, struct tls **tls,
                   struct web_files *files, struct web_files_error *error);

/* Whether each of them is unchanged. */
bool web_files_unchanged(const struct web_files *files);

#endif
