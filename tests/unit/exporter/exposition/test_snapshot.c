#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/sessions.h"
#include "exporter/exposition/metrics.h"
#include "exporter/exposition/snapshot.h"
#include "exporter/geoip/geoip.h"
#include "exporter/state/http_counters.h"
#include "exporter/state/state.h"
#include "exporter/system/reloaded.h"
#include "exporter/system/self_metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { GROUPS = 40, DOMAINS = 2 };

/* What there is to copy, put together by hand. */
struct scene {
    struct state state;
    struct group entries[GROUPS];
    struct group_domain domains[DOMAINS];
};

static void scene_make(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    for (unsigned i = 0; i < GROUPS; i++) {
        scene->entries[i].active = i;
        scene->entries[i].peak = 100 + i;
    }
    scene->domains[1] = (struct group_domain){.active = 7, .peak = 8};
    scene->state.counts.groups.entries = scene->entries;
    scene->state.counts.groups.group_count = GROUPS;
    scene->state.counts.groups.domains = scene->domains;
    scene->state.counts.groups.domain_count = DOMAINS;
    scene->state.counts.groups.capped = 11;
    scene->state.intake.stats =
        (struct wire_stats){.received = 60, .outcomes = {[WIRE_IGNORED_FRAGMENT] = 15}};
    scene->state.sniffer_up = 1;
}

/* In the place of the exporter's. */
struct self_metrics_values self_metrics_read(const struct self_metrics *process)
{
    (void)process;
    return (struct self_metrics_values){.resident_bytes = 21};
}

struct geoip_values geoip_values(const struct geoip *geoip, enum geoip_which which)
{
    assert_null(geoip);
    return (struct geoip_values){.build_time = 31 + which, .lookups = 33 + which};
}

static const struct snapshot *take(const struct scene *scene)
{
    const struct snapshot *snapshot = NULL;
    assert_int_equal(snapshot_take(&scene->state, &snapshot), 0);
    assert_non_null(snapshot);
    return snapshot;
}

static void age(const struct snapshot *snapshot, uint64_t milliseconds)
{
    ((struct snapshot *)(uintptr_t)snapshot)->milliseconds -= milliseconds;
}

static void test_everything_is_of_one_moment(void **state)
{
    (void)state;
    struct scene scene;
    scene_make(&scene);
    scene.state.http.replies[1] = 12;
    scene.state.http.drops[HTTP_DROP_TIMEOUT] = 14;
    scene.state.databases[GEOIP_ASN].file.successful = 1;
    scene.state.databases[GEOIP_ASN].file.success_moment = 13000;
    scene.state.web_config.success_moment = SELF_METRICS_UNKNOWN;
    scene.state.self.start_moment = 14000;
    scene.state.wall.ahead = -1000;
    const struct snapshot *snapshot = take(&scene);
    scene.state.sniffer_up = 0;
    memset(&scene.state.http, 0xff, sizeof scene.state.http);
    memset(&scene.state.databases, 0, sizeof scene.state.databases);
    memset(scene.entries, 0xff, sizeof scene.entries);
    memset(scene.domains, 0xff, sizeof scene.domains);
    scene.state.counts.groups.group_count = 1;
    scene.state.intake.stats.received = 61;

    assert_int_equal(snapshot->group_count, GROUPS);
    for (unsigned i = 0; i < GROUPS; i++) {
        assert_int_equal(snapshot->gauges[i].active, i);
        assert_int_equal(snapshot->gauges[i].peak, 100 + i);
    }
    assert_int_equal(snapshot->domain_count, DOMAINS);
    assert_int_equal(snapshot->domains[1].active, 7);
    assert_int_equal(snapshot->domains[1].peak, 8);
    assert_int_equal(snapshot->state.intake.stats.received, 60);
    assert_int_equal(snapshot->state.intake.stats.outcomes[WIRE_IGNORED_FRAGMENT], 15);
    assert_int_equal(snapshot->state.counts.groups.capped, 11);
    assert_int_equal(snapshot->state.sniffer_up, 1);
    assert_int_equal(snapshot->state.http.replies[1], 12);
    assert_int_equal(snapshot->state.http.drops[HTTP_DROP_TIMEOUT], 14);
    assert_int_equal(snapshot->state.self_values.resident_bytes, 21);
    const struct state_database *databases = snapshot->state.databases;
    assert_int_equal(databases[GEOIP_COUNTRY].values.build_time, 31);
    assert_int_equal(databases[GEOIP_COUNTRY].file.successful, 0);
    assert_int_equal(databases[GEOIP_ASN].values.lookups, 34);
    assert_int_equal(databases[GEOIP_ASN].file.successful, 1);
    assert_int_equal(databases[GEOIP_ASN].file.success_time, 12);
    assert_int_equal(databases[GEOIP_COUNTRY].file.success_time, 0); /* and not below */
    assert_true(snapshot->state.web_config.success_time == SELF_METRICS_UNKNOWN);
    assert_int_equal(snapshot->state.self_values.start_milliseconds, 13000);
    snapshot_release(snapshot);
}

static void test_scrapes_that_overlap_share(void **state)
{
    (void)state;
    struct scene scene;
    scene_make(&scene);
    const struct snapshot *first = take(&scene);
    age(first, SNAPSHOT_FRESH_MS - 100);
    scene.state.intake.stats.received = 61;
    const struct snapshot *second = take(&scene);
    assert_ptr_equal(first, second);
    snapshot_release(first);
    assert_int_equal(second->state.intake.stats.received, 60); /* it is still there */
    snapshot_release(second);

    /* Nobody reads the old one any more: a new scrape shows what is. */
    const struct snapshot *third = take(&scene);
    assert_int_equal(third->state.intake.stats.received, 61);
    snapshot_release(third);
}

static void test_an_old_copy_is_not_shared(void **state)
{
    (void)state;
    struct scene scene;
    scene_make(&scene);
    const struct snapshot *first = take(&scene);
    age(first, SNAPSHOT_FRESH_MS);
    scene.state.intake.stats.received = 61;
    const struct snapshot *second = take(&scene);
    assert_ptr_not_equal(first, second);
    assert_int_equal(first->state.intake.stats.received, 60);
    assert_int_equal(second->state.intake.stats.received, 61);
    snapshot_release(second);
    snapshot_release(first);
}

static void test_copies_are_bounded(void **state)
{
    (void)state;
    struct scene scene;
    const struct snapshot *held[SNAPSHOT_COPIES_MAX];
    scene_make(&scene);
    for (unsigned i = 0; i < SNAPSHOT_COPIES_MAX; i++) {
        for (unsigned former = 0; former < i; former++) {
            age(held[former], SNAPSHOT_FRESH_MS);
        }
        held[i] = take(&scene);
        for (unsigned former = 0; former < i; former++) {
            assert_ptr_not_equal(held[former], held[i]);
        }
    }
    const struct snapshot *youngest = held[SNAPSHOT_COPIES_MAX - 1];
    age(youngest, SNAPSHOT_FRESH_MS);
    age(held[0], SNAPSHOT_FRESH_MS);
    assert_ptr_equal(take(&scene), youngest);
    snapshot_release(youngest);

    /* With one place free there is a new one. */
    snapshot_release(held[1]);
    held[1] = take(&scene);
    assert_ptr_not_equal(held[1], youngest);
    for (unsigned i = 0; i < SNAPSHOT_COPIES_MAX; i++) {
        snapshot_release(held[i]);
    }
}

static void test_other_sources_have_other_copies(void **state)
{
    (void)state;
    struct scene one;
    struct scene another;
    scene_make(&one);
    scene_make(&another);
    another.state.intake.stats.received = 70;
    const struct snapshot *first = take(&one);
    const struct snapshot *second = take(&another);
    assert_int_equal(first->state.intake.stats.received, 60);
    assert_int_equal(second->state.intake.stats.received, 70);
    snapshot_release(first);
    snapshot_release(second);
}

static void test_memory_is_documented(void **state)
{
    (void)state;
    uint64_t none = snapshot_memory_max(0);
    assert_in_range(none, 1, 256 * 1024);
    assert_int_equal(snapshot_memory_max(1000) - none,
                     1000 * SNAPSHOT_COPIES_MAX * sizeof(struct metrics_gauges));
}

/* Open groups that are below are in `other` at once, and in its peak from then on. */
static void test_what_is_hidden(void **state)
{
    (void)state;
    struct scene scene;
    uint32_t other[DOMAINS] = {3, 0};
    scene_make(&scene);
    scene.state.counts.groups.group_count = 3;
    scene.state.counts.groups.domain_count = 1;
    scene.state.counts.groups.other = other;
    scene.state.counts.groups.min_clients = 5;
    scene.entries[0] = (struct group){.active = 5, .established = 3, .peak = 7};
    scene.entries[1] = (struct group){.active = 9, .established = 2, .peak = 9, .closed = true};
    scene.entries[2] = (struct group){.active = 9, .established = 2, .peak = 11, .other = true};
    const struct snapshot *snapshot = take(&scene);
    assert_int_equal(snapshot->gauges[0].active, 5);
    assert_int_equal(snapshot->gauges[0].established, 3);
    assert_int_equal(snapshot->gauges[1].active, 0);
    assert_int_equal(snapshot->gauges[1].established, 0);
    assert_int_equal(snapshot->gauges[1].peak, 9);
    assert_int_equal(snapshot->gauges[2].active, 9);
    assert_int_equal(snapshot->gauges[2].established, 2);
    assert_int_equal(snapshot->gauges[2].peak, 11);
    snapshot_release(snapshot);

    scene.entries[0].active = 4;
    snapshot = take(&scene);
    assert_int_equal(snapshot->gauges[0].active, 0);
    assert_int_equal(snapshot->gauges[0].established, 0);
    assert_int_equal(snapshot->gauges[0].peak, 7);
    assert_int_equal(snapshot->gauges[2].active, 13);
    assert_int_equal(snapshot->gauges[2].established, 5);
    assert_int_equal(snapshot->gauges[2].peak, 13);
    snapshot_release(snapshot);

    scene.entries[0].active = 5;
    snapshot = take(&scene);
    assert_int_equal(snapshot->gauges[2].active, 9);
    assert_int_equal(snapshot->gauges[2].peak, 13);
    snapshot_release(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_is_of_one_moment),
        cmocka_unit_test(test_scrapes_that_overlap_share),
        cmocka_unit_test(test_an_old_copy_is_not_shared),
        cmocka_unit_test(test_copies_are_bounded),
        cmocka_unit_test(test_other_sources_have_other_copies),
        cmocka_unit_test(test_memory_is_documented),
        cmocka_unit_test(test_what_is_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
