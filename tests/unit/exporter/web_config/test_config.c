#include "exporter/web_config/config.h"
#include "exporter/web_config/headers.h"
#include "exporter/web_config/password.h"
#include "exporter/web_config/read.h"
#include "exporter/web_config/yaml_tree.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH "$2y$10$2UXri9cIDdgeKjBo4Rlpx.U3ZLDV8X1IxKmsfOvhcM5oXQt/mLmXq"
#define PAIR "tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n"

/* A copy that ends where the text does, so that a sanitizer sees what is read past it. */
static int read_bytes(const char *text, size_t length, struct web_config *config,
                      struct yaml_tree_error *error)
{
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    int result = web_config_read(copy, length, config, error);
    free(copy);
    return result;
}

static struct web_config read_good(const char *text)
{
    struct web_config config;
    struct yaml_tree_error error;
    if (read_bytes(text, strlen(text), &config, &error) != 0) {
        fail_msg("line %u, key %s: %s, in\n%s", error.line, error.key, error.reason, text);
    }
    return config;
}

static void test_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        "\n\n",
        "# a comment\n",
        "---\n",
        "--- # a comment\n...\n",
        "{}\n",
        "~\n",
        "tls_server_config:\n",
        "tls_server_config: {}\nhttp_server_config: {headers: {}}\n",
        "basic_auth_users: {}\nrate_limit: {}\n",
        "tls_server_config: null\nbasic_auth_users: ~\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct web_config config = read_good(texts[i]);
        assert_false(config.tls.enabled);
        assert_int_equal(config.user_count, 0);
        assert_int_equal(config.rate_interval, 0);
        assert_null(config.headers.values[0]);
        assert_false(web_config_has_secrets(&config));
        web_config_free(&config);
    }
}

static void test_everything(void **state)
{
    (void)state;
    struct web_config config = read_good("tls_server_config:\n"
                                         "  cert_file: \"server.crt\"\n"
                                         "  key: |\n"
                                         "    one\n"
                                         "    two\n"
                                         "  client_auth_type: 'RequireAndVerifyClientCert'\n"
                                         "  client_ca_file: /etc/ca.pem\n"
                                         "  client_allowed_sans:\n"
                                         "  - a.example\n"
                                         "  - 192.0.2.1\n"
                                         "  min_version: TLS13\n"
                                         "  max_version: TLS13\n"
                                         "  prefer_server_cipher_suites: false\n"
                                         "  curve_preferences: [X25519, CurveP256]\n"
                                         "http_server_config:\n"
                                         "  http2: true\n"
                                         "  headers:\n"
                                         "    X-Frame-Options: deny\n"
                                         "    X-Content-Type-Options: nosniff\n"
                                         "    X-XSS-Protection: 1\n"
                                         "    Strict-Transport-Security: max-age=31536000\n"
                                         "    Content-Security-Policy: \"default-src 'self'\"\n"
                                         "basic_auth_users:\n"
                                         "  alice: " HASH "\n"
                                         "  \"b o b\": '" HASH "'\n"
                                         "rate_limit:\n"
                                         "  interval: \"1m1s500ms\"\n"
                                         "  burst: 20\n");
    const struct web_config_tls *tls = &config.tls;
    assert_true(tls->enabled);
    assert_string_equal(tls->certificate.path, "server.crt");
    assert_null(tls->certificate.text);
    assert_string_equal(tls->key.text, "one\ntwo\n");
    assert_null(tls->key.path);
    assert_int_equal(tls->client_auth, WEB_CONFIG_REQUIRE_AND_VERIFY_CLIENT_CERT);
    assert_string_equal(tls->client_ca.path, "/etc/ca.pem");
    assert_int_equal(tls->name_count, 2);
    assert_string_equal(tls->names[1], "192.0.2.1");
    assert_int_equal(tls->version_min, WEB_CONFIG_TLS13);
    assert_int_equal(tls->version_max, WEB_CONFIG_TLS13);
    assert_false(tls->prefer_server);
    assert_int_equal(tls->curve_count, 2);
    assert_int_equal(tls->curves[0], WEB_CONFIG_X25519);
    assert_int_equal(tls->curves[1], WEB_CONFIG_P256);
    for (unsigned i = 0; i < HEADERS; i++) {
        assert_non_null(config.headers.values[i]);
    }
    assert_int_equal(config.user_count, 2);
    assert_string_equal(config.users[0].name, "alice");
    assert_string_equal(config.users[0].hash, HASH);
    assert_string_equal(config.users[1].name, "b o b");
    assert_int_equal(config.rate_interval, 61500);
    assert_int_equal(config.rate_burst, 20);
    assert_true(web_config_has_secrets(&config));
    web_config_free(&config);
}

static void test_defaults(void **state)
{
    (void)state;
    struct web_config config =
        read_good(PAIR "  client_auth_type: ''\n  client_ca_file: ~\n"
                       "http_server_config: {headers: {X-Frame-Options: ''}}\n");
    assert_int_equal(config.tls.client_auth, WEB_CONFIG_NO_CLIENT_CERT);
    assert_int_equal(config.tls.version_min, WEB_CONFIG_TLS12);
    assert_int_equal(config.tls.version_max, WEB_CONFIG_TLS13);
    assert_true(config.tls.prefer_server);
    assert_int_equal(config.tls.curve_count, 0);
    assert_null(config.tls.client_ca.path);
    assert_false(web_config_has_secrets(&config));
    web_config_free(&config);
}

/* The files of exporter-toolkit's own tests that are good, as far as we serve what they say. */
static void test_the_toolkits_good_files(void **state)
{
    static const char *const texts[] = {
        PAIR "  client_auth_type: VerifyClientCertIfGiven\n",
        PAIR "  client_auth_type: VerifyClientCertIfGiven\n  max_version: TLS12\n"
             "http_server_config:\n  http2: false\n",
        PAIR "  client_auth_type: VerifyClientCertIfGiven\n  min_version: TLS13\n"
             "  curve_preferences:\n  - CurveP521\n",
        PAIR "  client_auth_type: RequireAnyClientCert\n",
        PAIR "  client_auth_type: RequireClientCert\n",
        PAIR "  client_auth_type: RequestClientCert\n",
        PAIR "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: c.pem\n",
        PAIR "  client_auth_type: RequireAndVerifyClientCert\n  client_ca: c\n"
             "  client_allowed_sans:\n    - test3\n",
        "rate_limit:\n  interval: 0\n  burst: 0\n",
        "basic_auth_users:\n  dave: " HASH "\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct web_config config = read_good(texts[i]);
        web_config_free(&config);
    }
}

struct wrong_case {
    const char *text;
    unsigned line;
    const char *key;
    const char *reason; /* how it begins */
};

static void check_wrong(const struct wrong_case *wrong)
{
    struct web_config config = {.user_count = 77};
    struct yaml_tree_error error;
    if (read_bytes(wrong->text, strlen(wrong->text), &config, &error) != -EINVAL) {
        fail_msg("was taken:\n%s", wrong->text);
    }
    assert_int_equal(config.user_count, 77);
    if (error.line != wrong->line || strcmp(error.key, wrong->key) != 0 ||
        strncmp(error.reason, wrong->reason, strlen(wrong->reason)) != 0) {
        fail_msg("line %u, key %s: %s, for\n%s", error.line, error.key, error.reason, wrong->text);
    }
}

#define TLS(key) "tls_server_config." key

static void test_wrong_files(void **state)
{
    static const struct wrong_case cases[] = {
        /* What is no such YAML. */
        {"hWkNKCp3fvIE", 1, "", "the file has no map"},
        {"- a\n", 1, "", "the file has no map"},
        {"a: b: c\n", 1, "", "mapping values are not allowed"},
        {"tls_server_config:\n\tcert_file: a\n", 2, "tls_server_config", "found character"},
        {"tls_server_config: [\n", 2, "", "did not find expected"},
        {"rate_limit: {burst: 1}\n\n---\nrate_limit:\n", 3, "", "begins a second document"},
        {"rate_limit: &a\n  burst: 1\n", 1, "rate_limit", "has an anchor or a tag"},
        {"rate_limit:\n  burst: &a 1\n", 2, "burst", "has an anchor or a tag"},
        {"rate_limit:\n  burst: !!int 1\n", 2, "burst", "has an anchor or a tag"},
        {"rate_limit: !x {burst: 1}\n", 1, "rate_limit", "has an anchor or a tag"},
        {"rate_limit:\n  burst: *a\n", 2, "burst", "is an alias"},
        {"? [a]\n: b\n", 1, "", "has a map or a list as a key"},
        {"rate_limit:\n  burst: \"1\\0\"\n", 2, "burst", "has a NUL"},
        {"rate_limit:\n  burst: 1\n  burst: 1\n", 3, "burst", "is given twice"},
        {"rate_limit: {}\n\nrate_limit: {}\n", 3, "rate_limit", "is given twice"},
        {"basic_auth_users:\n  a: " HASH "\n  a: " HASH "\n", 3, "a", "is given twice"},
        {"http_server_config:\n  headers:\n    a: [x]\n", 3, "a", "is nested too deep"},
        {"# fine\n# \xff\n", 2, "", "invalid leading UTF-8 octet"},
        /* Keys. */
        {"tls_config:\n  cert_filse: \"server.crt\"\n", 1, "tls_config", "is unknown"},
        {"tls_server_config:\n\n  cert_filse: \"server.crt\"\n", 3, TLS("cert_filse"),
         "is unknown"},
        {"Rate_limit: {}\n", 1, "Rate_limit", "is unknown"},
        {"<<: {}\n", 1, "<<", "is unknown"},
        {"~: {}\n", 1, "~", "is unknown"},
        {"tls_server_config:\n  burst: 1\n", 2, TLS("burst"), "is unknown"},
        {"tls_server_config: a.crt\n", 1, "tls_server_config", "has another value; give keys"},
        {"tls_server_config: [a.crt]\n", 1, "tls_server_config", "has another value; give keys"},
        {"tls_server_config:\n  cert_file: [a]\n", 2, TLS("cert_file"), "has a map or a list"},
        {"tls_server_config:\n  cert_file: {a: b}\n", 2, TLS("cert_file"), "has a map or a list"},
        {PAIR "  client_allowed_sans: a\n", 4, TLS("client_allowed_sans"),
         "has another value; give a list"},
        {PAIR "  client_allowed_sans:\n  - \"\"\n", 5, TLS("client_allowed_sans"), "has an empty"},
        {"basic_auth_users: [a]\n", 1, "basic_auth_users", "has another value; give keys"},
        {"basic_auth_users:\n  a: {b: c}\n", 2, "basic_auth_users.a", "has a map or a list"},
        /* TLS. */
        {PAIR "  cipher_suites:\n  - TLS_AES_128_GCM_SHA256\n", 5, TLS("cipher_suites"),
         "is not supported"},
        {PAIR "  min_version: TLS11\n", 4, TLS("min_version"), "is not supported; give TLS12"},
        {PAIR "  min_version: TLS111\n", 4, TLS("min_version"), "is not supported"},
        {PAIR "  max_version: tls13\n", 4, TLS("max_version"), "is not supported"},
        {PAIR "  min_version: TLS13\n  max_version: TLS12\n", 5, TLS("max_version"),
         "is below min_version"},
        {PAIR "  prefer_server_cipher_suites: 1\n", 4, TLS("prefer_server_cipher_suites"),
         "is not a boolean"},
        {PAIR "  curve_preferences:\n  - CurveP257\n", 5, TLS("curve_preferences"), "is unknown"},
        {PAIR "  curve_preferences: [X25519, X25519]\n", 4, TLS("curve_preferences"),
         "is given twice"},
        {PAIR "  client_auth_type: RequireEverything\n", 4, TLS("client_auth_type"), "is unknown"},
        {PAIR "  client_ca_file: c.pem\n", 4, TLS("client_ca_file"), "has no effect"},
        {PAIR "  client_ca: c\n", 4, TLS("client_ca"), "has no effect"},
        {PAIR "  client_auth_type: RequireAndVerifyClientCert\n", 4, TLS("client_auth_type"),
         "RequireAndVerifyClientCert needs"},
        {PAIR "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: c\n"
              "  client_allowed_sans: [a]\n",
         6, TLS("client_allowed_sans"), "needs a certificate"},
        {"tls_server_config:\n  cert_file: \"\"\n  key_file: \"server.key\"\n", 2, TLS("cert_file"),
         "has no certificate"},
        {"tls_server_config:\n  cert_file: \"server.crt\"\n  key_file: \"\"\n", 3, TLS("key_file"),
         "has no private key"},
        {"tls_server_config:\n  cert: \"\"\n  key: x\n", 1, "tls_server_config",
         "has no certificate"},
        {"\ntls_server_config:\n  min_version: TLS13\n", 2, "tls_server_config",
         "has no certificate"},
        {PAIR "  cert: x\n", 4, TLS("cert"), "is given together with cert_file"},
        {PAIR "  key: x\n", 4, TLS("key"), "is given together with key_file"},
        {PAIR "  client_auth_type: RequireAndVerifyClientCert\n  client_ca: x\n"
              "  client_ca_file: x\n",
         5, TLS("client_ca"), "is given together with client_ca_file"},
        /* The others. */
        {"http_server_config:\n  http2: yes\n", 2, "http_server_config.http2", "is not a boolean"},
        {"http_server_config:\n  headers:\n    X-Frame-Options: ALLOW\n", 3,
         "http_server_config.headers.X-Frame-Options", "is not allowed there; give deny"},
        {"http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n", 3,
         "http_server_config.headers.X-Content-Type-Options", "is not allowed there; give nosniff"},
        {"http_server_config:\n  headers:\n    Set-Cookie: a\n", 3,
         "http_server_config.headers.Set-Cookie", "cannot be set"},
        {"http_server_config:\n  headers:\n    x-frame-options: deny\n", 3,
         "http_server_config.headers.x-frame-options", "cannot be set"},
        {"http_server_config:\n  headers:\n    X-XSS-Protection: \"1\\r\\nSet-Cookie: a\"\n", 3,
         "http_server_config.headers.X-XSS-Protection", "has a control character"},
        {"basic_auth_users:\n  john: doe\n", 2, "basic_auth_users.john", "is not a bcrypt hash"},
        {"basic_auth_users:\n  john:\n", 2, "basic_auth_users.john", "is not a bcrypt hash"},
        {"basic_auth_users:\n  a:b: " HASH "\n", 2, "basic_auth_users.a:b", "is not a user name"},
        {"basic_auth_users:\n  \"\": " HASH "\n", 2, "basic_auth_users.", "is not a user name"},
        {"basic_auth_users: {alice:" HASH "}\n", 1, "", "is not a user name"},
        {"basic_auth_users: {alice:" HASH ", ]\n", 1, "", "did not find"},
        {"basic_auth_users:\n  bob: $2y$18$4VeFDzXIoPHKnKTU3O3GH.N.vZu06CVqczYZ8WvfzrddFU6tGqjR.\n",
         2, "basic_auth_users.bob", "has a cost outside 4 to 12"},
        {"rate_limit:\n  interval: 1\n", 2, "rate_limit.interval", "is not a duration"},
        {"rate_limit:\n  interval: -1s\n", 2, "rate_limit.interval", "is not a duration"},
        {"rate_limit:\n  interval: 25h\n", 2, "rate_limit.interval", "is not a duration"},
        {"rate_limit:\n  burst: -1\n", 2, "rate_limit.burst", "is not a number"},
        {"rate_limit:\n  burst: 1.5\n", 2, "rate_limit.burst", "is not a number"},
        {"rate_limit:\n  interval: 1s\n  burst: 0\n", 3, "rate_limit.burst", "is 0, so no request"},
        {"rate_limit:\n  interval: 1s\n", 1, "rate_limit", "is 0, so no request"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_wrong(&cases[i]);
    }
}

/* A long key is shortened in the error, and nothing runs over. */
static void test_long_keys(void **state)
{
    char text[3 * YAML_TREE_KEY_MAX];
    struct web_config config;
    struct yaml_tree_error error;
    (void)state;
    int length =
        snprintf(text, sizeof text, "tls_server_config:\n  %0*d: x\n", 2 * YAML_TREE_KEY_MAX, 1);
    assert_int_equal(read_bytes(text, (size_t)length, &config, &error), -EINVAL);
    assert_int_equal(strlen(error.key), YAML_TREE_KEY_MAX - 1);
    assert_int_equal(error.line, 2);
}

struct growing {
    char *text;
    size_t length;
};

static void append(struct growing *growing, const char *text)
{
    memcpy(growing->text + growing->length, text, strlen(text) + 1);
    growing->length += strlen(text);
}

/* `count` lines of a pattern with a number in it, below a head. */
static struct growing many(const char *head, const char *line, unsigned count)
{
    struct growing growing = {.text = malloc(strlen(head) + count * (strlen(line) + 10) + 1)};
    assert_non_null(growing.text);
    append(&growing, head);
    for (unsigned i = 0; i < count; i++) {
        char written[200];
        const char *place = strchr(line, '#');
        snprintf(written, sizeof written, "%.*s%u%s", (int)(place - line), line, i, place + 1);
        append(&growing, written);
    }
    return growing;
}

struct bound_case {
    const char *head;
    const char *line;
    unsigned most;
    const char *reason;
};

static void test_bounds(void **state)
{
    static const struct bound_case cases[] = {
        {"basic_auth_users:\n", "  u#: " HASH "\n", PASSWORD_USERS_MAX, "is one too many"},
        {PAIR "  client_auth_type: RequireAnyClientCert\n  client_allowed_sans:\n", "  - n#\n",
         WEB_CONFIG_NAMES_MAX, "has one too many"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct growing good = many(cases[i].head, cases[i].line, cases[i].most);
        struct web_config config = read_good(good.text);
        web_config_free(&config);
        free(good.text);
        struct growing bad = many(cases[i].head, cases[i].line, cases[i].most + 1);
        struct yaml_tree_error error;
        assert_int_equal(read_bytes(bad.text, bad.length, &config, &error), -EINVAL);
        assert_memory_equal(error.reason, cases[i].reason, strlen(cases[i].reason));
        free(bad.text);
    }
}

static void test_too_many_nodes(void **state)
{
    struct web_config config;
    struct yaml_tree_error error;
    (void)state;
    struct growing text = many("a:\n", "- b#\n", YAML_TREE_NODES_MAX);
    assert_int_equal(read_bytes(text.text, text.length, &config, &error), -EINVAL);
    assert_memory_equal(error.reason, "is one too many", strlen("is one too many"));
    assert_int_equal(error.line, YAML_TREE_NODES_MAX);
    free(text.text);
}

static void test_size(void **state)
{
    struct web_config config;
    struct yaml_tree_error error;
    char *text = malloc(WEB_CONFIG_BYTES_MAX + 1);
    (void)state;
    assert_non_null(text);
    memset(text, '#', WEB_CONFIG_BYTES_MAX + 1);
    assert_int_equal(read_bytes(text, WEB_CONFIG_BYTES_MAX, &config, &error), 0);
    web_config_free(&config);
    assert_int_equal(read_bytes(text, WEB_CONFIG_BYTES_MAX + 1, &config, &error), -EINVAL);
    assert_string_equal(error.reason, "is larger than 32 KiB");
    /* Nested as deep as it can be written, which is refused long before. */
    memset(text, '[', WEB_CONFIG_BYTES_MAX);
    assert_int_equal(read_bytes(text, WEB_CONFIG_BYTES_MAX, &config, &error), -EINVAL);
    free(text);
}

/* Whatever a good file is turned into, reading it ends, and leaks nothing. */
static void test_damaged_files(void **state)
{
    static const char good[] = PAIR "  client_allowed_sans: [a, \"b\"]\n  min_version: TLS13\n"
                                    "basic_auth_users: {a: " HASH "}\n"
                                    "http_server_config:\n  headers:\n    X-Frame-Options: deny\n"
                                    "rate_limit: {interval: '1s', burst: 2}\n";
    static const char alphabet[] = " \n\t-:#[]{},&*!|>'\"%@`?~\\\xc3\xff";
    (void)state;
    random_start();
    for (unsigned i = 0; i < 20000; i++) {
        char text[sizeof good];
        struct web_config config;
        struct yaml_tree_error error;
        memcpy(text, good, sizeof good);
        for (unsigned changes = 1 + (unsigned)random_below(4); changes > 0; changes--) {
            text[random_below(sizeof good - 1)] = alphabet[random_below(sizeof alphabet)];
        }
        size_t length = (size_t)random_below(sizeof good);
        if (read_bytes(text, length, &config, &error) == 0) {
            web_config_free(&config);
        } else {
            assert_non_null(error.reason);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),     cmocka_unit_test(test_everything),
        cmocka_unit_test(test_defaults),    cmocka_unit_test(test_the_toolkits_good_files),
        cmocka_unit_test(test_wrong_files), cmocka_unit_test(test_long_keys),
        cmocka_unit_test(test_bounds),      cmocka_unit_test(test_too_many_nodes),
        cmocka_unit_test(test_size),        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
