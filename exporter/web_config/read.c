#include "exporter/web_config/read.h"

#include "exporter/web_config/config.h"
#include "exporter/web_config/keys.h"
#include "exporter/web_config/yaml_tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct reader {
    struct web_config config;
    const struct web_config_key
        *rows[YAML_TREE_NODES_MAX]; /* of each node; NULL: of the document */
    struct yaml_tree_error *error;
};

/* Refuses a node by its whole name, such as tls_server_config.cert_file. */
static int refuse(struct reader *reader, unsigned index, const char *reason)
{
    const struct yaml_tree_node *nodes = reader->config.tree->nodes;
    const struct yaml_tree_node *node = &nodes[index];
    char name[2 * YAML_TREE_KEY_MAX] = "";
    unsigned path[YAML_TREE_DEPTH_MAX];
    unsigned depth = 0;
    for (unsigned i = index; i != 0 && depth < YAML_TREE_DEPTH_MAX; i = nodes[i].parent) {
        path[depth++] = i;
    }
    while (depth > 0) {
        const char *key = nodes[path[--depth]].key;
        size_t used = strlen(name);
        if (key != NULL) {
            snprintf(name + used, sizeof name - used, "%s%s", used > 0 ? "." : "", key);
        }
    }
    return yaml_tree_refuse(reader->error, node->line, name, reason);
}

static const struct web_config_key *find_row(const struct web_config_key *section, const char *name)
{
    for (size_t i = 0; i < web_config_key_count; i++) {
        bool here = section == NULL ? web_config_keys[i].section == NULL
                                    : web_config_keys[i].section != NULL &&
                                          strcmp(web_config_keys[i].section, section->name) == 0;
        if (here && strcmp(web_config_keys[i].name, name) == 0) {
            return &web_config_keys[i];
        }
    }
    return NULL;
}

static const char *wrong_kind(enum yaml_tree_kind wanted)
{
    switch (wanted) {
    case YAML_TREE_SCALAR:
        return "has a map or a list; give one value";
    case YAML_TREE_MAP:
        return "has another value; give keys and values, indented below it";
    case YAML_TREE_LIST:
        return "has another value; give a list, one \"- value\" a line";
    }
    return NULL;
}

static int take_value(struct reader *reader, unsigned index, const struct web_config_key *row)
{
    const struct yaml_tree_node *node = &reader->config.tree->nodes[index];
    if (node->kind != YAML_TREE_SCALAR) {
        return refuse(reader, index, wrong_kind(YAML_TREE_SCALAR));
    }
    const char *wrong = web_config_set(row, &reader->config,
                                       node->key != NULL ? node->key : row->name, node->value);
    return wrong == NULL ? 0 : refuse(reader, index, wrong);
}

static int take_node(struct reader *reader, unsigned index)
{
    const struct yaml_tree_node *node = &reader->config.tree->nodes[index];
    const struct web_config_key *parent = reader->rows[node->parent];
    if (parent != NULL && parent->kind != WEB_CONFIG_SECTION) {
        return take_value(reader, index, parent); /* in a list, or in a map of free keys */
    }
    const struct web_config_key *row = find_row(parent, node->key);
    if (row == NULL) {
        return refuse(reader, index, "is unknown; leave it out, or look for a misspelling");
    }
    reader->rows[index] = row;
    if (row->shape == node->kind && row->shape == YAML_TREE_SCALAR) {
        return node->null ? 0 : take_value(reader, index, row);
    }
    /* A map or list without a value is empty. */
    return row->shape == node->kind || node->null ? 0
                                                  : refuse(reader, index, wrong_kind(row->shape));
}

static int take_nodes(struct reader *reader)
{
    const struct yaml_tree *tree = reader->config.tree;
    if (tree->nodes[0].kind != YAML_TREE_MAP) {
        return tree->nodes[0].null ? 0
                                   : refuse(reader, 0, "the file has no map of keys at its top");
    }
    int error = 0;
    for (unsigned i = 1; error == 0 && i < tree->count; i++) {
        error = take_node(reader, i);
    }
    return error;
}

/* --- Rules between keys. */

/* The node of a key, or else of its section; at least the section exists. */
static unsigned where(const struct reader *reader, const char *section, const char *name)
{
    unsigned found = 0;
    for (unsigned i = 1; i < reader->config.tree->count; i++) {
        const struct web_config_key *row = reader->rows[i];
        if (row == NULL) {
            continue;
        }
        if (row->section == NULL && strcmp(row->name, section) == 0) {
            found = i;
        } else if (row->section != NULL && strcmp(row->section, section) == 0 &&
                   strcmp(row->name, name) == 0) {
            return i;
        }
    }
    return found;
}

static int refuse_tls(struct reader *reader, const char *name, const char *reason)
{
    return refuse(reader, where(reader, WEB_CONFIG_TLS, name), reason);
}

static int check_pems(struct reader *reader)
{
    const struct web_config_tls *tls = &reader->config.tls;
    if (tls->certificate.text == NULL && tls->certificate.path == NULL) {
        return refuse_tls(reader, "cert_file", "has no certificate; give cert_file or cert");
    }
    if (tls->key.text == NULL && tls->key.path == NULL) {
        return refuse_tls(reader, "key_file", "has no private key; give key_file or key");
    }
    if (tls->certificate.text != NULL && tls->certificate.path != NULL) {
        return refuse_tls(reader, "cert", "is given together with cert_file; give one of the two");
    }
    if (tls->key.text != NULL && tls->key.path != NULL) {
        return refuse_tls(reader, "key", "is given together with key_file; give one of the two");
    }
    if (tls->client_ca.text != NULL && tls->client_ca.path != NULL) {
        return refuse_tls(reader, "client_ca",
                          "is given together with client_ca_file; give one of the two");
    }
    return 0;
}

static int check_client_auth(struct reader *reader)
{
    const struct web_config_tls *tls = &reader->config.tls;
    bool has_ca = tls->client_ca.text != NULL || tls->client_ca.path != NULL;
    bool required = tls->client_auth == WEB_CONFIG_REQUIRE_ANY_CLIENT_CERT ||
                    tls->client_auth == WEB_CONFIG_REQUIRE_AND_VERIFY_CLIENT_CERT;
    if (has_ca && tls->client_auth == WEB_CONFIG_NO_CLIENT_CERT) {
        return refuse_tls(reader, tls->client_ca.path != NULL ? "client_ca_file" : "client_ca",
                          "has no effect; give client_auth_type: RequireAndVerifyClientCert");
    }
    if (!has_ca && tls->client_auth == WEB_CONFIG_REQUIRE_AND_VERIFY_CLIENT_CERT) {
        return refuse_tls(reader, "client_auth_type",
                          "RequireAndVerifyClientCert needs client_ca_file");
    }
    if (tls->name_count > 0 && !required) {
        return refuse_tls(reader, "client_allowed_sans",
                          "needs a certificate; give client_auth_type: "
                          "RequireAndVerifyClientCert");
    }
    return 0;
}

static int check_tls(struct reader *reader)
{
    struct web_config_tls *tls = &reader->config.tls;
    unsigned section = where(reader, WEB_CONFIG_TLS, "");
    for (unsigned i = 1; i < reader->config.tree->count; i++) {
        tls->enabled =
            tls->enabled || (section != 0 && reader->config.tree->nodes[i].parent == section);
    }
    if (!tls->enabled) {
        return 0;
    }
    int error = check_pems(reader);
    if (error == 0) {
        error = check_client_auth(reader);
    }
    if (error == 0 && tls->version_min > tls->version_max) {
        error = refuse_tls(reader, "max_version", "is below min_version; no client could connect");
    }
    return error;
}

static int check_together(struct reader *reader)
{
    int error = check_tls(reader);
    if (error == 0 && reader->config.rate_interval > 0 && reader->config.rate_burst == 0) {
        error = refuse(reader, where(reader, WEB_CONFIG_RATE, "burst"),
                       "is 0, so no request would pass; give burst: 1 or more");
    }
    return error;
}

int web_config_read(const char *text, size_t length, struct web_config *out,
                    struct yaml_tree_error *error)
{
    static struct reader reader;
    reader =
        (struct reader){.config = {.tls = {.version_max = WEB_CONFIG_TLS13, .prefer_server = true}},
                        .error = error};
    int result = yaml_tree_read(text, length, &reader.config.tree, error);
    if (result != 0) {
        return result;
    }
    result = take_nodes(&reader);
    if (result == 0) {
        result = check_together(&reader);
    }
    if (result != 0) {
        web_config_free(&reader.config);
        return result;
    }
    *out = reader.config;
    return 0;
}
