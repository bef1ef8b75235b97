#include "exporter/exposition/format.h"
#include "exporter/http/negotiate.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define OM          "application/openmetrics-text"
#define OM_1_0      OM "; version=1.0.0"
#define TEXT        "text/plain"
#define TEXT_FORMAT EXPOSITION_TEXT
#define OPENMETRICS EXPOSITION_OPENMETRICS

static void check_format(const char *const fields[], unsigned count, enum exposition_format format)
{
    struct negotiate negotiate = {.items = 0};
    for (unsigned i = 0; i < count; i++) {
        negotiate_accept(&negotiate, fields[i]);
    }
    if (negotiate_format(&negotiate) != format) {
        fail_msg("%s", count > 0 ? fields[0] : "no field");
    }
}

static void test_formats(void **state)
{
    static const struct {
        const char *field;
        enum exposition_format format;
    } cases[] = {
        /* What scrapers send: Prometheus 2.42, 3, 2.5, and a browser, curl, an old Java. */
        {OM ";version=1.0.0," OM ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         OPENMETRICS},
        {OM ";version=1.0.0;escaping=allow-utf-8;q=0.6," OM ";version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
            "*/*;q=0.2",
         OPENMETRICS},
        {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
         "encoding=delimited;q=0.7," OM_1_0 ";q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
         OPENMETRICS},
        {OM "; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TEXT_FORMAT},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT_FORMAT},
        {"*/*", TEXT_FORMAT},
        {"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", TEXT_FORMAT},
        /* Nothing, or nothing that there is. */
        {"", TEXT_FORMAT},
        {",", TEXT_FORMAT},
        {" , ;q=1,", TEXT_FORMAT},
        {"application/json", TEXT_FORMAT},
        {"application/*", TEXT_FORMAT},
        {OM "x", TEXT_FORMAT},
        {"application/openmetrics", TEXT_FORMAT},
        {OM ";version=2.0.0", TEXT_FORMAT},
        {OM ";version=1.0.0x", TEXT_FORMAT},
        {OM ";version=1.0", TEXT_FORMAT},
        {OM ";version=", TEXT_FORMAT},
        /* Either one. */
        {OM, OPENMETRICS},
        {OM_1_0, OPENMETRICS},
        {OM_1_0 "; charset=utf-8", OPENMETRICS},
        {OM ";version=\"1.0.0\"", OPENMETRICS},
        {OM " ;\t version=1.0.0 ; q=0.001 ", OPENMETRICS},
        {"APPLICATION/OpenMetrics-Text;VERSION=1.0.0;Q=1", OPENMETRICS},
        {TEXT, TEXT_FORMAT},
        {TEXT ";version=0.0.4", TEXT_FORMAT},
        /* The highest q wins, wherever it stands. */
        {TEXT ";q=0.5," OM ";q=0.6", OPENMETRICS},
        {OM ";q=0.5," TEXT ";q=0.6", TEXT_FORMAT},
        {OM ";q=0.501," TEXT ";q=0.50", OPENMETRICS},
        {OM ";q=0.009," TEXT ";q=0.01", TEXT_FORMAT},
        {"*/*," OM ";q=0.9", TEXT_FORMAT},
        {"text/*," OM ";q=0.9", TEXT_FORMAT},
        {"*/*;q=0.9," OM, OPENMETRICS},
        {TEXT ";version=1.0.0," OM ";q=0.1", OPENMETRICS},
        {OM ";version=0.0.1," OM ";version=1.0.0;q=0.2," TEXT ";q=0.3", TEXT_FORMAT},
        /* What is said of the thing itself counts, and not what is said of all. */
        {TEXT ";q=0.2,*/*," OM ";q=0.3", OPENMETRICS},
        {TEXT ";version=0.0.4;q=0.2," TEXT "," OM ";q=0.3", OPENMETRICS},
        {OM ";q=0.9," OM_1_0 ";q=0.1," TEXT ";q=0.5", TEXT_FORMAT},
        {OM_1_0 ";q=0.1," OM_1_0 ";q=0.9," TEXT ";q=0.5", OPENMETRICS},
        {OM_1_0 ";q=0.9," OM_1_0 ";q=0.1," TEXT ";q=0.5", OPENMETRICS},
        /* Of equals the more exact one, then the earlier. */
        {"*/*," OM, OPENMETRICS},
        {TEXT "," OM_1_0, OPENMETRICS},
        {OM "," TEXT, OPENMETRICS},
        {TEXT "," OM, TEXT_FORMAT},
        {OM "," TEXT ";version=0.0.4", TEXT_FORMAT},
        /* 0 refuses; when both are refused there is still text. */
        {OM ";q=0", TEXT_FORMAT},
        {OM ";q=0.000", TEXT_FORMAT},
        {OM ";q=0," TEXT ";q=0", TEXT_FORMAT},
        {TEXT ";q=0,*/*," OM ";q=0.001", OPENMETRICS},
        /* An item whose q is none is passed over, and no other. */
        {OM ";q=", TEXT_FORMAT},
        {OM ";q=1.001", TEXT_FORMAT},
        {OM ";q=2", TEXT_FORMAT},
        {OM ";q=-1", TEXT_FORMAT},
        {OM ";q=.5", TEXT_FORMAT},
        {OM ";q=0,5", TEXT_FORMAT},
        {OM ";q=0.1234", TEXT_FORMAT},
        {OM ";q=1x", TEXT_FORMAT},
        {OM ";q=0x1", TEXT_FORMAT},
        {OM ";q=1.", OPENMETRICS},
        {OM ";q", OPENMETRICS},
        {TEXT ";q=x," OM ";q=0.1", OPENMETRICS},
        /* Commas and semicolons in quotes are no separators. */
        {TEXT ";x=\"," OM ";q=1\";q=0.5", TEXT_FORMAT},
        {"a/b;x=\"\\\"," OM ",\"", TEXT_FORMAT},
        {OM ";x=\"a;q=0\"", OPENMETRICS},
        {OM ";x=\"", OPENMETRICS},
        {OM ";x=\"\\", OPENMETRICS},
        {OM ";=;;", OPENMETRICS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_format(&cases[i].field, 1, cases[i].format);
    }
    check_format(NULL, 0, TEXT_FORMAT);
}

static void test_fields_make_one_list(void **state)
{
    (void)state;
    check_format((const char *const[]){TEXT ";q=0.5", OM ";q=0.6"}, 2, OPENMETRICS);
    check_format((const char *const[]){OM ";q=0.5", TEXT ";q=0.6"}, 2, TEXT_FORMAT);
    check_format((const char *const[]){TEXT, OM}, 2, TEXT_FORMAT);
    check_format((const char *const[]){OM, TEXT}, 2, OPENMETRICS);
    check_format((const char *const[]){"", OM, ""}, 3, OPENMETRICS);
}

static void test_encodings(void **state)
{
    static const struct {
        const char *field;
        bool gzip;
    } cases[] = {
        {"gzip", true},
        {"GZIP", true},
        {"x-gzip", true},
        {"gzip, deflate, br", true},
        {"deflate, gzip;q=1.0, *;q=0.5", true},
        {"*", true},
        {"*;q=0.001", true},
        {"gzip;q=0.001", true},
        {"identity;q=0.5, gzip;q=0.5", true},
        {"identity;q=0, *", true},
        {"", false},
        {"identity", false},
        {"br, zstd, deflate", false},
        {"gzipx", false},
        {"gzip;q=0", false},
        {"gzip;q=0.000, *", false},
        {"*, gzip;q=0", false},
        {"*;q=0", false},
        {"gzip;q=nothing", false},
        {"gzip;q=0.5, identity", false},
        {"identity;q=0.9, *;q=0.8", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct negotiate negotiate = {.items = 0};
        negotiate_encoding(&negotiate, cases[i].field);
        if (negotiate_gzip(&negotiate) != cases[i].gzip) {
            fail_msg("%s", cases[i].field);
        }
    }
    struct negotiate nothing = {.items = 0};
    assert_false(negotiate_gzip(&nothing));
    struct negotiate two = {.items = 0};
    negotiate_encoding(&two, "br");
    negotiate_encoding(&two, "gzip");
    assert_true(negotiate_gzip(&two));
}

/* Fields of everything that means something, in any order: no byte past their end is looked at
 * (the sanitizers see that), and what is chosen is one of the two. */
static void test_random_fields(void **state)
{
    static const char *const words[] = {
        OM,  TEXT, "*/*", "*", "gzip", ";",        ",",     "q=",    "0.5",    "1",        "0",
        "=", "\"", "\\",  " ", "\t",   "version=", "1.0.0", "0.0.4", "text/*", "identity", "x"};
    enum { ROUNDS = 20000, WORDS_MAX = 12, WORDS = sizeof words / sizeof *words };
    (void)state;
    random_start();
    unsigned openmetrics = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        char text[512] = "";
        unsigned count = random_below(WORDS_MAX);
        for (unsigned i = 0; i < count; i++) {
            strcat(text, words[random_below(WORDS)]);
        }
        char *field = strdup(text); /* of its own length */
        assert_non_null(field);
        struct negotiate negotiate = {.items = 0};
        negotiate_accept(&negotiate, field);
        negotiate_encoding(&negotiate, field);
        enum exposition_format format = negotiate_format(&negotiate);
        assert_in_range(format, 0, EXPOSITION_FORMATS - 1);
        assert_true(format == TEXT_FORMAT || strstr(field, OM) != NULL);
        assert_true(!negotiate_gzip(&negotiate) || strpbrk(field, "g*") != NULL);
        openmetrics += format == OPENMETRICS;
        free(field);
    }
    /* Some 1 in 100 is: far more than none, whatever the seed. */
    assert_in_range(openmetrics, ROUNDS / 200, ROUNDS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_fields_make_one_list),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_random_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
