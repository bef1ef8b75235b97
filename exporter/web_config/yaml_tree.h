/*
 * The small part of YAML 1.1 that a configuration file needs, read by libyaml's events: maps, lists
 * and scalars, a few levels deep. It refuses aliases, anchors and tags, keys that are not scalars,
 * a key that appears twice in one map, a second document, and NUL bytes.
 */
#ifndef EXPORTER_WEB_CONFIG_YAML_TREE_H
#define EXPORTER_WEB_CONFIG_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    YAML_TREE_DEPTH_MAX = 3,   /* maps and lists within each other: a section's list is the third */
    YAML_TREE_NODES_MAX = 512, /* of all keys and list items; far more than a sensible file has */
    /* Bytes of the whole text. This also keeps each of libyaml's buffers so small that realloc(3)
     * does not call mremap(2), which the syscall policy does not allow. */
    YAML_TREE_BYTES_MAX = 32 * 1024,
    YAML_TREE_KEY_MAX = 64, /* bytes of the key shown in an error, with the final NUL */
};

enum yaml_tree_kind {
    YAML_TREE_SCALAR,
    YAML_TREE_MAP,
    YAML_TREE_LIST,
};

struct yaml_tree_node {
    enum yaml_tree_kind kind;
    unsigned parent; /* index of the map or list that it is in; 0: the document, which is a node */
    unsigned line;   /* counted from 1 */
    char *key;       /* NULL in a list, and of the document */
    char *value;     /* of a scalar */
    bool null;       /* a scalar that is left out, or null or ~ without quotes */
};

/* Node 0 is the document itself; parents come before their children, which are in the order of the
 * text. */
struct yaml_tree {
    unsigned count;
    struct yaml_tree_node nodes[YAML_TREE_NODES_MAX];
};

struct yaml_tree_error {
    unsigned line;               /* 0: of none */
    char key[YAML_TREE_KEY_MAX]; /* shortened; empty: of none */
    const char *reason;          /* static */
};

/* Reads `length` bytes of UTF-8. An empty text is a scalar that is null. Returns 0, or -EINVAL or
 * -ENOMEM with `*error` filled. yaml_tree_free wipes and frees. */
int yaml_tree_read(const char *text, size_t length, struct yaml_tree **out,
                   struct yaml_tree_error *error);
void yaml_tree_free(struct yaml_tree *tree);

/* Fills an error; `key` may be NULL, and is left out when it may hold a password hash. Returns
 * -EINVAL. */
int yaml_tree_refuse(struct yaml_tree_error *error, unsigned line, const char *key,
                     const char *reason);

#endif
