#include "exporter/web_config/keys.h"

#include "common/flag_values.h"
#include "common/number.h"
#include "exporter/web_config/config.h"
#include "exporter/web_config/headers.h"
#include "exporter/web_config/password.h"

#include <stdint.h>
#include <string.h>

enum {
    INTERVAL_MAX = 24 * 3600 * 1000, /* milliseconds */
    BURST_MAX = 1000 * 1000,
    USER_NAME_MAX = 128, /* bytes */
};

static int choose(const char *value, const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(value, names[i]) == 0) {
            return (int)i;
        }
    }
    return -1;
}

#define CHOOSE(value, names) choose(value, names, sizeof(names) / sizeof *(names))

/* --- The keys, a function each. */

/* An empty text counts as none, as in exporter-toolkit. */
static const char *set_text(const char **out, const char *value)
{
    *out = value[0] != '\0' ? value : NULL;
    return NULL;
}

static const char *set_cert(struct web_config *config, const char *key, const char *value)
{
    (void)key;
    return set_text(&config->tls.certificate.text, value);
}

static const char *set_cert_file(struct web_config *config, const char *key, const char *value)
{
    (void)key;
    return set_text(&config->tls.certificate.path, value);
}

static const char *set_key(struct web_config *config, const char *key, const char *value)
{
    (void)key;
    return set_text(&config->tls.key.text, value);
}

static const char *set_key_file(struct web_config *config, const char *key, const char *value)
{
    (void)key;
    return set_text(&config->tls.key.path, value);
}

static const char *set_client_ca(struct web_config *config, const char *key, const char *value)
{
    (void)key;
    return set_text(&config->tls.client_ca.text, value);
}

static const char *set_client_ca_file(struct web_config *config, const char *key, const char *value)
{
    (void)key;
    return set_text(&config->tls.client_ca.path, value);
}

static const char *set_client_auth_type(struct web_config *config, const char *key,
                                        const char *value)
{
    static const char *const names[] = {
        [WEB_CONFIG_NO_CLIENT_CERT] = "NoClientCert",
        [WEB_CONFIG_REQUEST_CLIENT_CERT] = "RequestClientCert",
        [WEB_CONFIG_REQUIRE_ANY_CLIENT_CERT] = "RequireAnyClientCert",
        [WEB_CONFIG_VERIFY_CLIENT_CERT_IF_GIVEN] = "VerifyClientCertIfGiven",
        [WEB_CONFIG_REQUIRE_AND_VERIFY_CLIENT_CERT] = "RequireAndVerifyClientCert",
    };
    (void)key;
    if (value[0] == '\0') {
        return NULL;
    }
    /* An old name that exporter-toolkit still accepts. */
    int chosen = strcmp(value, "RequireClientCert") == 0 ? WEB_CONFIG_REQUIRE_ANY_CLIENT_CERT
                                                         : CHOOSE(value, names);
    if (chosen < 0) {
        return "is unknown; give NoClientCert, RequestClientCert, RequireAnyClientCert, "
               "VerifyClientCertIfGiven or RequireAndVerifyClientCert";
    }
    config->tls.client_auth = (enum web_config_client_auth)chosen;
    return NULL;
}

static const char *set_name(struct web_config *config, const char *key, const char *value)
{
    (void)key;
    if (value[0] == '\0') {
        return "has an empty name; leave it out";
    }
    if (config->tls.name_count == WEB_CONFIG_NAMES_MAX) {
        return "has one too many; give at most 32 names";
    }
    config->tls.names[config->tls.name_count++] = value;
    return NULL;
}

static const char *set_version(enum web_config_version *out, const char *value)
{
    static const char *const names[] = {
        [WEB_CONFIG_TLS12] = "TLS12",
        [WEB_CONFIG_TLS13] = "TLS13",
    };
    int chosen = CHOOSE(value, names);
    if (chosen < 0) {
        return "is not supported; give TLS12 or TLS13";
    }
    *out = (enum web_config_version)chosen;
    return NULL;
}

static const char *set_min_version(struct web_config *config, const char *key, const char *value)
{
    (void)key;
    return set_version(&config->tls.version_min, value);
}

static const char *set_max_version(struct web_config *config, const char *key, const char *value)
{
    (void)key;
    return set_version(&config->tls.version_max, value);
}

static const char *set_boolean(bool *out, const char *value)
{
    if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0) {
        return "is not a boolean; give true or false";
    }
    *out = strcmp(value, "true") == 0;
    return NULL;
}

static const char *set_prefer_server(struct web_config *config, const char *key, const char *value)
{
    (void)key;
    return set_boolean(&config->tls.prefer_server, value);
}

static const char *set_curve(struct web_config *config, const char *key, const char *value)
{
    static const char *const names[] = {
        [WEB_CONFIG_P256] = "CurveP256",
        [WEB_CONFIG_P384] = "CurveP384",
        [WEB_CONFIG_P521] = "CurveP521",
        [WEB_CONFIG_X25519] = "X25519",
    };
    (void)key;
    int chosen = CHOOSE(value, names);
    if (chosen < 0) {
        return "is unknown; give CurveP256, CurveP384, CurveP521 or X25519";
    }
    for (unsigned i = 0; i < config->tls.curve_count; i++) {
        if (config->tls.curves[i] == (enum web_config_curve)chosen) {
            return "is given twice; name each curve once";
        }
    }
    config->tls.curves[config->tls.curve_count++] = (enum web_config_curve)chosen;
    return NULL;
}

static const char *refuse_ciphers(struct web_config *config, const char *key, const char *value)
{
    (void)config;
    (void)key;
    (void)value;
    return "is not supported; leave it out: only AEAD ciphers with forward secrecy are served";
}

/* HTTP/2 is not supported; clients that offer it speak HTTP/1.1 as well. */
static const char *check_http2(struct web_config *config, const char *key, const char *value)
{
    bool ignored;
    (void)config;
    (void)key;
    return set_boolean(&ignored, value);
}

static const char *set_header(struct web_config *config, const char *key, const char *value)
{
    return headers_set(&config->headers, key, value);
}

static const char *set_user(struct web_config *config, const char *key, const char *value)
{
    size_t length = strlen(key);
    if (length == 0 || length > USER_NAME_MAX || strchr(key, ':') != NULL) {
        return "is not a user name; give 1 to 128 bytes without a colon";
    }
    if (config->user_count == PASSWORD_USERS_MAX) {
        return "is one too many; give at most 64 users";
    }
    config->users[config->user_count++] = (struct password_user){.name = key, .hash = value};
    return password_refuse_hash(value);
}

static const char *set_interval(struct web_config *config, const char *key, const char *value)
{
    uint64_t milliseconds = 0;
    (void)key;
    if (strcmp(value, "0") != 0 &&
        flag_values_milliseconds(value, 0, INTERVAL_MAX, &milliseconds) != 0) {
        return "is not a duration; give 0, or one up to 24h such as 1s or 500ms";
    }
    config->rate_interval = (uint32_t)milliseconds;
    return NULL;
}

static const char *set_burst(struct web_config *config, const char *key, const char *value)
{
    uint64_t burst = 0;
    (void)key;
    if (number_parse(value, 0, BURST_MAX, &burst) != 0) {
        return "is not a number of requests; give one from 0 to 1000000";
    }
    config->rate_burst = (uint32_t)burst;
    return NULL;
}

#define TLS   WEB_CONFIG_TLS
#define HTTP  "http_server_config"
#define USERS "basic_auth_users"
#define RATE  WEB_CONFIG_RATE

const struct web_config_key web_config_keys[] = {
    {NULL, TLS, YAML_TREE_MAP, NULL},
    {TLS, "cert", YAML_TREE_SCALAR, set_cert},
    {TLS, "cert_file", YAML_TREE_SCALAR, set_cert_file},
    {TLS, "key", YAML_TREE_SCALAR, set_key},
    {TLS, "key_file", YAML_TREE_SCALAR, set_key_file},
    {TLS, "client_auth_type", YAML_TREE_SCALAR, set_client_auth_type},
    {TLS, "client_ca", YAML_TREE_SCALAR, set_client_ca},
    {TLS, "client_ca_file", YAML_TREE_SCALAR, set_client_ca_file},
    {TLS, "client_allowed_sans", YAML_TREE_LIST, set_name},
    {TLS, "min_version", YAML_TREE_SCALAR, set_min_version},
    {TLS, "max_version", YAML_TREE_SCALAR, set_max_version},
    {TLS, "prefer_server_cipher_suites", YAML_TREE_SCALAR, set_prefer_server},
    {TLS, "cipher_suites", YAML_TREE_LIST, refuse_ciphers},
    {TLS, "curve_preferences", YAML_TREE_LIST, set_curve},
    {NULL, HTTP, YAML_TREE_MAP, NULL},
    {HTTP, "http2", YAML_TREE_SCALAR, check_http2},
    {HTTP, "headers", YAML_TREE_MAP, set_header},
    {NULL, USERS, YAML_TREE_MAP, set_user},
    {NULL, RATE, YAML_TREE_MAP, NULL},
    {RATE, "interval", YAML_TREE_SCALAR, set_interval},
    {RATE, "burst", YAML_TREE_SCALAR, set_burst},
};

const size_t web_config_key_count = sizeof web_config_keys / sizeof *web_config_keys;
