/* What a web configuration (-web.config.file) says. Nothing is opened here. */
#ifndef EXPORTER_WEB_CONFIG_CONFIG_H
#define EXPORTER_WEB_CONFIG_CONFIG_H

#include "exporter/web_config/headers.h"
#include "exporter/web_config/password.h"
#include "exporter/web_config/yaml_tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WEB_CONFIG_BYTES_MAX = YAML_TREE_BYTES_MAX,
    WEB_CONFIG_NAMES_MAX = 32, /* of client_allowed_sans */
};

/* What is asked of a client's certificate, as Go's tls.ClientAuthType has it. */
enum web_config_client_auth {
    WEB_CONFIG_NO_CLIENT_CERT,
    WEB_CONFIG_REQUEST_CLIENT_CERT,
    WEB_CONFIG_REQUIRE_ANY_CLIENT_CERT,
    WEB_CONFIG_VERIFY_CLIENT_CERT_IF_GIVEN,
    WEB_CONFIG_REQUIRE_AND_VERIFY_CLIENT_CERT,
};

enum web_config_version {
    WEB_CONFIG_TLS12,
    WEB_CONFIG_TLS13,
};

enum web_config_curve {
    WEB_CONFIG_P256,
    WEB_CONFIG_P384,
    WEB_CONFIG_P521,
    WEB_CONFIG_X25519,
    WEB_CONFIG_CURVES, /* how many */
};

/* PEM text: in the file itself, or in another one. At most one of the two. */
struct web_config_pem {
    const char *text;
    const char *path; /* as given: relative to the folder of the configuration */
};

struct web_config_tls {
    bool enabled; /* false: plain HTTP; nothing below is used */
    struct web_config_pem certificate;
    struct web_config_pem key;
    struct web_config_pem client_ca;
    enum web_config_client_auth client_auth;
    unsigned name_count; /* 0: any name in the client's certificate */
    const char *names[WEB_CONFIG_NAMES_MAX];
    enum web_config_version version_min;
    enum web_config_version version_max;
    bool prefer_server;   /* the order of our ciphers counts, not the client's */
    unsigned curve_count; /* 0: all of them */
    enum web_config_curve curves[WEB_CONFIG_CURVES];
};

struct web_config {
    struct yaml_tree *tree; /* owns every text */
    struct web_config_tls tls;
    bool http2; /* not supported, so without effect: its clients speak HTTP/1.1 as well */
    struct headers headers;
    unsigned user_count;
    struct password_user users[PASSWORD_USERS_MAX];
    uint32_t rate_interval; /* milliseconds; 0: no limit */
    uint32_t rate_burst;
};

/* Wipes and frees. An all-zero one may be freed. */
void web_config_free(struct web_config *config);

/* Whether the file itself holds secrets: password hashes or a private key. */
bool web_config_has_secrets(const struct web_config *config);

#endif
