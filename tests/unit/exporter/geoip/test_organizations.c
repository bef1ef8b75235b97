/* The table of names by ASN, without a database. */
#include "exporter/counts/groups.h"
#include "exporter/geoip/organizations.h"
#include "exporter/text/foreign_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/random.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct organizations made(uint32_t max)
{
    struct organizations organizations;
    assert_int_equal(organizations_create(max, &organizations), 0);
    return organizations;
}

static void fill(struct organizations *organizations, uint32_t asn, const char *text)
{
    struct foreign_text *name = organizations_due(organizations, asn);
    assert_non_null(name);
    (void)snprintf(name->text, sizeof name->text, "%s", text);
}

static void check_name(const struct organizations *organizations, uint32_t asn, const char *text)
{
    const struct foreign_text *name = organizations_find(organizations, asn);
    assert_non_null(name);
    assert_string_equal(name->text, text);
}

static void test_limits(void **state)
{
    (void)state;
    struct organizations untouched;
    struct organizations organizations;
    memset(&untouched, 0xa5, sizeof untouched);
    organizations = untouched;
    assert_int_equal(organizations_create(0, &organizations), -EINVAL);
    assert_int_equal(organizations_create(GROUPS_MAX + 1, &organizations), -EINVAL);
    assert_memory_equal(&organizations, &untouched, sizeof untouched);
    organizations = made(GROUPS_MAX);
    assert_int_equal(organizations.max, GROUPS_MAX);
    organizations_destroy(&organizations);
    organizations_destroy(&organizations);
    assert_null(organizations.entries);
}

static void test_memory(void **state)
{
    (void)state;
    struct organizations organizations = made(1);
    size_t entry = sizeof *organizations.entries;
    size_t slot = sizeof *organizations.slots;
    assert_int_equal(organizations_memory_max(1), entry + 2 * slot);
    assert_int_equal(organizations_memory_max(GROUPS_MAX), GROUPS_MAX * (entry + 2 * slot));
    assert_int_equal(organizations_memory_max(UINT32_MAX), UINT32_MAX * (entry + 2 * slot));
    organizations_destroy(&organizations);
}

static void test_new_known_and_renewed(void **state)
{
    (void)state;
    struct organizations organizations = made(3);
    assert_null(organizations_find(&organizations, 64496));
    struct foreign_text *name = organizations_due(&organizations, 64496);
    assert_ptr_equal(name, &organizations.entries[0].name);
    assert_string_equal(name->text, "");
    assert_int_equal(organizations.count, 1);
    assert_int_equal(organizations.entries[0].asn, 64496);
    strcpy(name->text, "One");
    assert_null(organizations_due(&organizations, 64496));
    check_name(&organizations, 64496, "One");

    organizations_renew(&organizations);
    fill(&organizations, 64497, "Two"); /* of the new version from the start */
    assert_null(organizations_due(&organizations, 64497));
    check_name(&organizations, 64496, "One"); /* until it is due again */
    assert_ptr_equal(organizations_due(&organizations, 64496), name);
    assert_null(organizations_due(&organizations, 64496));
    assert_int_equal(organizations.count, 2);
    organizations_destroy(&organizations);
}

static void test_full(void **state)
{
    (void)state;
    struct organizations organizations = made(2);
    fill(&organizations, 1, "One");
    fill(&organizations, UINT32_MAX, "Last");
    assert_null(organizations_due(&organizations, 2));
    assert_null(organizations_find(&organizations, 2));
    assert_int_equal(organizations.count, 2);
    organizations_renew(&organizations);
    assert_null(organizations_due(&organizations, 2));
    fill(&organizations, UINT32_MAX, "Renewed");
    check_name(&organizations, UINT32_MAX, "Renewed");
    check_name(&organizations, 1, "One");
    organizations_destroy(&organizations);
}

static void test_all_zero(void **state)
{
    (void)state;
    struct organizations none = {.count = 0};
    organizations_renew(&none);
    assert_null(organizations_due(&none, 64496));
    assert_null(organizations_find(&none, 64496));
    assert_int_equal(none.count, 0);
    organizations_destroy(&none);
}

/* ASNs that anybody can choose do not share slots in two tables. */
static void test_secret(void **state)
{
    (void)state;
    struct organizations one = made(1);
    struct organizations other = made(1);
    assert_memory_not_equal(one.secret, other.secret, sizeof one.secret);
    organizations_destroy(&one);
    organizations_destroy(&other);
}

/* Each ASN has one entry, in the order in which they came; half of the slots stay empty. */
static void test_many(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    static uint32_t asns[MANY];
    struct organizations organizations = made(MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        asns[i] = i % 2 == 0 ? 1 + i / 2 : (uint32_t)random_next() | 1u << 31;
        struct foreign_text *name = organizations_due(&organizations, asns[i]);
        if (name == NULL) { /* a number that came before */
            asns[i] = 64496u + MANY + i;
            name = organizations_due(&organizations, asns[i]);
        }
        assert_ptr_equal(name, &organizations.entries[i].name);
        assert_string_equal(name->text, "");
        (void)snprintf(name->text, sizeof name->text, "%u", asns[i]);
    }
    assert_int_equal(organizations.count, MANY);
    assert_int_equal(organizations.slot_count, 2 * MANY);
    organizations_renew(&organizations);
    for (uint32_t i = 0; i < MANY; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%u", asns[i]);
        assert_int_equal(organizations.entries[i].asn, asns[i]);
        check_name(&organizations, asns[i], text);
        assert_ptr_equal(organizations_due(&organizations, asns[i]),
                         &organizations.entries[i].name);
        assert_null(organizations_due(&organizations, asns[i]));
    }
    organizations_destroy(&organizations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_new_known_and_renewed),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_all_zero),
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_many),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
