#include "exporter/geoip/geoip.h"
#include "exporter/geoip/outcome.h"
#include "exporter/reload.h"
#include "exporter/state/state.h"
#include "exporter/system/self_metrics.h"
#include "exporter/web_config/access.h"
#include "exporter/web_config/files.h"
#include "exporter/web_config/headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/certificate.h"
#include "tests/unit/exporter/reload_calls.h"

#define HEADER "http_server_config:\n  headers:\n    X-Frame-Options: "

static struct state shown;
static struct reload reload;

static int start(void **state)
{
    static char path[PATH_MAX];
    struct geoip_error geoip_error;
    struct web_files_error web_error;
    make_folder(state);
    put("web.yml", HEADER "deny\n", 0644);
    memcpy(path, in_folder("web.yml"), sizeof path);
    assert_int_equal(geoip_open(NULL, NULL, 10, &shown.geoip, &geoip_error), 0);
    assert_int_equal(access_open(path, &shown.access, &web_error), 0);
    return 0;
}

static int end(void **state)
{
    geoip_close(shown.geoip);
    return remove_folder(state);
}

static bool is(const char *value)
{
    for (unsigned i = 0; i < HEADERS; i++) {
        const char *set = access_headers(shown.access)->values[i];
        if (set != NULL) {
            return strcmp(set, value) == 0;
        }
    }
    return false;
}

static void test_nothing_to_reload(void **state)
{
    (void)state;
    struct state nothing = {.geoip = NULL};
    reload_start(&nothing, NULL, 100, &reload);
    assert_true(nothing.web_config.successful == SELF_METRICS_UNKNOWN);
    assert_int_equal(due_in(&reload, 100000), UINT32_MAX);
    assert_false(run_once(&reload, 100000));
    reload_request(&reload);
    assert_true(run_once(&reload, 100001));
}

static void test_by_itself(void **state)
{
    (void)state;
    reload_start(&shown, NULL, 100, &reload);
    put("web.yml", HEADER "sameorigin\n", 0644);
    assert_int_equal(due_in(&reload, 101), RELOAD_INTERVAL_SECONDS - 1);
    assert_false(run_once(&reload, 99 + RELOAD_INTERVAL_SECONDS));
    assert_true(is("deny"));
    assert_false(run_once(&reload, 100 + RELOAD_INTERVAL_SECONDS));
    assert_true(is("sameorigin"));
    assert_true(shown.web_config.successful);
    assert_int_equal(due_in(&reload, 100 + RELOAD_INTERVAL_SECONDS), RELOAD_INTERVAL_SECONDS);
}

static void test_when_asked(void **state)
{
    (void)state;
    reload_start(&shown, NULL, 100, &reload);
    put("web.yml", HEADER "wrong\n", 0644);
    reload_request(&reload);
    assert_int_equal(due_in(&reload, 100), 2);
    assert_false(run_once(&reload, 100));
    assert_int_equal(due_in(&reload, 102), 0);
    assert_true(run_once(&reload, 102));
    assert_false(shown.web_config.successful);
    assert_false(reload.requested);
    put("web.yml", HEADER "deny\n", 0644);
    uint64_t before = shown.web_config.success_moment = 1;
    reload_request(&reload);
    assert_true(run_once(&reload, 104));
    assert_true(shown.web_config.successful);
    assert_true(shown.web_config.success_moment > before);
    assert_true(is("deny"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_reload),
        cmocka_unit_test(test_by_itself),
        cmocka_unit_test(test_when_asked),
    };
    return cmocka_run_group_tests(tests, start, end);
}
