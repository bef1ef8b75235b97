#include "exporter/exposition/format.h"
#include "exporter/http/negotiate.h"
#include "exporter/status/status.h"

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

static void check_status(const char *const fields[], unsigned count, enum status_form form)
{
    struct negotiate negotiate = {.items = 0};
    for (unsigned i = 0; i < count; i++) {
        negotiate_accept(&negotiate, fields[i]);
    }
    if (negotiate_status(&negotiate) != form) {
        fail_msg("%s", count > 0 ? fields[0] : "no field");
    }
}

/* Forms of the status page. */
static void test_status(void **state)
{
    static const struct {
        const char *field;
        enum status_form form;
    } cases[] = {
        /* What Firefox, Chromium, an old browser, lynx and w3m send. */
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", STATUS_HTML},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
         "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
         STATUS_HTML},
        {"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", STATUS_HTML},
        {"text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01",
         STATUS_HTML},
        {"text/html, text/*;q=0.5, image/*, application/*, audio/*, video/*", STATUS_HTML},
        /* curl and wget; axios, jQuery, and a program that names it; HTTPie. */
        {"*/*", STATUS_TEXT},
        {"application/json, text/plain, */*", STATUS_JSON},
        {"application/json, text/javascript, */*; q=0.01", STATUS_JSON},
        {"application/json", STATUS_JSON},
        {"application/json, */*;q=0.5", STATUS_JSON},
        /* Prometheus, at the wrong path. */
        {OM ";version=1.0.0," OM ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         STATUS_TEXT},
        /* Nothing, or nothing that there is. */
        {"", STATUS_TEXT},
        {",", STATUS_TEXT},
        {"image/png", STATUS_TEXT},
        {"application/*", STATUS_TEXT},
        {"application/xhtml+xml", STATUS_TEXT},
        {"text/htm", STATUS_TEXT},
        {"text/htmlx", STATUS_TEXT},
        {"application/jsonp", STATUS_TEXT},
        {"text/json", STATUS_TEXT},
        /* HTML only by its name. */
        {"text/html", STATUS_HTML},
        {"TEXT/Html", STATUS_HTML},
        {" text/html ;charset=utf-8", STATUS_HTML},
        {"text/html;level=1", STATUS_HTML},
        {"text/*", STATUS_TEXT},
        {"*", STATUS_TEXT},
        {"text/*;q=0.1, */*", STATUS_TEXT},
        /* HTML not below text, by whatever names text, nor below JSON; equal is enough. */
        {"text/plain, text/html", STATUS_HTML},
        {"application/json, text/html", STATUS_HTML},
        {"*/*, text/html", STATUS_HTML},
        {"text/html;q=0.5, text/plain;q=0.5, application/json;q=0.5, */*;q=0.5", STATUS_HTML},
        {"text/html;q=0.9, text/plain", STATUS_TEXT},
        {"text/html;q=0.999, */*", STATUS_TEXT},
        {"text/html;q=0.9, text/*", STATUS_TEXT},
        {"text/html;q=0.9, application/json", STATUS_JSON},
        {"text/html;q=0.001", STATUS_HTML},
        {"text/html;q=0.9, text/plain;q=0.1, */*", STATUS_HTML}, /* the exact item counts */
        {"text/html;q=0.9, text/*;q=0.1, */*", STATUS_HTML},
        {"text/html;q=0.9, application/xml, image/png", STATUS_HTML},
        /* JSON only by its name; of equals the more exact, then the earlier. */
        {"application/json, */*", STATUS_JSON},
        {"*/*, application/json", STATUS_JSON},
        {"text/*, application/json", STATUS_JSON},
        {"application/json, text/plain", STATUS_JSON},
        {"text/plain, application/json", STATUS_TEXT},
        {"application/json;q=0.9, text/plain", STATUS_TEXT},
        {"application/json;q=0.9, */*", STATUS_TEXT},
        {"application/json, text/plain;q=0.9", STATUS_JSON},
        {"application/json;charset=utf-8", STATUS_JSON},
        {"APPLICATION/JSON", STATUS_JSON},
        {"text/plain;version=0.0.4, application/json;q=0.5", STATUS_TEXT},
        /* 0 refuses; when all are refused there is still text. */
        {"text/html;q=0", STATUS_TEXT},
        {"text/html;q=0, */*", STATUS_TEXT},
        {"text/html;q=0.000, application/json;q=0.1", STATUS_JSON},
        {"application/json;q=0", STATUS_TEXT},
        {"application/json;q=0, text/html;q=0.1", STATUS_HTML},
        {"text/plain;q=0, */*, text/html;q=0.1", STATUS_HTML},
        {"text/plain;q=0, application/json;q=0.1", STATUS_JSON},
        {"text/html;q=0, application/json;q=0, text/plain;q=0", STATUS_TEXT},
        /* Said twice, the higher q counts. */
        {"text/html;q=0.1, text/html, */*;q=0.5", STATUS_HTML},
        {"text/html, text/html;q=0.1, */*;q=0.5", STATUS_HTML},
        {"application/json;q=0, application/json", STATUS_JSON},
        {"application/json;q=0.1, text/plain;q=0.5, application/json", STATUS_JSON},
        {"text/plain;q=0.1, text/html;q=0.5, text/plain", STATUS_TEXT},
        /* An item whose q is none is passed over, and no other. */
        {"text/html;q=2, */*", STATUS_TEXT},
        {"text/html;q=x", STATUS_TEXT},
        {"text/html;q=", STATUS_TEXT},
        {"application/json;q=1.001", STATUS_TEXT},
        {"application/json;q=-1, text/html;q=0.1", STATUS_HTML},
        {"text/plain;q=.9, text/html;q=0.1", STATUS_HTML},
        {"*/*;q=no, text/html;q=0.1", STATUS_HTML},
        {"text/html;q", STATUS_HTML},
        /* Commas and semicolons in quotes are no separators. */
        {"a/b;x=\", text/html\"", STATUS_TEXT},
        {"text/html;x=\";q=0\"", STATUS_HTML},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_status(&cases[i].field, 1, cases[i].form);
    }
    check_status(NULL, 0, STATUS_TEXT);
    /* Several fields are one list. */
    check_status((const char *const[]){"*/*;q=0.5", "text/html;q=0.6"}, 2, STATUS_HTML);
    check_status((const char *const[]){"text/plain", "application/json"}, 2, STATUS_TEXT);
    check_status((const char *const[]){"application/json", "text/plain"}, 2, STATUS_JSON);
    check_status((const char *const[]){"", "application/json", ""}, 3, STATUS_JSON);
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
        OM,         TEXT,    "*/*",   "*",      "gzip",     ";",  ",",         "q=",
        "0.5",      "1",     "0",     "=",      "\"",       "\\", " ",         "\t",
        "version=", "1.0.0", "0.0.4", "text/*", "identity", "x",  "text/html", "application/json"};
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
        const enum status_form form = negotiate_status(&negotiate);
        assert_true(form == STATUS_TEXT ||
                    (form == STATUS_HTML && strstr(field, "text/html") != NULL) ||
                    (form == STATUS_JSON && strstr(field, "application/json") != NULL));
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
        cmocka_unit_test(test_formats),       cmocka_unit_test(test_fields_make_one_list),
        cmocka_unit_test(test_status),        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_random_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
