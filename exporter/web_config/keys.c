#include "exporter/web_config/keys.h"

#include "common/flag_values.h"
#include "common/number.h"
#include "common/typed_offset.h"
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

/* --- Values that are read by a function of their own. */

static const char *read_client_auth(struct web_config *config, const char *key, const char *value)
{
    (void)key;
    if (value[0] == '\0') {
        return NULL;
    }
    /* An old name that exporter-toolkit still accepts. */
    int chosen =
        strcmp(value, "RequireClientCert") == 0
            ? WEB_CONFIG_REQUIRE_ANY_CLIENT_CERT
            : flag_values_choice(value, "NoClientCert|RequestClientCert|RequireAnyClientCert|"
                                        "VerifyClientCertIfGiven|RequireAndVerifyClientCert");
    if (chosen < 0) {
        return "is unknown; give NoClientCert, RequestClientCert, RequireAnyClientCert, "
               "VerifyClientCertIfGiven or RequireAndVerifyClientCert";
    }
    config->tls.client_auth = (enum web_config_client_auth)chosen;
    return NULL;
}

static const char *read_name(struct web_config *config, const char *key, const char *value)
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

static const char *read_curve(struct web_config *config, const char *key, const char *value)
{
    (void)key;
    int chosen = flag_values_choice(value, "CurveP256|CurveP384|CurveP521|X25519");
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

static const char *read_header(struct web_config *config, const char *key, const char *value)
{
    return headers_set(&config->headers, key, value);
}

static const char *read_user(struct web_config *config, const char *key, const char *value)
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

static const char *read_interval(struct web_config *config, const char *key, const char *value)
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

#define TLS   WEB_CONFIG_TLS
#define HTTP  "http_server_config"
#define USERS "basic_auth_users"
#define RATE  WEB_CONFIG_RATE

#define PLACE(field, type) .offset = TYPED_OFFSET(struct web_config, field, type)
#define SECTION            .shape = YAML_TREE_MAP, .kind = WEB_CONFIG_SECTION
#define TEXT(field)        .shape = YAML_TREE_SCALAR, .kind = WEB_CONFIG_TEXT, PLACE(field, const char *)
#define CHOICE(field, type, words)                                                                 \
    .shape = YAML_TREE_SCALAR, .kind = WEB_CONFIG_CHOICE, PLACE(field, type), .choices = (words)
#define BOOLEAN(field)                                                                             \
    .shape = YAML_TREE_SCALAR, .kind = WEB_CONFIG_BOOLEAN, PLACE(field, bool),                     \
    .wrong = "is not a boolean; give true or false"
#define NUMBER(field, most)                                                                        \
    .shape = YAML_TREE_SCALAR, .kind = WEB_CONFIG_NUMBER, PLACE(field, uint32_t), .high = (most)
#define OWN(written, function) .shape = (written), .kind = WEB_CONFIG_OWN, .read = (function)
#define VERSION(field)                                                                             \
    CHOICE(field, enum web_config_version, "TLS12|TLS13"),                                         \
        .wrong = "is not supported; give TLS12 or TLS13"

const struct web_config_key web_config_keys[] = {
    {NULL, TLS, SECTION},
    {TLS, "cert", TEXT(tls.certificate.text)},
    {TLS, "cert_file", TEXT(tls.certificate.path)},
    {TLS, "key", TEXT(tls.key.text)},
    {TLS, "key_file", TEXT(tls.key.path)},
    {TLS, "client_auth_type", OWN(YAML_TREE_SCALAR, read_client_auth)},
    {TLS, "client_ca", TEXT(tls.client_ca.text)},
    {TLS, "client_ca_file", TEXT(tls.client_ca.path)},
    {TLS, "client_allowed_sans", OWN(YAML_TREE_LIST, read_name)},
    {TLS, "min_version", VERSION(tls.version_min)},
    {TLS, "max_version", VERSION(tls.version_max)},
    {TLS, "prefer_server_cipher_suites", BOOLEAN(tls.prefer_server)},
    {TLS, "cipher_suites", OWN(YAML_TREE_LIST, refuse_ciphers)},
    {TLS, "curve_preferences", OWN(YAML_TREE_LIST, read_curve)},
    {NULL, HTTP, SECTION},
    {HTTP, "http2", BOOLEAN(http2)},
    {HTTP, "headers", OWN(YAML_TREE_MAP, read_header)},
    {NULL, USERS, OWN(YAML_TREE_MAP, read_user)},
    {NULL, RATE, SECTION},
    {RATE, "interval", OWN(YAML_TREE_SCALAR, read_interval)},
    {RATE, "burst", NUMBER(rate_burst, BURST_MAX),
     .wrong = "is not a number of requests; give one from 0 to 1000000"},
};

const size_t web_config_key_count = sizeof web_config_keys / sizeof *web_config_keys;

static const char *set_boolean(const struct web_config_key *row, bool *field, const char *value)
{
    if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0) {
        return row->wrong;
    }
    *field = strcmp(value, "true") == 0;
    return NULL;
}

static const char *set_number(const struct web_config_key *row, uint32_t *field, const char *value)
{
    uint64_t number = 0;
    if (number_parse(value, 0, row->high, &number) != 0) {
        return row->wrong;
    }
    *field = (uint32_t)number;
    return NULL;
}

_Static_assert(sizeof(enum web_config_version) == sizeof(int), "a choice is stored as an int");

static const char *set_choice(const struct web_config_key *row, void *field, const char *value)
{
    int chosen = flag_values_choice(value, row->choices);
    if (chosen < 0) {
        return row->wrong;
    }
    memcpy(field, &chosen, sizeof chosen);
    return NULL;
}

const char *web_config_set(const struct web_config_key *row, struct web_config *config,
                           const char *key, const char *value)
{
    void *field = (char *)config + row->offset;
    switch (row->kind) {
    case WEB_CONFIG_OWN:
        return row->read(config, key, value);
    case WEB_CONFIG_TEXT:
        /* An empty text counts as none, as in exporter-toolkit. */
        *(const char **)field = value[0] != '\0' ? value : NULL;
        return NULL;
    case WEB_CONFIG_CHOICE:
        return set_choice(row, field, value);
    case WEB_CONFIG_BOOLEAN:
        return set_boolean(row, field, value);
    case WEB_CONFIG_NUMBER:
        return set_number(row, field, value);
    case WEB_CONFIG_SECTION:
        break;
    }
    return NULL;
}
