/* The names of networks, from databases that tests/data/make_databases.pl makes. */
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/geoip/database.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/layout.h"
#include "exporter/geoip/organizations.h"
#include "exporter/geoip/outcome.h"
#include "exporter/text/foreign_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX = 100 };

static char folder[] = "/tmp/test_network_names.XXXXXX";

/* The paths of keys that are looked for, in this order. */
static const char *const paths[] = {
    "autonomous_system_organization",
    "as_name",
    "country.AutonomousSystemOrganization",
    "traits.autonomous_system_organization",
    "as.name",
    "asn.organization",
    "asn.org",
    "asn.descr",
    "asn.name",
    "as.organization.name",
    "as.organization",
    "connection.organization",
    "connection.org",
    "AutonomousSystemOrganization",
    "as_organization",
    "asname",
    "org",
    "name",
};
enum { PATHS = sizeof paths / sizeof paths[0] };

/* --- Helpers. */

static const char *path_of(char buffer[PATH_MAX], const char *name)
{
    assert_true(snprintf(buffer, PATH_MAX, "%s/%s.mmdb", folder, name) < PATH_MAX);
    return buffer;
}

static struct geoip *open_with(const char *country, const char *asn, uint32_t max)
{
    static char country_path[PATH_MAX]; /* not owned by whom they are given to */
    static char asn_path[PATH_MAX];
    struct geoip *geoip = NULL;
    struct geoip_error error;
    assert_int_equal(geoip_open(country ? path_of(country_path, country) : NULL,
                                asn ? path_of(asn_path, asn) : NULL, max, &geoip, &error),
                     0);
    return geoip;
}

static void address_of(const char *text, uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (strchr(text, ':') != NULL) {
        assert_int_equal(inet_pton(AF_INET6, text, address), 1);
    } else {
        memcpy(address, mapped, sizeof mapped);
        assert_int_equal(inet_pton(AF_INET, text, address + 12), 1);
    }
}

/* Looks an address up as the exporter does. Returns whether the answer was fresh. */
static bool note(struct geoip *geoip, const char *text)
{
    uint8_t address[16];
    address_of(text, address);
    bool fresh = true;
    struct geo geo = geoip_lookup(geoip, address, &fresh);
    if (fresh) {
        geoip_note_organization(geoip, address, geo.asn);
    }
    return fresh;
}

static const char *name_of(struct geoip *geoip, uint32_t asn)
{
    const struct foreign_text *name = organizations_find(geoip_organizations(geoip), asn);
    return name != NULL ? name->text : "(none)";
}

/* Notes the name of an address, and checks it. */
static void check_name(struct geoip *geoip, const char *address, uint32_t asn, const char *name)
{
    assert_true(note(geoip, address));
    assert_string_equal(name_of(geoip, asn), name);
}

/* Puts a copy of one file in another's place. */
static void put(const char *from, const char *to)
{
    char command[3 * PATH_MAX];
    (void)snprintf(command, sizeof command, "cd %s && cp %s.mmdb new && mv new %s.mmdb", folder,
                   from, to);
    assert_int_equal(system(command), 0);
}

static void reload(struct geoip *geoip, enum geoip_which which)
{
    struct geoip_error error;
    enum geoip_outcome result;
    do {
        result = geoip_reload(geoip, which, false, &error);
    } while (result == GEOIP_COPYING);
    assert_int_equal(result, GEOIP_RELOADED);
}

/* --- Layouts. */

static void test_each_path(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PATHS; i++) {
        char file[128];
        (void)snprintf(file, sizeof file, "organization-%s", paths[i]);
        struct geoip *geoip = open_with(NULL, file, MAX);
        check_name(geoip, "10.77.1.1", 64496, "Example Network 64496");
        check_name(geoip, "fd77:2::1", 65536, "Example Network 65536");
        check_name(geoip, "192.0.2.129", 64501, "Example Network 64501");
        check_name(geoip, "10.77.3.1", UINT32_MAX, "Example Network 4294967295");
        assert_int_equal(geoip_organizations(geoip)->count, 4);
        geoip_close(geoip);
    }
}

static void test_products(void **state)
{
    (void)state;
    static const char *const files[] = {"asn", "location-asn", "ipinfo-lite", "geoopen"};
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct geoip *geoip = open_with(NULL, files[i], MAX);
        check_name(geoip, "10.77.2.1", 64497, "Example Network 64497");
        geoip_close(geoip);
    }
}

/* From the N-th record on each has one path less. */
static void test_order_of_paths(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PATHS; i++) {
        char address[32];
        struct geoip *geoip = open_with(NULL, "organizations", MAX);
        (void)snprintf(address, sizeof address, "10.77.%u.1", i);
        check_name(geoip, address, 64496, paths[i]);
        geoip_close(geoip);
    }
}

static void test_odd_names(void **state)
{
    (void)state;
    char cut[FOREIGN_TEXT_MAX + 1];
    char cut_between[FOREIGN_TEXT_MAX + 1] = "x";
    memset(cut, 'x', FOREIGN_TEXT_MAX);
    cut[FOREIGN_TEXT_MAX] = '\0';
    while (strlen(cut_between) + 2 <= FOREIGN_TEXT_MAX) {
        strcat(cut_between, "\xc3\xa9");
    }
    const char *const names[] = {
        cut,
        cut_between,
        "red [31m line \"quote\"\\ {}",
        "back wards",
        "After spaces",
        "After a number",
        "After a map",
        "After deep maps",
        "After empty maps",
        "",
        "",
        "",
        "Beside",
        "Deep",
        "",
        "</title><script>alert(1)</script> &amp;",
        "Between texts for maps",
    };
    struct geoip *geoip = open_with(NULL, "odd-organizations", MAX);
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        char address[32];
        (void)snprintf(address, sizeof address, "10.77.%u.1", i);
        check_name(geoip, address, 64496 + i, names[i]);
    }
    geoip_close(geoip);
}

/* Reads an address's name past the cache. */
static bool read_name(const struct geoip_database *database, const char *address,
                      struct foreign_text *name)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, address, &v4.sin_addr), 1);
    return geoip_database_organization(database, (const struct sockaddr *)&v4, name);
}

static void test_no_name_leaves_the_output_alone(void **state)
{
    (void)state;
    static const char *const without[] = {"10.77.9.1",  "10.77.10.1", "10.77.11.1",
                                          "10.77.14.1", "10.77.99.1", "224.0.0.1"};
    char path[PATH_MAX];
    struct geoip_database database;
    struct geoip_error error;
    assert_int_equal(
        geoip_database_open(&geoip_kind_asn, path_of(path, "odd-organizations"), &database, &error),
        0);
    struct foreign_text untouched;
    memset(&untouched, 0xa5, sizeof untouched);
    struct foreign_text name = untouched;
    for (unsigned i = 0; i < sizeof without / sizeof without[0]; i++) {
        assert_false(read_name(&database, without[i], &name));
        assert_memory_equal(&name, &untouched, sizeof name);
    }
    assert_true(read_name(&database, "10.77.4.1", &name));
    assert_string_equal(name.text, "After spaces");
    assert_int_equal(database.lookups, 0);
    assert_int_equal(database.unmatched, 0);
    geoip_database_close(&database);
    name = untouched;
    assert_false(read_name(&database, "10.77.4.1", &name));
    assert_memory_equal(&name, &untouched, sizeof name);
}

/* The map, a key and its value are three steps. */
static void test_steps_of_a_record(void **state)
{
    (void)state;
    char path[PATH_MAX];
    struct geoip_database database;
    struct geoip_error error;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    int status;
    assert_int_equal(geoip_database_open(&geoip_kind_asn, path_of(path, "asn"), &database, &error),
                     0);
    assert_int_equal(inet_pton(AF_INET, "10.77.1.1", &v4.sin_addr), 1);
    MMDB_lookup_result_s result =
        MMDB_lookup_sockaddr(&database.mmdb, (const struct sockaddr *)&v4, &status);
    assert_true(status == MMDB_SUCCESS && result.found_entry);
    struct geo place = GEO_UNKNOWN;
    unsigned steps = 2;
    assert_false(geoip_layout_asn(&result.entry, &steps, &place));
    assert_int_equal(steps, 0);
    assert_int_equal(place.asn, 0);
    steps = 2000;
    assert_true(geoip_layout_asn(&result.entry, &steps, &place));
    assert_int_equal(steps, 1997);
    assert_int_equal(place.asn, 64496);
    geoip_database_close(&database);
}

/* --- What is fresh, and what is kept. */

static void test_fresh(void **state)
{
    (void)state;
    struct geoip *geoip = open_with("country", "asn", MAX);
    assert_true(note(geoip, "10.77.1.1"));
    assert_false(note(geoip, "10.77.1.1"));
    assert_true(note(geoip, "10.77.1.2"));
    assert_true(note(geoip, "10.77.200.1")); /* unknown, by the databases */
    assert_false(note(geoip, "10.77.200.1"));
    put("asn", "asn");
    reload(geoip, GEOIP_ASN);
    assert_true(note(geoip, "10.77.1.1"));
    geoip_close(geoip);
}

/* Of two addresses in a set both are cached; among so many there are some. */
static void test_second_way_is_not_fresh(void **state)
{
    (void)state;
    enum { ADDRESSES = 200 };
    struct geoip *geoip = open_with(NULL, "asn", MAX);
    for (unsigned i = 1; i < ADDRESSES; i++) {
        for (unsigned j = 0; j < i; j++) {
            char one[32];
            char other[32];
            (void)snprintf(one, sizeof one, "10.77.1.%u", i);
            (void)snprintf(other, sizeof other, "10.77.2.%u", j);
            (void)note(geoip, one);
            (void)note(geoip, other);
            assert_false(note(geoip, one));
            assert_false(note(geoip, other));
        }
    }
    geoip_close(geoip);
}

/* A name is read once for each ASN and version, whatever address it is asked for. */
static void test_known_names_are_not_read_again(void **state)
{
    (void)state;
    put("asn", "kept");
    struct geoip *geoip = open_with("country", "kept", MAX);
    uint8_t address[16];
    address_of("10.77.1.1", address);
    geoip_note_organization(geoip, address, 64511); /* its record's name, under any number */
    assert_string_equal(name_of(geoip, 64511), "Example Network 64496");
    address_of("10.77.2.1", address);
    geoip_note_organization(geoip, address, 64511);
    assert_string_equal(name_of(geoip, 64511), "Example Network 64496");
    put("country", "country");
    reload(geoip, GEOIP_COUNTRY);
    geoip_note_organization(geoip, address, 64511);
    assert_string_equal(name_of(geoip, 64511), "Example Network 64496");
    put("asn", "kept");
    reload(geoip, GEOIP_ASN);
    geoip_note_organization(geoip, address, 64511);
    assert_string_equal(name_of(geoip, 64511), "Example Network 64497");
    assert_int_equal(geoip_organizations(geoip)->count, 1);
    geoip_close(geoip);
}

static void test_reload_changes_a_name(void **state)
{
    (void)state;
    put("organizations", "changed");
    struct geoip *geoip = open_with(NULL, "changed", MAX);
    check_name(geoip, "10.77.1.1", 64496, "as_name");
    put("asn", "changed");
    reload(geoip, GEOIP_ASN);
    assert_string_equal(name_of(geoip, 64496), "as_name"); /* until it is looked up */
    check_name(geoip, "10.77.1.1", 64496, "Example Network 64496");
    put("asn-asn", "changed"); /* without names */
    reload(geoip, GEOIP_ASN);
    check_name(geoip, "10.77.1.1", 64496, "");
    put("organizations", "changed");
    reload(geoip, GEOIP_ASN);
    check_name(geoip, "10.77.3.1", 64496, paths[3]);
    assert_int_equal(geoip_organizations(geoip)->count, 1);
    geoip_close(geoip);
}

static void test_full(void **state)
{
    (void)state;
    struct geoip *geoip = open_with(NULL, "asn", 2);
    check_name(geoip, "10.77.1.1", 64496, "Example Network 64496");
    check_name(geoip, "10.77.2.1", 64497, "Example Network 64497");
    check_name(geoip, "10.77.3.1", UINT32_MAX, "(none)");
    assert_int_equal(geoip_organizations(geoip)->count, 2);
    geoip_close(geoip);
}

static void test_lookups_do_not_count_names(void **state)
{
    (void)state;
    struct geoip *geoip = open_with(NULL, "asn", MAX);
    (void)note(geoip, "10.77.1.1");
    assert_int_equal(geoip_values(geoip, GEOIP_ASN).lookups, 1);
    assert_int_equal(geoip_values(geoip, GEOIP_ASN).unmatched, 0);
    geoip_close(geoip);
}

static void test_without_an_asn_database(void **state)
{
    (void)state;
    assert_null(geoip_organizations(NULL));
    for (unsigned i = 0; i < 2; i++) {
        struct geoip *geoip = open_with(i == 0 ? "country" : NULL, NULL, MAX);
        uint8_t address[16];
        address_of("10.77.1.1", address);
        geoip_note_organization(geoip, address, 64496);
        assert_null(geoip_organizations(geoip));
        assert_int_equal(note(geoip, "10.77.1.1"), i == 0);
        geoip_close(geoip);
    }
    struct geoip *geoip = open_with("country", NULL, 0); /* which is not looked at */
    geoip_close(geoip);
}

static void test_wrong_maximum(void **state)
{
    (void)state;
    static const uint32_t wrong[] = {0, GROUPS_MAX + 1};
    char path[PATH_MAX];
    path_of(path, "asn");
    for (unsigned i = 0; i < 2; i++) {
        struct geoip *untouched = (struct geoip *)folder;
        struct geoip *geoip = untouched;
        struct geoip_error error = {.reason = NULL};
        assert_int_equal(geoip_open(NULL, path, wrong[i], &geoip, &error), -EINVAL);
        assert_ptr_equal(geoip, untouched);
        assert_string_equal(error.flag, "-geoip.asn-database");
        assert_ptr_equal(error.path, path);
        assert_string_equal(error.reason, "cannot allocate the names of its ASNs; lower "
                                          "-groups.max");
    }
}

/* --- Set up. */

static int set_up(void **state)
{
    (void)state;
    char command[PATH_MAX];
    if (mkdtemp(folder) == NULL || setenv("PERL_HASH_SEED", "0", 1) != 0) {
        return -1;
    }
    (void)snprintf(command, sizeof command, "perl tests/data/make_databases.pl %s", folder);
    return system(command) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[PATH_MAX];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_path),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_order_of_paths),
        cmocka_unit_test(test_odd_names),
        cmocka_unit_test(test_no_name_leaves_the_output_alone),
        cmocka_unit_test(test_steps_of_a_record),
        cmocka_unit_test(test_fresh),
        cmocka_unit_test(test_second_way_is_not_fresh),
        cmocka_unit_test(test_known_names_are_not_read_again),
        cmocka_unit_test(test_reload_changes_a_name),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_lookups_do_not_count_names),
        cmocka_unit_test(test_without_an_asn_database),
        cmocka_unit_test(test_wrong_maximum),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
