#include "exporter/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { GROUPS = 40, DOMAINS = 2 };

/* What there is to copy, put together by hand. */
struct scene {
    struct intake intake;
    struct series_group groups[GROUPS];
    struct series_domain domains[DOMAINS];
    struct series series;
    struct sessions sessions;
    struct distinct distinct;
    struct reload reload;
    struct replies replies;
    struct drops drops;
    bool stale;
    struct exposition_sources sources;
};

static void scene_make(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    for (unsigned i = 0; i < GROUPS; i++) {
        scene->groups[i].active = i;
        scene->groups[i].peak = 100 + i;
    }
    scene->domains[1] = (struct series_domain){.active = 7, .peak = 8};
    scene->series.groups = scene->groups;
    scene->series.group_count = GROUPS;
    scene->series.domains = scene->domains;
    scene->series.domain_count = DOMAINS;
    scene->series.capped = 11;
    scene->intake.stats = (struct wire_stats){.received = 60, .ignored = {1, 2, 3, 4, 5}};
    scene->sources = (struct exposition_sources){.intake = &scene->intake,
                                                 .series = &scene->series,
                                                 .sessions = &scene->sessions,
                                                 .distinct = &scene->distinct,
                                                 .reload = &scene->reload,
                                                 .replies = &scene->replies,
                                                 .drops = &scene->drops,
                                                 .stale = &scene->stale};
}

/* In the place of the exporter's. */
struct process_figures process_read(const struct process *process)
{
    assert_null(process);
    return (struct process_figures){.resident_octets = 21};
}

struct geoip_figures geoip_figures(const struct geoip *geoip, enum geoip_which which)
{
    assert_null(geoip);
    return (struct geoip_figures){.build_time = 31 + which, .lookups = 33 + which};
}

static const struct snapshot *take(const struct scene *scene)
{
    const struct snapshot *snapshot = NULL;
    assert_int_equal(snapshot_take(&scene->sources, &snapshot), 0);
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
    scene.replies.counts[1] = 12;
    scene.drops.counts[DROP_TIMEOUT] = 14;
    scene.reload.databases[GEOIP_ASN].successful = true;
    scene.reload.databases[GEOIP_ASN].success_time = 13;
    const struct snapshot *snapshot = take(&scene);
    scene.stale = true;
    memset(&scene.replies, 0xff, sizeof scene.replies);
    memset(&scene.drops, 0xff, sizeof scene.drops);
    memset(&scene.reload.databases, 0, sizeof scene.reload.databases);
    memset(scene.groups, 0xff, sizeof scene.groups);
    memset(scene.domains, 0xff, sizeof scene.domains);
    scene.series.group_count = 1;
    scene.intake.stats.received = 61;

    assert_int_equal(snapshot->group_count, GROUPS);
    for (unsigned i = 0; i < GROUPS; i++) {
        assert_int_equal(snapshot->gauges[i].active, i);
        assert_int_equal(snapshot->gauges[i].peak, 100 + i);
    }
    assert_int_equal(snapshot->domain_count, DOMAINS);
    assert_int_equal(snapshot->domains[1].active, 7);
    assert_int_equal(snapshot->domains[1].peak, 8);
    assert_int_equal(snapshot->figures.received, 60);
    assert_int_equal(snapshot->figures.outcomes[METRICS_IGNORED], 15);
    assert_int_equal(snapshot->figures.series_capped, 11);
    assert_int_equal(snapshot->figures.sniffer_up, 1);
    assert_int_equal(snapshot->figures.replies[1], 12);
    assert_int_equal(snapshot->figures.drops[DROP_TIMEOUT], 14);
    assert_int_equal(snapshot->figures.process.resident_octets, 21);
    const struct metrics_database *databases = snapshot->figures.databases;
    assert_int_equal(databases[GEOIP_COUNTRY].figures.build_time, 31);
    assert_int_equal(databases[GEOIP_COUNTRY].reload_successful, 0);
    assert_int_equal(databases[GEOIP_ASN].figures.lookups, 34);
    assert_int_equal(databases[GEOIP_ASN].reload_successful, 1);
    assert_int_equal(databases[GEOIP_ASN].reload_time, 13);
    assert_true(snapshot->figures.web_reload_successful == PROCESS_UNKNOWN);
    assert_true(snapshot->figures.web_reload_time == PROCESS_UNKNOWN);
    snapshot_release(snapshot);
}

static void test_scrapes_that_overlap_share(void **state)
{
    (void)state;
    struct scene scene;
    scene_make(&scene);
    const struct snapshot *first = take(&scene);
    age(first, SNAPSHOT_FRESH_MS - 100);
    scene.intake.stats.received = 61;
    const struct snapshot *second = take(&scene);
    assert_ptr_equal(first, second);
    snapshot_release(first);
    assert_int_equal(second->figures.received, 60); /* it is still there */
    snapshot_release(second);

    /* Nobody reads the old one any more: a new scrape shows what is. */
    const struct snapshot *third = take(&scene);
    assert_int_equal(third->figures.received, 61);
    snapshot_release(third);
}

static void test_an_old_copy_is_not_shared(void **state)
{
    (void)state;
    struct scene scene;
    scene_make(&scene);
    const struct snapshot *first = take(&scene);
    age(first, SNAPSHOT_FRESH_MS);
    scene.intake.stats.received = 61;
    const struct snapshot *second = take(&scene);
    assert_ptr_not_equal(first, second);
    assert_int_equal(first->figures.received, 60);
    assert_int_equal(second->figures.received, 61);
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
    another.intake.stats.received = 70;
    const struct snapshot *first = take(&one);
    const struct snapshot *second = take(&another);
    assert_int_equal(first->figures.received, 60);
    assert_int_equal(second->figures.received, 70);
    snapshot_release(first);
    snapshot_release(second);
}

static void test_memory_is_documented(void **state)
{
    (void)state;
    uint64_t none = snapshot_memory_max(0);
    assert_in_range(none, 1, 64 * 1024);
    assert_int_equal(snapshot_memory_max(1000) - none,
                     1000 * SNAPSHOT_COPIES_MAX * sizeof(struct metrics_gauges));
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
