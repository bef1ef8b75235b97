/* Databases that are replaced while the time goes on as the tests say: in use within a minute, by
 * whatever way the new file came there. Files are made by tests/data/make_databases.pl. */
#include "exporter/counts/geo.h"
#include "exporter/geoip/copy.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/outcome.h"
#include "exporter/reload.h"
#include "exporter/state/state.h"
#include "exporter/system/wall_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/exporter/reload_calls.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    START = 1000, /* second of the first test */
    FILE_BYTES_MAX = 65536,
    BUILT_DE = 1700000000,
    BUILT_FR = 1600000000, /* older: a step back is a replacement too */
};

static char folder[] = "/tmp/test_reload.XXXXXX";
static const uint8_t address[16] = {[10] = 0xff, 0xff, 10, 77, 1, 9};

/* --- Helpers. */

/* The path of a file of the folder; the latest four are kept. */
static const char *path_of(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];
    assert_true(snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX);
    return path;
}

static size_t read_file(const char *name, uint8_t bytes[FILE_BYTES_MAX])
{
    FILE *file = fopen(path_of(name), "r");
    assert_non_null(file);
    size_t length = fread(bytes, 1, FILE_BYTES_MAX, file);
    assert_in_range(length, 1, FILE_BYTES_MAX - 1);
    fclose(file);
    return length;
}

/* Over what is there, in place. */
static void copy(const char *from, const char *to)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    size_t length = read_file(from, bytes);
    FILE *file = fopen(path_of(to), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* Makes a database larger by bytes that nothing points at, in front of the description at its
 * end. */
static void pad(const char *name, size_t more)
{
    static const char mark[] = "\xab\xcd\xefMaxMind.com";
    static uint8_t bytes[FILE_BYTES_MAX];
    size_t length = read_file(name, bytes);
    const uint8_t *end = memmem(bytes, length, mark, strlen(mark));
    assert_non_null(end);
    size_t before = (size_t)(end - bytes);
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, before, file), before);
    assert_int_equal(fseek(file, (long)more, SEEK_CUR), 0);
    assert_int_equal(fwrite(end, 1, length - before, file), length - before);
    assert_int_equal(fclose(file), 0);
}

static void rename_to(const char *from, const char *to)
{
    copy(from, "fresh");
    assert_int_equal(rename(path_of("fresh"), path_of(to)), 0);
}

static void link_to(const char *target, const char *link)
{
    unlink(path_of("fresh"));
    assert_int_equal(symlink(path_of(target), path_of("fresh")), 0);
    assert_int_equal(rename(path_of("fresh"), path_of(link)), 0);
}

/* The same time of change for every file: what is left to tell them apart is the rest. */
static void set_time(const char *name)
{
    const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, path_of(name), times, 0), 0);
}

static struct state shown;

static void start(const char *country, const char *asn, struct reload *reload)
{
    static char paths[GEOIP_DATABASES][PATH_MAX]; /* not owned by those who are given them */
    const char *const names[GEOIP_DATABASES] = {[GEOIP_COUNTRY] = country, [GEOIP_ASN] = asn};
    const char *given[GEOIP_DATABASES] = {NULL};
    struct geoip *geoip = NULL;
    struct geoip_error error;
    for (unsigned i = 0; i < GEOIP_DATABASES; i++) {
        if (names[i] != NULL) {
            strcpy(paths[i], path_of(names[i]));
            given[i] = paths[i];
        }
    }
    assert_int_equal(geoip_open(given[GEOIP_COUNTRY], given[GEOIP_ASN], 10, &geoip, &error), 0);
    shown = (struct state){
        .options = {.country_database = given[GEOIP_COUNTRY], .asn_database = given[GEOIP_ASN]},
        .geoip = geoip,
    };
    reload_start(&shown, NULL, START, reload);
}

/* Looked up twice, so that the cache has it. */
static void check_place(const struct reload *reload, const char *country, uint32_t asn)
{
    for (unsigned i = 0; i < 2; i++) {
        bool fresh;
        struct geo place = geoip_lookup(reload->state->geoip, address, &fresh);
        assert_int_equal(place.country, GEO_COUNTRY(country[0], country[1]));
        assert_int_equal(place.asn, asn);
    }
}

/* A whole look; that it takes more than one call is what test_copied_in_steps is about. */
static bool look(struct reload *reload, uint32_t now)
{
    bool asked = run_once(reload, now);
    while (reload->stage != RELOAD_IDLE) {
        assert_false(asked);
        assert_int_equal(due_in(reload, now), 0);
        asked = run_once(reload, now);
    }
    return asked;
}

/* Nothing happens before the next look is due, and then the new file is in use. */
static void check_taken_in_by_itself(struct reload *reload, const char *country)
{
    uint32_t now = reload->second;
    assert_int_equal(due_in(reload, now + 1), RELOAD_INTERVAL_SECONDS - 1);
    check_place(reload, "DE", 0);
    assert_false(run_once(reload, now + RELOAD_INTERVAL_SECONDS - 1));
    check_place(reload, "DE", 0);
    assert_false(look(reload, now + RELOAD_INTERVAL_SECONDS));
    check_place(reload, country, 0);
}

/* --- The tests. */

static void test_by_itself(void **state)
{
    static const struct {
        const char *name;
        void (*replace)(const char *from, const char *to);
        bool same_time;
    } ways[] = {
        {"rename", rename_to, false},  {"rename, backdated", rename_to, true},
        {"link", link_to, false},      {"link, backdated", link_to, true},
        {"written over", copy, false},
    };
    (void)state;
    assert_true(RELOAD_INTERVAL_SECONDS < 60);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct reload reload;
        print_message("%s\n", ways[i].name);
        copy("fr/country.mmdb", "new.mmdb");
        unlink(path_of("used.mmdb"));
        ways[i].replace("de/country.mmdb", "used.mmdb");
        if (ways[i].same_time) {
            set_time("used.mmdb");
        }
        start("used.mmdb", NULL, &reload);
        struct geoip_values before = geoip_values(reload.state->geoip, GEOIP_COUNTRY);
        assert_int_equal(before.build_time, BUILT_DE);
        ways[i].replace("new.mmdb", "used.mmdb");
        if (ways[i].same_time) {
            set_time("used.mmdb");
        }
        check_taken_in_by_itself(&reload, "FR");
        assert_int_equal(geoip_values(reload.state->geoip, GEOIP_COUNTRY).build_time, BUILT_FR);
        geoip_close(reload.state->geoip);
    }
}

/* Truncated where it stands: the copy in memory is whole, and nothing is taken in. */
static void test_truncated_in_place(void **state)
{
    struct reload reload;
    (void)state;
    rename_to("de/country.mmdb", "used.mmdb");
    start("used.mmdb", NULL, &reload);
    reload.state->databases[GEOIP_COUNTRY].file.success_moment = 7;
    assert_int_equal(truncate(path_of("used.mmdb"), 300), 0);
    check_taken_in_by_itself(&reload, "DE");
    assert_false(reload.state->databases[GEOIP_COUNTRY].file.successful);
    assert_int_equal(reload.state->databases[GEOIP_COUNTRY].file.success_moment, 7);
    assert_true(reload.state->databases[GEOIP_ASN].file.successful);
    assert_int_equal(geoip_values(reload.state->geoip, GEOIP_COUNTRY).build_time, BUILT_DE);

    /* And whole again, it is. */
    copy("fr/country.mmdb", "used.mmdb");
    check_taken_in_by_itself(&reload, "FR");
    assert_true(reload.state->databases[GEOIP_COUNTRY].file.successful);
    assert_true(reload.state->databases[GEOIP_COUNTRY].file.success_moment >=
                wall_clock_moment() - 60000);
    geoip_close(reload.state->geoip);
}

/* SIGHUP: at once, and again when a second has passed whole. */
static void test_when_asked(void **state)
{
    struct reload reload;
    (void)state;
    rename_to("de/country.mmdb", "used.mmdb");
    start("used.mmdb", NULL, &reload);
    check_place(&reload, "DE", 0);
    rename_to("fr/country.mmdb", "used.mmdb");
    reload_request(&reload);
    assert_int_equal(due_in(&reload, START), 2);
    assert_false(look(&reload, START));
    assert_int_equal(due_in(&reload, START + 1), 1); /* maybe a moment later */
    assert_false(look(&reload, START + 1));
    assert_int_equal(due_in(&reload, START + 2), 0);
    assert_true(look(&reload, START + 2));
    check_place(&reload, "FR", 0);
    assert_false(reload.requested);
    assert_int_equal(due_in(&reload, START + 2), RELOAD_INTERVAL_SECONDS);
    geoip_close(reload.state->geoip);

    /* Without a database there is nothing to look at, and the request is dealt with all the same.
     */
    shown = (struct state){.geoip = NULL};
    reload_start(&shown, NULL, START, &reload);
    assert_true(due_in(&reload, START + 1000000) == UINT32_MAX);
    reload_request(&reload);
    assert_true(look(&reload, START + 2));
}

/* The loop turns between the steps, and goes on serving the old one until the new one is whole. A
 * request that comes meanwhile is one more look. */
static void test_copied_in_steps(void **state)
{
    enum { STEPS = 5 };
    struct reload reload;
    (void)state;
    rename_to("de/country.mmdb", "used.mmdb");
    start("used.mmdb", NULL, &reload);
    copy("fr/country.mmdb", "fresh");
    pad("fresh", (STEPS - 1) * GEOIP_COPY_STEP);
    assert_int_equal(rename(path_of("fresh"), path_of("used.mmdb")), 0);
    reload_request(&reload);
    unsigned calls = 1;
    for (; !run_once(&reload, START + 2); calls++) {
        assert_in_range(calls, 1, STEPS);
        assert_int_equal(due_in(&reload, START + 2), 0);
        check_place(&reload, "DE", 0);
        reload_request(&reload);
    }
    /* One that begins, and one for each step. */
    assert_int_equal(calls, 1 + STEPS);
    check_place(&reload, "FR", 0);
    assert_true(reload.requested);
    assert_int_equal(due_in(&reload, START + 2), RELOAD_REQUEST_SECONDS);

    /* Ended in the middle of it. */
    copy("de/country.mmdb", "fresh");
    pad("fresh", GEOIP_COPY_STEP);
    assert_int_equal(rename(path_of("fresh"), path_of("used.mmdb")), 0);
    assert_false(run_once(&reload, START + 4));
    int lowest = dup(0);
    close(lowest);
    geoip_close(reload.state->geoip);
    int freed = dup(0);
    close(freed);
    assert_true(freed < lowest);
}

/* Larger than a database may be: refused before a byte of it is copied. */
static void test_too_large(void **state)
{
    struct reload reload;
    (void)state;
    rename_to("de/country.mmdb", "used.mmdb");
    start("used.mmdb", NULL, &reload);
    copy("fr/country.mmdb", "fresh");
    assert_int_equal(truncate(path_of("fresh"), GEOIP_COPY_BYTES_MAX + 1), 0);
    assert_int_equal(rename(path_of("fresh"), path_of("used.mmdb")), 0);
    reload_request(&reload);
    assert_true(run_once(&reload, START + 2));
    assert_false(reload.state->databases[GEOIP_COUNTRY].file.successful);
    check_place(&reload, "DE", 0);
    geoip_close(reload.state->geoip);
}

/* The very version that is in use comes back to its path, after none or one of no use. */
static void test_the_same_comes_back(void **state)
{
    struct reload reload;
    uint32_t now = START;
    (void)state;
    rename_to("de/country.mmdb", "used.mmdb");
    start("used.mmdb", NULL, &reload);
    for (unsigned replaced = 0; replaced < 2; replaced++) {
        assert_int_equal(rename(path_of("used.mmdb"), path_of("away.mmdb")), 0);
        if (replaced) {
            rename_to("de/spec.json", "used.mmdb");
        }
        assert_false(look(&reload, now += RELOAD_INTERVAL_SECONDS));
        assert_false(reload.state->databases[GEOIP_COUNTRY].file.successful);
        assert_int_equal(rename(path_of("away.mmdb"), path_of("used.mmdb")), 0);
        assert_false(look(&reload, now += RELOAD_INTERVAL_SECONDS));
        assert_true(reload.state->databases[GEOIP_COUNTRY].file.successful);
        check_place(&reload, "DE", 0);
    }
    geoip_close(reload.state->geoip);
}

static void check_figures(const struct reload *reload, enum geoip_which which, uint64_t lookups,
                          uint64_t unmatched)
{
    struct geoip_values figures = geoip_values(reload->state->geoip, which);
    assert_int_equal(figures.lookups, lookups);
    assert_int_equal(figures.unmatched, unmatched);
}

/* One file for both flags is read for each, and lookups count in each, across its versions. */
static void test_one_file_for_both(void **state)
{
    static const uint8_t unknown[16] = {[10] = 0xff, 0xff, 10, 99, 1, 9};
    struct reload reload;
    (void)state;
    rename_to("layouts/ipinfo-lite.mmdb", "both.mmdb");
    start("both.mmdb", "both.mmdb", &reload);
    check_place(&reload, "DE", 64496);
    check_figures(&reload, GEOIP_COUNTRY, 1, 0);
    bool fresh;
    (void)geoip_lookup(reload.state->geoip, unknown, &fresh);
    (void)geoip_lookup(reload.state->geoip, unknown, &fresh);
    check_figures(&reload, GEOIP_COUNTRY, 2, 1);
    check_figures(&reload, GEOIP_ASN, 2, 1);

    rename_to("layouts/geoopen.mmdb", "both.mmdb");
    reload.state->databases[GEOIP_COUNTRY].file.success_moment = 0;
    reload.state->databases[GEOIP_ASN].file.success_moment = 0;
    assert_false(look(&reload, START + RELOAD_INTERVAL_SECONDS));
    assert_true(reload.state->databases[GEOIP_COUNTRY].file.success_moment > 0);
    assert_true(reload.state->databases[GEOIP_ASN].file.success_moment > 0);
    check_place(&reload, "DE", 64496);
    check_figures(&reload, GEOIP_COUNTRY, 3, 1); /* the cache was emptied, the counters were not */
    check_figures(&reload, GEOIP_ASN, 3, 1);

    /* A version with one half of it alone is of no use to the other flag. */
    rename_to("layouts/location-asn.mmdb", "both.mmdb");
    assert_false(look(&reload, START + 2 * RELOAD_INTERVAL_SECONDS));
    assert_false(reload.state->databases[GEOIP_COUNTRY].file.successful);
    assert_true(reload.state->databases[GEOIP_ASN].file.successful);
    check_place(&reload, "DE", 64496);
    geoip_close(reload.state->geoip);
}

/* Every layout is taken in as a replacement of every other. */
static void test_every_layout_replaces_another(void **state)
{
    static const struct {
        const char *name;
        bool country;
        bool asn;
    } layouts[] = {
        {"layouts/country.mmdb", true, false},
        {"layouts/asn.mmdb", false, true},
        {"layouts/dbip-country.mmdb", true, false},
        {"layouts/ipinfo-lite.mmdb", true, true},
        {"layouts/ipinfo-country-asn.mmdb", true, true},
        {"layouts/location-country.mmdb", true, false},
        {"layouts/location-asn.mmdb", false, true},
        {"layouts/geoopen.mmdb", true, true},
    };
    struct reload reload;
    uint32_t now = START;
    (void)state;
    rename_to("de/country.mmdb", "country.mmdb");
    rename_to("de/asn.mmdb", "asn.mmdb");
    start("country.mmdb", "asn.mmdb", &reload);
    check_place(&reload, "DE", 64500);
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        reload.state->databases[GEOIP_COUNTRY].file.success_moment = 0;
        reload.state->databases[GEOIP_ASN].file.success_moment = 0;
        if (layouts[i].country) {
            rename_to(layouts[i].name, "country.mmdb");
        }
        if (layouts[i].asn) {
            rename_to(layouts[i].name, "asn.mmdb");
        }
        assert_false(look(&reload, now += RELOAD_INTERVAL_SECONDS));
        assert_int_equal(reload.state->databases[GEOIP_COUNTRY].file.success_moment > 0,
                         layouts[i].country);
        assert_int_equal(reload.state->databases[GEOIP_ASN].file.success_moment > 0,
                         layouts[i].asn);
        check_place(&reload, "DE", i == 0 ? 64500 : 64496);
    }
    geoip_close(reload.state->geoip);
}

/* --- Set up. */

/* Makes a folder with databases: of one place where a country is given, otherwise of each layout.
 */
static int make(const char *name, const char *country, unsigned built)
{
    char command[PATH_MAX * 3];
    char spec[PATH_MAX] = "";
    if (mkdir(path_of(name), 0755) != 0) {
        return -1;
    }
    if (country != NULL) {
        snprintf(spec, sizeof spec, "%s/spec.json", path_of(name));
        FILE *file = fopen(spec, "w");
        if (file == NULL) {
            return -1;
        }
        fprintf(file, "[{\"network\": \"10.77.0.0/16\", \"country\": \"%s\", \"asn\": 64500}]",
                country);
        fclose(file);
    }
    snprintf(command, sizeof command,
             "SOURCE_DATE_EPOCH=%u perl tests/data/make_databases.pl %s %s", built, path_of(name),
             spec);
    return system(command) == 0 ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || make("de", "DE", BUILT_DE) != 0 ||
        make("fr", "FR", BUILT_FR) != 0) {
        return -1;
    }
    return make("layouts", NULL, BUILT_DE);
}

static int tear_down(void **state)
{
    char command[PATH_MAX];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_itself),
        cmocka_unit_test(test_truncated_in_place),
        cmocka_unit_test(test_when_asked),
        cmocka_unit_test(test_copied_in_steps),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_the_same_comes_back),
        cmocka_unit_test(test_one_file_for_both),
        cmocka_unit_test(test_every_layout_replaces_another),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
