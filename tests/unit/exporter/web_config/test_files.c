#include "exporter/web_config/config.h"
#include "exporter/web_config/files.h"
#include "exporter/web_config/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/certificate.h"

#include <errno.h>

#define HASH   "$2y$10$2UXri9cIDdgeKjBo4Rlpx.U3ZLDV8X1IxKmsfOvhcM5oXQt/mLmXq"
#define PAIR   "tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n"
#define USERS  "basic_auth_users:\n  alice: " HASH "\n"
#define CLIENT "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: sub/ca.crt\n"

static struct web_files files;
static struct web_files_error error;

static int load(void)
{
    struct web_config config;
    struct tls *tls = NULL;
    int result = web_files_load(in_folder("web.yml"), &config, &tls, &files, &error);
    if (result == 0) {
        web_config_free(&config);
        tls_release(tls);
    }
    return result;
}

static void assert_loads(void)
{
    if (load() != 0) {
        fail_msg("%s, line %u, key %s: %s", error.path, error.line, error.key, error.reason);
    }
}

/* What the system refuses, and a file that is named. */
static void assert_refused(const char *name, const char *reason)
{
    assert_true(load() < 0);
    assert_string_equal(error.path, in_folder(name));
    assert_string_equal(error.reason, reason);
    assert_false(error.wrong);
    assert_int_equal(error.line, 0);
}

static int make_files(void **state)
{
    make_folder(state);
    assert_int_equal(mkdir(in_folder("sub"), 0755), 0);
    put_pair("a");
    put_pair("b");
    assert_int_equal(link(in_folder("b.crt"), in_folder("sub/ca.crt")), 0);
    return 0;
}

static void test_paths(void **state)
{
    char text[PATH_MAX + 200];
    (void)state;
    put("web.yml", PAIR CLIENT, 0644);
    assert_loads();
    assert_int_equal(files.count, 4);
    assert_string_equal(files.files[0].path, in_folder("web.yml"));
    assert_string_equal(files.files[1].path, in_folder("a.crt"));
    assert_string_equal(files.files[2].path, in_folder("a.key"));
    assert_string_equal(files.files[3].path, in_folder("sub/ca.crt"));
    snprintf(text, sizeof text, "tls_server_config:\n  cert_file: %s\n  key_file: ./a.key\n",
             in_folder("a.crt"));
    put("web.yml", text, 0644);
    assert_loads();
    assert_string_equal(files.files[1].path, in_folder("a.crt"));
}

/* A configuration that is named without a folder is in the present one. */
static void test_the_present_folder(void **state)
{
    struct web_config config;
    struct tls *tls;
    char here[PATH_MAX];
    (void)state;
    put("web.yml", PAIR, 0644);
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    int result = web_files_load("web.yml", &config, &tls, &files, &error);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(result, 0);
    assert_string_equal(files.files[1].path, "a.crt");
    web_config_free(&config);
    tls_release(tls);
}

static void test_the_configuration_itself(void **state)
{
    struct web_config config;
    struct tls *tls;
    (void)state;
    unlink(in_folder("web.yml"));
    assert_refused("web.yml", "does not exist");
    assert_int_equal(files.count, 1);
    assert_int_equal(mkdir(in_folder("web.yml"), 0755), 0);
    assert_refused("web.yml", "is not a regular file");
    assert_int_equal(rmdir(in_folder("web.yml")), 0);
    assert_int_equal(mkfifo(in_folder("web.yml"), 0644), 0);
    assert_refused("web.yml", "is not a regular file");
    assert_int_equal(unlink(in_folder("web.yml")), 0);

    put("web.yml", "rate_limit:\n  brust: 1\n", 0644);
    assert_int_equal(load(), -EINVAL);
    assert_true(error.wrong);
    assert_string_equal(error.path, in_folder("web.yml"));
    assert_string_equal(error.key, "rate_limit.brust");
    assert_int_equal(error.line, 2);

    char *text = malloc(WEB_CONFIG_BYTES_MAX + 2);
    assert_non_null(text);
    memset(text, '#', WEB_CONFIG_BYTES_MAX + 1);
    text[WEB_CONFIG_BYTES_MAX + 1] = '\0';
    put("web.yml", text, 0644);
    assert_int_equal(load(), -E2BIG);
    assert_true(error.wrong);
    text[WEB_CONFIG_BYTES_MAX] = '\0';
    put("web.yml", text, 0644);
    assert_loads();

    memset(text, 'a', PATH_MAX);
    text[PATH_MAX] = '\0';
    assert_int_equal(web_files_load(text, &config, &tls, &files, &error), -ENAMETOOLONG);
    assert_int_equal(files.count, 0);
    free(text);
}

static void test_secrets_that_others_may_read(void **state)
{
    static const mode_t open[] = {0644, 0604, 0606, 0642, 0602, 0666};
    static const mode_t closed[] = {0600, 0640, 0440, 0400, 0660, 0641};
    (void)state;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        put("web.yml", USERS, open[i]);
        assert_refused("web.yml", "has secrets that other users can read or write; run chmod o-rw");
        put("web.yml", PAIR, open[i]);
        assert_int_equal(chmod(in_folder("a.key"), 0640), 0);
        assert_loads();
        assert_int_equal(chmod(in_folder("a.key"), open[i]), 0);
        assert_refused("a.key",
                       "has a private key that other users can read or write; run chmod o-rw");
    }
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
        put("web.yml", USERS, closed[i]);
        assert_loads();
        put("web.yml", PAIR, closed[i]);
        assert_int_equal(chmod(in_folder("a.key"), closed[i]), 0);
        assert_loads();
    }
    put("web.yml", "tls_server_config:\n  cert_file: a.crt\n  key: x\n", 0644);
    assert_refused("web.yml", "has secrets that other users can read or write; run chmod o-rw");
}

static void test_files_of_no_use(void **state)
{
    (void)state;
    put("web.yml", PAIR, 0644);
    put("a.crt", "no certificate", 0644);
    assert_refused("a.crt", "has no certificate in PEM format");
    put("a.crt", "", 0644);
    assert_refused("a.crt", "has no certificate in PEM format");
    unlink(in_folder("a.crt"));
    assert_refused("a.crt", "does not exist");
    put_pair("a");
    assert_loads();
    put("a.key", "no key", 0640);
    assert_refused("a.key", "has no private key in PEM format without a passphrase");
    unlink(in_folder("a.key"));
    assert_refused("a.key", "does not exist");
    assert_int_equal(link(in_folder("b.key"), in_folder("a.key")), 0);
    assert_refused("a.key", "does not belong to the certificate");
    put_pair("a");
    put("web.yml", PAIR "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: no.ca\n",
        0644);
    assert_refused("no.ca", "does not exist");
    put("no.ca", "no certificate", 0644);
    assert_refused("no.ca", "has no certificate in PEM format");
    put("web.yml", PAIR "  client_auth_type: RequireAndVerifyClientCert\n  client_ca: nothing\n",
        0644);
    assert_refused("web.yml", "has no certificate in PEM format");
}

static void test_changes(void **state)
{
    (void)state;
    const struct timespec times[] = {{1, 0}, {1, 0}};
    put("web.yml", PAIR CLIENT, 0644);
    assert_loads();
    assert_true(web_files_unchanged(&files));
    /* Backdated, as some updaters do. */
    put_pair("a");
    assert_int_equal(utimensat(AT_FDCWD, in_folder("a.crt"), times, 0), 0);
    assert_false(web_files_unchanged(&files));
    assert_loads();
    assert_true(web_files_unchanged(&files));
    unlink(in_folder("a.key"));
    assert_false(web_files_unchanged(&files));
    /* What an attempt missed stays known as missing. */
    assert_refused("a.key", "does not exist");
    assert_true(web_files_unchanged(&files));
    put_pair("a");
    assert_false(web_files_unchanged(&files));
    assert_loads();
    put("web.yml", PAIR, 0644);
    assert_false(web_files_unchanged(&files));
    assert_loads();
    /* What was asked for by a refusal, and what should be refused, is seen without a new file. */
    assert_int_equal(chmod(in_folder("a.key"), 0644), 0);
    assert_false(web_files_unchanged(&files));
    assert_true(load() < 0);
    assert_true(web_files_unchanged(&files));
    assert_int_equal(chmod(in_folder("a.key"), 0640), 0);
    assert_false(web_files_unchanged(&files));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_the_present_folder),
        cmocka_unit_test(test_the_configuration_itself),
        cmocka_unit_test(test_secrets_that_others_may_read),
        cmocka_unit_test(test_files_of_no_use),
        cmocka_unit_test(test_changes),
    };
    return cmocka_run_group_tests(tests, make_files, remove_folder);
}
