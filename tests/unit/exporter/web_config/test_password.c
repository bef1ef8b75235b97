#include "exporter/web_config/page.h"
#include "exporter/web_config/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <crypt.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_BYTES = 4096 };

/* Of cost 4, so that the tests are quick. */
static char alice_hash[CRYPT_OUTPUT_SIZE];
static char bob_hash[CRYPT_OUTPUT_SIZE];
static struct passwords passwords;

static void hash(const char *password, const char *setting, char out[CRYPT_OUTPUT_SIZE])
{
    static struct crypt_data data;
    const char *made = crypt_r(password, setting, &data);
    assert_non_null(made);
    assert_int_equal(made[0], '$');
    memcpy(out, made, strlen(made) + 1);
}

static int make_hashes(void **state)
{
    (void)state;
    hash("secret", "$2y$04$abcdefghijklmnopqrstuu", alice_hash);
    hash("p:w", "$2a$05$ABCDEFGHIJKLMNOPQRSTUO", bob_hash);
    return 0;
}

static int start(void **state)
{
    const struct password_user users[] = {{"alice", alice_hash}, {"bob", bob_hash}};
    (void)state;
    return passwords_start(users, 2, &passwords);
}

/* The field of a request with this name and password. */
static const char *basic_bytes(const char *bytes, size_t length)
{
    static char field[FIELD_BYTES];
    const gnutls_datum_t plain = {.data = (unsigned char *)(uintptr_t)bytes,
                                  .size = (unsigned)length};
    gnutls_datum_t encoded;
    assert_int_equal(gnutls_base64_encode2(&plain, &encoded), 0);
    int written = snprintf(field, sizeof field, "Basic %.*s", (int)encoded.size, encoded.data);
    assert_true(written < FIELD_BYTES);
    gnutls_free(encoded.data);
    return field;
}

static const char *basic(const char *text)
{
    return basic_bytes(text, strlen(text));
}

static enum page check(const char *text, uint64_t second)
{
    return passwords_check(&passwords, basic(text), second);
}

static void test_right_and_wrong(void **state)
{
    (void)state;
    assert_int_equal(check("alice:secret", 1), PAGE_NONE);
    assert_int_equal(check("bob:p:w", 1), PAGE_NONE);
    static const char *const wrong[] = {
        "alice:Secret", "alice:",      "alice:secret ", "alice:p:w", "bob:p", "bob:secret",
        "Alice:secret", "alic:secret", "alice :secret", ":secret",   ":",     "carol:secret",
        "alicesecret",  "a",           ":alice:secret",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(check(wrong[i], 100 + i), PAGE_UNAUTHORIZED);
    }
}

static void test_fields(void **state)
{
    static const char *const wrong[] = {
        "",
        "Basic",
        "Basic ",
        "Basic *",
        "Basic YWxpY2U6c2VjcmV0*",
        "Bearer YWxpY2U6c2VjcmV0",
        "YWxpY2U6c2VjcmV0",
        "BasicYWxpY2U6c2VjcmV0",
        "Basic YWxpY2U",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(passwords_check(&passwords, wrong[i], i), PAGE_UNAUTHORIZED);
    }
    assert_int_equal(passwords_check(&passwords, NULL, 50), PAGE_UNAUTHORIZED);
    assert_int_equal(passwords_check(&passwords, "Basic YWxpY2U6c2VjcmV0", 51), PAGE_NONE);
    assert_int_equal(passwords_check(&passwords, "basic   YWxpY2U6c2VjcmV0", 52), PAGE_NONE);
}

/* None of these costs a check, so that the limit is there for others. */
static void test_what_is_no_password(void **state)
{
    char text[FIELD_BYTES / 2];
    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "alice:", 6);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(passwords_check(&passwords, basic_bytes(text, sizeof text), 1),
                         PAGE_UNAUTHORIZED);
        assert_int_equal(
            passwords_check(&passwords, basic_bytes(text, 6 + CRYPT_MAX_PASSPHRASE_SIZE), 1),
            PAGE_UNAUTHORIZED);
        assert_int_equal(passwords_check(&passwords, basic_bytes("alice:secret\0x", 14), 1),
                         PAGE_UNAUTHORIZED);
        assert_int_equal(passwords_check(&passwords, basic_bytes("alice\0:secret", 13), 1),
                         PAGE_UNAUTHORIZED);
    }
    assert_int_equal(check("alice:secret", 1), PAGE_NONE);
}

static void test_two_checks_a_second(void **state)
{
    (void)state;
    assert_int_equal(check("alice:a", 7), PAGE_UNAUTHORIZED);
    assert_int_equal(check("nobody:b", 7), PAGE_UNAUTHORIZED);
    assert_int_equal(check("alice:secret", 7), PAGE_TOO_MANY);
    assert_int_equal(check("nobody:b", 7), PAGE_TOO_MANY);
    assert_int_equal(check("alice:secret", 8), PAGE_NONE);
    assert_int_equal(check("alice:a", 8), PAGE_UNAUTHORIZED);
    assert_int_equal(check("alice:a", 8), PAGE_TOO_MANY);
}

/* A success is kept whatever others try, and costs no check. */
static void test_a_success_is_kept(void **state)
{
    char text[64];
    (void)state;
    assert_int_equal(check("alice:secret", 1), PAGE_NONE);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "%s:%u", i % 2 == 0 ? "alice" : "mallory", i);
        assert_int_not_equal(check(text, 2 + i / 200), PAGE_NONE);
        assert_int_equal(check("alice:secret", 2 + i / 200), PAGE_NONE);
    }
}

/* A name and a password that are another pair's when put together. */
static void test_pairs_are_not_mixed_up(void **state)
{
    const struct password_user users[] = {{"a", alice_hash}, {"a:secret", bob_hash}};
    (void)state;
    assert_int_equal(passwords_start(users, 2, &passwords), 0);
    assert_int_equal(check("a:secret", 1), PAGE_NONE);
    assert_int_equal(check("a:secret:p:w", 1), PAGE_UNAUTHORIZED);
}

static void test_a_new_start_forgets(void **state)
{
    const struct password_user changed[] = {{"alice", bob_hash}};
    (void)state;
    assert_int_equal(check("alice:secret", 1), PAGE_NONE);
    uint8_t key[PASSWORD_DIGEST_BYTES];
    memcpy(key, passwords.key, sizeof key);
    assert_int_equal(passwords_start(changed, 1, &passwords), 0);
    assert_memory_not_equal(key, passwords.key, sizeof key);
    assert_int_equal(check("alice:secret", 1), PAGE_UNAUTHORIZED);
    assert_int_equal(check("alice:p:w", 1), PAGE_NONE);
}

static void test_nothing_is_kept_in_the_clear(void **state)
{
    (void)state;
    assert_int_equal(check("alice:secret", 1), PAGE_NONE);
    assert_null(memmem(&passwords, sizeof passwords, "secret", 6));
}

static void test_without_users(void **state)
{
    (void)state;
    assert_int_equal(passwords_start(NULL, 0, &passwords), 0);
    assert_int_equal(passwords_check(&passwords, NULL, 1), PAGE_NONE);
    assert_int_equal(passwords_check(&passwords, "Bearer x", 1), PAGE_NONE);
}

/* An unknown user costs what the dearest known one does. */
static void test_the_dearest_stands_in(void **state)
{
    (void)state;
    assert_int_equal(passwords.dearest, 1);
    /* Even with the password of that one. */
    assert_int_equal(check("nobody:p:w", 1), PAGE_UNAUTHORIZED);
    assert_int_equal(check("nobody:p:w", 1), PAGE_UNAUTHORIZED);
    assert_int_equal(check("nobody:p:w", 1), PAGE_TOO_MANY);
}

static void test_hashes(void **state)
{
    static const char *const wrong[] = {
        "",
        "doe",
        "$2y$",
        "$1$abc$def",
        "$6$salt$x",
        "$2x$10$2UXri9cIDdgeKjBo4Rlpx.U3ZLDV8X1IxKmsfOvhcM5oXQt/mLmXq",
        "$2$10$2UXri9cIDdgeKjBo4Rlpx.U3ZLDV8X1IxKmsfOvhcM5oXQt/mLmXqa",
        "$2y$10$2UXri9cIDdgeKjBo4Rlpx.U3ZLDV8X1IxKmsfOvhcM5oXQt/mLmX",
        "$2y$10$2UXri9cIDdgeKjBo4Rlpx.U3ZLDV8X1IxKmsfOvhcM5oXQt/mLmXqq",
        "$2y$1a$2UXri9cIDdgeKjBo4Rlpx.U3ZLDV8X1IxKmsfOvhcM5oXQt/mLmXq",
        "$2y$10$2UXri9cIDdgeKjBo4Rlp!.U3ZLDV8X1IxKmsfOvhcM5oXQt/mLmXq",
        "$2y$10$2UXri9cIDdgeKjBo4RlpxaU3ZLDV8X1IxKmsfOvhcM5oXQt/mLmXq",
        "$2y$10.2UXri9cIDdgeKjBo4Rlpx.U3ZLDV8X1IxKmsfOvhcM5oXQt/mLmXq",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *reason = password_refuse_hash(wrong[i]);
        assert_non_null(reason);
        assert_non_null(strstr(reason, "is not a bcrypt hash"));
    }
    for (unsigned cost = 0; cost < 100; cost++) {
        char text[] = "$2y$10$2UXri9cIDdgeKjBo4Rlpx.U3ZLDV8X1IxKmsfOvhcM5oXQt/mLmXq";
        text[4] = (char)('0' + cost / 10);
        text[5] = (char)('0' + cost % 10);
        const char *reason = password_refuse_hash(text);
        assert_true(cost >= 4 && cost <= 12 ? reason == NULL : strstr(reason, "cost") != NULL);
    }
    assert_null(password_refuse_hash(alice_hash));
    assert_null(password_refuse_hash(bob_hash));
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_right_and_wrong),
        TEST(test_fields),
        TEST(test_what_is_no_password),
        TEST(test_two_checks_a_second),
        TEST(test_a_success_is_kept),
        TEST(test_pairs_are_not_mixed_up),
        TEST(test_a_new_start_forgets),
        TEST(test_nothing_is_kept_in_the_clear),
        TEST(test_without_users),
        TEST(test_the_dearest_stands_in),
        TEST(test_hashes),
    };
    return cmocka_run_group_tests(tests, make_hashes, NULL);
}
