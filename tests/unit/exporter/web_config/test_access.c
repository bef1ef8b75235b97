#include "exporter/web_config/access.h"
#include "exporter/web_config/files.h"
#include "exporter/web_config/headers.h"
#include "exporter/web_config/page.h"
#include "exporter/web_config/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/certificate.h"

/* secret, under cost 4 */
#define HASH  "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
#define PAIR  "tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n"
#define RATE  "rate_limit:\n  interval: 1h\n  burst: 2\n"
#define FRAME "http_server_config:\n  headers:\n    X-Frame-Options: "

static struct web_files_error error;

/* They live as long as a process: where they are kept. */
static struct access *volatile opened[16];
static unsigned opened_count;

static struct access *open_web(const char *text)
{
    assert_in_range(opened_count, 0, sizeof opened / sizeof *opened - 1);
    static char path[PATH_MAX]; /* which the web keeps */
    struct access *web = NULL;
    put("web.yml", text, 0640);
    memcpy(path, in_folder("web.yml"), sizeof path);
    if (access_open(path, &web, &error) != 0) {
        fail_msg("%s, line %u, key %s: %s", error.path, error.line, error.key, error.reason);
    }
    opened[opened_count++] = web;
    return web;
}

static enum access_reload reload(struct access *web, const char *text, bool again)
{
    put("web.yml", text, 0640);
    return access_reload(web, again, &error);
}

static bool frames_are(const struct access *web, const char *value)
{
    for (unsigned i = 0; i < HEADERS; i++) {
        const char *set = access_headers(web)->values[i];
        if (set != NULL) {
            return value != NULL && strcmp(set, value) == 0;
        }
    }
    return value == NULL;
}

static void test_without_a_configuration(void **state)
{
    (void)state;
    assert_int_equal(access_check(NULL, NULL), PAGE_NONE);
    assert_false(access_uses_tls(NULL));
    assert_true(frames_are(NULL, NULL));
    assert_int_equal(access_files(NULL)->count, 0);
    assert_int_equal(access_reload(NULL, true, &error), ACCESS_UNCHANGED);
}

static void test_reload(void **state)
{
    (void)state;
    struct access *web = open_web(FRAME "deny\n");
    const struct headers *headers = access_headers(web);
    assert_true(frames_are(web, "deny"));
    assert_int_equal(access_reload(web, false, &error), ACCESS_UNCHANGED);
    assert_int_equal(access_reload(web, true, &error), ACCESS_UNCHANGED);
    assert_int_equal(reload(web, FRAME "sameorigin\n", false), ACCESS_RELOADED);
    assert_true(frames_are(web, "sameorigin"));
    assert_ptr_equal(headers, access_headers(web));
    /* A wrong one is told of once, and then when somebody asks. */
    assert_int_equal(reload(web, FRAME "never\n", false), ACCESS_KEPT);
    assert_int_equal(error.line, 3);
    assert_int_equal(access_reload(web, false, &error), ACCESS_UNCHANGED);
    assert_int_equal(access_reload(web, true, &error), ACCESS_KEPT);
    assert_true(frames_are(web, "sameorigin"));
    unlink(in_folder("web.yml"));
    assert_int_equal(access_reload(web, false, &error), ACCESS_KEPT);
    assert_string_equal(error.reason, "does not exist");
    assert_int_equal(reload(web, "", false), ACCESS_RELOADED);
    assert_true(frames_are(web, NULL));
}

static void test_tls_is_neither_begun_nor_ended(void **state)
{
    (void)state;
    struct access *web = open_web(FRAME "deny\n");
    assert_int_equal(reload(web, PAIR, false), ACCESS_KEPT);
    assert_string_equal(error.reason, "turns TLS on or off; restart to apply it");
    assert_string_equal(error.path, in_folder("web.yml"));
    assert_false(access_uses_tls(web));
    assert_true(frames_are(web, "deny"));

    web = open_web(PAIR);
    assert_true(access_uses_tls(web));
    assert_int_equal(access_files(web)->count, 3);
    assert_int_equal(reload(web, FRAME "deny\n", false), ACCESS_KEPT);
    assert_true(access_uses_tls(web));
    put_pair("a");
    assert_int_equal(reload(web, PAIR FRAME "deny\n", false), ACCESS_RELOADED);
    assert_true(frames_are(web, "deny"));
}

/* A session that is open keeps its state beyond a reload, and the last one to let go frees it. */
static void test_sessions_outlive_a_reload(void **state)
{
    (void)state;
    gnutls_session_t session;
    struct access *web = open_web(PAIR);
    assert_int_equal(gnutls_init(&session, GNUTLS_SERVER), 0);
    struct tls *held = access_begin_tls(web, session);
    assert_non_null(held);
    put_pair("a");
    assert_int_equal(access_reload(web, false, &error), ACCESS_RELOADED);
    gnutls_certificate_credentials_t credentials;
    assert_int_equal(gnutls_credentials_get(session, GNUTLS_CRD_CERTIFICATE, (void **)&credentials),
                     0);
    gnutls_datum_t certificate;
    assert_int_equal(gnutls_certificate_get_crt_raw(credentials, 0, 0, &certificate), 0);
    gnutls_deinit(session);
    tls_release(held);
}

static void test_rate_limit(void **state)
{
    (void)state;
    struct access *web = open_web(RATE);
    assert_int_equal(access_check(web, NULL), PAGE_NONE);
    assert_int_equal(access_check(web, NULL), PAGE_NONE);
    assert_int_equal(access_check(web, NULL), PAGE_TOO_MANY);
    /* Another change does not fill it again; one of the limit does. */
    assert_int_equal(reload(web, RATE FRAME "deny\n", false), ACCESS_RELOADED);
    assert_int_equal(access_check(web, NULL), PAGE_TOO_MANY);
    assert_int_equal(reload(web, "rate_limit: {interval: 2h, burst: 1}\n", false), ACCESS_RELOADED);
    assert_int_equal(access_check(web, NULL), PAGE_NONE);
    assert_int_equal(access_check(web, NULL), PAGE_TOO_MANY);
}

#define USER(name, hash) "basic_auth_users:\n  " name ": " hash "\n"
#define ALICE            "Basic YWxpY2U6c2VjcmV0" /* alice:secret */
#define BOB              "Basic Ym9iOnNlY3JldA==" /* bob:secret */

static void test_users(void **state)
{
    (void)state;
    struct access *web = open_web(USER("alice", HASH));
    assert_int_equal(access_check(web, NULL), PAGE_UNAUTHORIZED);
    assert_int_equal(access_check(web, BOB), PAGE_UNAUTHORIZED);
    assert_int_equal(access_check(web, ALICE), PAGE_NONE);
    assert_int_equal(reload(web, USER("alice", HASH) FRAME "deny\n", false), ACCESS_RELOADED);
    /* Still known, so that it costs no check, of which none may be left in this second. */
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(access_check(web, ALICE), PAGE_NONE);
    }
    assert_int_equal(reload(web, USER("bob", HASH), false), ACCESS_RELOADED);
    assert_int_equal(access_check(web, BOB), PAGE_NONE);
    assert_int_equal(access_check(web, ALICE), PAGE_UNAUTHORIZED);
}

/* A file that is being written anew is empty for a moment, which lets nobody in. */
static void test_passwords_are_not_given_up(void **state)
{
    (void)state;
    struct access *web = open_web(USER("alice", HASH));
    static const char *const texts[] = {"", "basic_auth_users:\n", FRAME "deny\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(reload(web, texts[i], false), ACCESS_KEPT);
        assert_string_equal(error.reason, "no longer requires a password; restart to apply it");
        assert_int_equal(access_check(web, NULL), PAGE_UNAUTHORIZED);
    }
    assert_int_equal(reload(web, USER("alice", HASH), false), ACCESS_RELOADED);

    web = open_web(FRAME "deny\n");
    assert_int_equal(reload(web, USER("alice", HASH), false), ACCESS_RELOADED);
    assert_int_equal(access_check(web, NULL), PAGE_UNAUTHORIZED);
}

static int make_files(void **state)
{
    make_folder(state);
    put_pair("a");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_configuration),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_tls_is_neither_begun_nor_ended),
        cmocka_unit_test(test_sessions_outlive_a_reload),
        cmocka_unit_test(test_rate_limit),
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_passwords_are_not_given_up),
    };
    return cmocka_run_group_tests(tests, make_files, remove_folder);
}
