/* Databases are made by tests/data/make_databases.pl; its table of places is repeated here. */
#include "exporter/counts/geo.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/key_names.h"
#include "exporter/geoip/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/figure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/test_geoip.XXXXXX";

enum { ORGANIZATIONS = 10 }; /* names are the matter of test_network_names.c */

static const struct {
    const char *network;
    unsigned bits; /* of the 128, IPv4 being mapped */
    char country[3];
    uint32_t asn;
} places[] = {
    {"10.77.1.0", 96 + 24, "DE", 64496},
    {"10.77.2.0", 96 + 24, "FR", 64497},
    {"10.77.3.0", 96 + 24, "JP", UINT32_MAX},
    {"127.1.0.0", 96 + 16, "NL", 64498},
    {"127.2.0.0", 96 + 16, "US", 64499},
    {"192.0.2.0", 96 + 24, "BR", 64500},
    {"192.0.2.128", 96 + 25, "CL", 64501},
    {"fd77:1::", 32, "DE", 64496},
    {"fd77:2::", 32, "SE", 65536},
    {"2001:db8::", 32, "ZA", 65551},
};
enum { RESOLVERS = sizeof(places) / sizeof(places[0]) };

static uint8_t networks[RESOLVERS][16]; /* of places, in binary */

/* The paths of keys that are looked for, in this order. */
static const char *const country_paths[] = {
    "country.iso_code",
    "registered_country.iso_code",
    "country_code",
    "country",
    "geo.country_code",
    "location.country_code",
    "geo.country_iso_code",
    "country_iso_code",
    "country.code",
    "country.isoAlpha2",
    "geo.country",
    "location.country",
    "iso_code",
    "country_code2",
    "country_short",
    "countryCode",
    "cc",
    "", /* the record itself */
};

static const char *const asn_paths[] = {
    "autonomous_system_number",
    "asn",
    "country.AutonomousSystemNumber",
    "traits.autonomous_system_number",
    "as.asn",
    "asn.asn",
    "as.number",
    "asn.number",
    "asn.as_number",
    "connection.asn",
    "AutonomousSystemNumber",
    "as_number",
    "ASN",
    "as",
    "",
};

enum {
    COUNTRY_PATHS = sizeof(country_paths) / sizeof(country_paths[0]),
    ASN_PATHS = sizeof(asn_paths) / sizeof(asn_paths[0]),
};

/* As a refusal names them. */
static const char *wanted_text(const char *const *paths, unsigned count)
{
    static char text[1024];
    text[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof(text) - used, "%s%s", i > 0 ? ", " : "",
                       paths[i][0] != '\0' ? paths[i] : "(the record itself)");
    }
    return text;
}

/* --- Helpers. */

static void address_of(const char *text, uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (strchr(text, ':') != NULL) {
        assert_int_equal(inet_pton(AF_INET6, text, address), 1);
    } else {
        memcpy(address, mapped, sizeof(mapped));
        assert_int_equal(inet_pton(AF_INET, text, address + 12), 1);
    }
}

static const char *path_of(char buffer[PATH_MAX], const char *name)
{
    assert_true(snprintf(buffer, PATH_MAX, "%s/%s", folder, name) < PATH_MAX);
    return buffer;
}

static struct geoip *open_files(const char *country, const char *asn)
{
    char country_path[PATH_MAX];
    char asn_path[PATH_MAX];
    struct geoip *geoip = NULL;
    struct geoip_error error = {0};
    int code = geoip_open(country ? path_of(country_path, country) : NULL,
                          asn ? path_of(asn_path, asn) : NULL, ORGANIZATIONS, &geoip, &error);
    if (code != 0) {
        print_error("%s %s %s\n", error.flag, error.path, error.reason);
    }
    assert_int_equal(code, 0);
    return geoip;
}

/* The place of an address, whether it is in the cache or not. */
static struct geo look_up(struct geoip *geoip, const uint8_t address[16])
{
    bool fresh;
    return geoip_lookup(geoip, address, &fresh);
}

static void check_place(struct geoip *geoip, const char *address_text, const char *country,
                        uint32_t asn)
{
    uint8_t address[16];
    address_of(address_text, address);
    struct geo place = look_up(geoip, address);
    char found[] = {(char)(place.country >> 8), (char)(place.country & 0xff), '\0'};
    if (strcmp(found, country) != 0 || place.asn != asn) {
        print_error("%s: %s %u, not %s %u\n", address_text, found, place.asn, country, asn);
    }
    assert_string_equal(found, country);
    assert_int_equal(place.asn, asn);
}

/* What the table says, by the longest matching network. */
static struct geo place_by_table(const uint8_t address[16], bool with_country, bool with_asn)
{
    struct geo place = GEO_UNKNOWN;
    unsigned longest = 0;
    for (unsigned i = 0; i < RESOLVERS; i++) {
        unsigned same = 0;
        while (same < places[i].bits &&
               ((address[same / 8] ^ networks[i][same / 8]) >> (7 - same % 8) & 1) == 0) {
            same++;
        }
        if (same == places[i].bits && places[i].bits > longest) {
            longest = places[i].bits;
            place.country = GEO_COUNTRY(places[i].country[0], places[i].country[1]);
            place.asn = places[i].asn;
        }
    }
    return (struct geo){.country = with_country ? place.country : GEO_UNKNOWN.country,
                        .asn = with_asn ? place.asn : GEO_UNKNOWN.asn};
}

/* `found` and `wanted`: names of keys; "" where these are not the reason. */
static void check_refused_keys(const char *country, const char *asn, const char *flag,
                               const char *reason, int code, const char *found, const char *wanted)
{
    char country_path[PATH_MAX];
    char asn_path[PATH_MAX];
    struct geoip *untouched = (struct geoip *)folder;
    struct geoip *geoip = untouched;
    struct geoip_error error = {0};
    const char *paths[] = {country ? path_of(country_path, country) : NULL,
                           asn ? path_of(asn_path, asn) : NULL};
    assert_int_equal(geoip_open(paths[0], paths[1], ORGANIZATIONS, &geoip, &error), code);
    assert_ptr_equal(geoip, untouched);
    assert_string_equal(error.flag, flag);
    assert_ptr_equal(error.path,
                     strcmp(flag, "-geoip.country-database") == 0 ? paths[0] : paths[1]);
    assert_string_equal(error.reason, reason);
    assert_string_equal(error.keys_found.text, found);
    assert_string_equal(error.keys_wanted.text, wanted);
    assert_int_equal(error.permission, code == -EACCES);
}

static void check_refused(const char *country, const char *asn, const char *flag,
                          const char *reason, int code)
{
    check_refused_keys(country, asn, flag, reason, code, "", "");
}

/* Refused for want of countries, or of ASNs. */
static void check_none(const char *name, bool country, const char *found)
{
    check_refused_keys(country ? name : NULL, country ? NULL : name,
                       country ? "-geoip.country-database" : "-geoip.asn-database",
                       country ? "has no countries" : "has no ASNs", -EINVAL, found,
                       country ? wanted_text(country_paths, COUNTRY_PATHS)
                               : wanted_text(asn_paths, ASN_PATHS));
}

static void check_country_refused(const char *name, const char *reason, int code)
{
    check_refused(name, NULL, "-geoip.country-database", reason, code);
}

static void write_file(const char *name, const uint8_t *data, size_t length)
{
    char path[PATH_MAX];
    FILE *file = fopen(path_of(path, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

enum { FILE_MAX = 65536 };

static size_t read_whole(const char *name, uint8_t data[FILE_MAX])
{
    char path[PATH_MAX];
    FILE *file = fopen(path_of(path, name), "rb");
    assert_non_null(file);
    size_t length = fread(data, 1, FILE_MAX, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(length, 500, FILE_MAX - 1);
    return length;
}

/* Writes country.mmdb (24 bits a record) under another name, with other records in its nodes. */
static void write_tree(const char *name, uint32_t nodes, uint32_t (*record)(uint32_t index))
{
    static uint8_t data[FILE_MAX];
    size_t length = read_whole("country.mmdb", data);
    for (uint32_t i = 0; i < nodes * 2; i++) {
        uint32_t value = record(i);
        data[i * 3] = (uint8_t)(value >> 16);
        data[i * 3 + 1] = (uint8_t)(value >> 8);
        data[i * 3 + 2] = (uint8_t)value;
    }
    write_file(name, data, length);
}

static uint64_t random_state;

static uint64_t random_next(void)
{
    /* SplitMix64 */
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* --- Layouts. */

static void check_all_places(const char *country_file, const char *asn_file)
{
    struct geoip *geoip = open_files(country_file, asn_file);
    for (unsigned i = 0; i < RESOLVERS; i++) {
        /* Twice: from the database, then from the cache. */
        for (unsigned again = 0; again < 2; again++) {
            check_place(geoip, places[i].network, country_file ? places[i].country : "ZZ",
                        asn_file ? places[i].asn : 0);
        }
    }
    check_place(geoip, "10.77.200.1", "ZZ", 0);
    check_place(geoip, "10.77.0.255", "ZZ", 0);
    check_place(geoip, "192.0.3.0", "ZZ", 0);
    check_place(geoip, "fd77:3::1", "ZZ", 0);
    check_place(geoip, "::", "ZZ", 0);
    check_place(geoip, "fd77:1:ffff:ffff:ffff:ffff:ffff:ffff", country_file ? "DE" : "ZZ",
                asn_file ? 64496 : 0);
    geoip_close(geoip);
}

static void test_layouts(void **state)
{
    (void)state;
    check_all_places("country.mmdb", "asn.mmdb");
    check_all_places("dbip-country.mmdb", "asn.mmdb");
    check_all_places("location-country.mmdb", "location-asn.mmdb");
    check_all_places("geoopen.mmdb", "ipinfo-country-asn.mmdb");
}

static void test_one_file_for_both(void **state)
{
    (void)state;
    check_all_places("ipinfo-lite.mmdb", "ipinfo-lite.mmdb");
    check_all_places("ipinfo-country-asn.mmdb", "ipinfo-country-asn.mmdb");
    check_all_places("geoopen.mmdb", "geoopen.mmdb");
}

static void test_one_half_only(void **state)
{
    (void)state;
    check_all_places("country.mmdb", NULL);
    check_all_places(NULL, "asn.mmdb");
    check_all_places("ipinfo-lite.mmdb", NULL);
    check_all_places(NULL, "ipinfo-lite.mmdb");
    check_all_places(NULL, NULL);
}

/* Countries are stored in small letters there. */
static void test_each_country_path(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNTRY_PATHS; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "country-%s.mmdb", country_paths[i]);
        check_all_places(name, NULL);
    }
}

static void test_each_asn_path(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ASN_PATHS; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "asn-%s.mmdb", asn_paths[i]);
        check_all_places(NULL, name);
    }
    check_all_places(NULL, "asn-text.mmdb");
}

static void test_registered_country_is_second(void **state)
{
    (void)state;
    struct geoip *geoip = open_files("country.mmdb", "asn.mmdb");
    check_place(geoip, "10.77.9.1", "IT", 0);     /* it alone is known */
    check_place(geoip, "10.77.1.1", "DE", 64496); /* registered elsewhere */
    geoip_close(geoip);
}

static void test_ipv6_in_an_ipv4_database_is_unknown(void **state)
{
    (void)state;
    struct geoip *geoip = open_files("ipv4-country.mmdb", "asn.mmdb");
    check_place(geoip, "10.77.1.1", "DE", 64496);
    check_place(geoip, "192.0.2.200", "CL", 64501);
    check_place(geoip, "fd77:1::1", "ZZ", 64496);
    check_place(geoip, "2001:db8::1", "ZZ", 65551);
    geoip_close(geoip);
}

static void test_mapped_is_ipv4(void **state)
{
    (void)state;
    /* dbip-country.mmdb has no alias from ::ffff:0:0/96 to its IPv4 space. */
    struct geoip *geoip = open_files("dbip-country.mmdb", NULL);
    check_place(geoip, "::ffff:10.77.1.1", "DE", 0);
    check_place(geoip, "::fffe:10.77.1.1", "ZZ", 0);
    geoip_close(geoip);
}

static void test_odd_countries(void **state)
{
    (void)state;
    struct geoip *geoip = open_files("odd-country.mmdb", NULL);
    check_place(geoip, "10.77.1.1", "DE", 0);
    for (unsigned i = 2; i <= 8; i++) {
        char address[32];
        (void)snprintf(address, sizeof(address), "10.77.%u.1", i);
        check_place(geoip, address, i == 2 || i == 8 ? "FR" : "ZZ", 0); /* of any case */
    }
    check_place(geoip, "10.77.9.1", "SE", 0);  /* the next layout is good */
    check_place(geoip, "10.77.10.1", "NO", 0); /* ZZ in the first says nothing */
    geoip_close(geoip);
}

static void test_odd_asns(void **state)
{
    (void)state;
    struct geoip *geoip = open_files(NULL, "odd-asn.mmdb");
    check_place(geoip, "10.77.1.1", "ZZ", UINT32_MAX);
    static const uint32_t asns[] = {[7] = 174, [9] = 64497, [10] = 64498, [15] = 174};
    for (unsigned i = 2; i < sizeof(asns) / sizeof(asns[0]); i++) {
        char address[32];
        (void)snprintf(address, sizeof(address), "10.77.%u.1", i);
        check_place(geoip, address, "ZZ", asns[i]);
    }
    geoip_close(geoip);
}

/* 10.77.N.0/24 has the ASN at N; 0 is not known. */
static void check_numbers(const char *name, const uint32_t *asns, unsigned count)
{
    struct geoip *geoip = open_files(NULL, name);
    for (unsigned i = 0; i < count; i++) {
        char address[32];
        (void)snprintf(address, sizeof(address), "10.77.%u.1", i);
        check_place(geoip, address, "ZZ", asns[i]);
    }
    geoip_close(geoip);
}

static void test_asn_types(void **state)
{
    (void)state;
    struct geoip *geoip = open_files(NULL, "short-asn.mmdb");
    check_place(geoip, "10.77.1.1", "ZZ", 64496);
    geoip_close(geoip);
    /* Then numbers below 0, that are not whole, or above 32 bits. */
    static const uint32_t asns[9] = {64496, UINT32_MAX};
    static const uint32_t of_int32[5] = {64496, INT32_MAX};
    check_numbers("signed-asn.mmdb", of_int32, 5);
    check_numbers("double-asn.mmdb", asns, 9);
    check_numbers("long-asn.mmdb", asns, 6);
    check_numbers("longest-asn.mmdb", asns, 8);
    static const uint32_t of_float[8] = {64496, 1u << 24};
    check_numbers("float-asn.mmdb", of_float, 8);
    check_none("map-country.mmdb", true, "country.iso_code");
}

/* --- Files that are refused. */

static void test_of_another_kind(void **state)
{
    (void)state;
    static const char of_asn[] = "autonomous_system_number, autonomous_system_organization";
    static const char of_country[] =
        "continent.code, continent.names, country.geoname_id, country.is_in_european_union, "
        "country.iso_code, country.names, registered_country.geoname_id, "
        "registered_country.iso_code";
    check_none("asn.mmdb", true, of_asn);
    check_none("neither.mmdb", true, "connection_type");
    check_none("country.mmdb", false, of_country);
    check_none("neither.mmdb", false, "connection_type");
    /* The second flag's fault, the first one's database being open by then. */
    check_refused_keys("country.mmdb", "dbip-country.mmdb", "-geoip.asn-database", "has no ASNs",
                       -EINVAL, "country.iso_code", wanted_text(asn_paths, ASN_PATHS));
}

/* Of the first records, each name once; of maps in maps no more than the key. */
static void test_keys_of_several_records(void **state)
{
    (void)state;
    check_none("some-keys.mmdb", true, "b, net.deep, net.number, c");
    check_none("bare-text.mmdb", true, "(text)");
    check_none("bare-text.mmdb", false, "(text)");
    check_none("bare-number.mmdb", false, "(number)");
    check_none("no-keys.mmdb", true, "none");
    check_none("no-name.mmdb", true, "?, a");
}

/* The names of keys in a file that is of no use. */
static const char *keys_of(const char *name)
{
    static struct geoip_error error;
    char path[PATH_MAX];
    struct geoip *geoip = NULL;
    assert_int_equal(geoip_open(path_of(path, name), NULL, ORGANIZATIONS, &geoip, &error), -EINVAL);
    assert_string_equal(error.reason, "has no countries");
    return error.keys_found.text;
}

static void test_hostile_keys(void **state)
{
    (void)state;
    static const char *const shown[] = {"red?[31m", "line?end",     "quote\"s\\",
                                        "nul?byte", "comma??space", "??t??.back"};
    const char *keys = keys_of("hostile-keys.mmdb");
    for (const char *at = keys; *at != '\0'; at++) {
        assert_in_range(*at, ' ', '~');
    }
    for (unsigned i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        if (strstr(keys, shown[i]) == NULL) {
            print_error("%s without %s\n", keys, shown[i]);
        }
        assert_non_null(strstr(keys, shown[i]));
    }
    assert_non_null(strstr(keys, "oooooooooooooooooooo.iiiiiiiiiiiiiiiiiiii"));
    assert_null(strstr(keys, "oooooooooooooooooooooooooooooooo"));
}

static void check_cut(const char *keys, unsigned count_max)
{
    unsigned count = 0;
    for (const char *at = keys; *at != '\0'; at++) {
        count += *at == ',';
    }
    assert_in_range(count, 1, count_max);
    assert_in_range(strlen(keys), 10, KEY_NAMES_BYTES - 1);
    assert_string_equal(keys + strlen(keys) - strlen(", ..."), ", ...");
    assert_null(strstr(keys, ", ..., "));
}

static void test_many_and_long_keys_are_cut(void **state)
{
    (void)state;
    check_cut(keys_of("many-keys.mmdb"), KEY_NAMES_MAX);
    check_cut(keys_of("wide-keys.mmdb"), KEY_NAMES_MAX);
}

static void test_no_usable_file(void **state)
{
    (void)state;
    char path[PATH_MAX];
    check_country_refused("nothing.mmdb", "does not exist", -ENOENT);
    check_country_refused("asn.mmdb/nothing", "does not exist", -ENOTDIR);
    check_refused("country.mmdb", "nothing.mmdb", "-geoip.asn-database", "does not exist", -ENOENT);
    check_country_refused(".", "is not a regular file", -EINVAL);
    assert_int_equal(mkfifo(path_of(path, "fifo"), 0600), 0);
    check_country_refused("fifo", "is not a regular file", -EINVAL);
    write_file("void.mmdb", (const uint8_t *)"", 0);
    check_country_refused("void.mmdb", "is empty", -EINVAL);
}

static void test_unreadable_file(void **state)
{
    (void)state;
    static uint8_t data[FILE_MAX];
    char path[PATH_MAX];
    write_file("locked.mmdb", data, read_whole("country.mmdb", data));
    assert_int_equal(chmod(path_of(path, "locked.mmdb"), 0), 0);

    /* Root may read everything, so another user asks. */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        enum { SOMEBODY = 65534 };
        if (geteuid() == 0 && (setresgid(SOMEBODY, SOMEBODY, SOMEBODY) != 0 ||
                               setresuid(SOMEBODY, SOMEBODY, SOMEBODY) != 0)) {
            _exit(10);
        }
        struct geoip *geoip = NULL;
        struct geoip_error error = {0};
        int code = geoip_open(NULL, path, ORGANIZATIONS, &geoip, &error);
        _exit(code != -EACCES                                                  ? 11
              : !error.permission                                              ? 12
              : strcmp(error.reason, "cannot be read: Permission denied") != 0 ? 13
              : strcmp(error.flag, "-geoip.asn-database") != 0                 ? 14
              : strcmp(error.path, path) != 0                                  ? 15
                                                                               : 0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_truncated_files(void **state)
{
    (void)state;
    static const char reason[] = "is not a MaxMind DB file, or is truncated";
    static uint8_t data[FILE_MAX];
    size_t length = read_whole("country.mmdb", data);
    for (size_t cut = 1; cut < length; cut += cut < 300 ? 1 : 97) {
        write_file("cut.mmdb", data, length - cut);
        check_country_refused("cut.mmdb", reason, -EINVAL);
    }
    write_file("cut.mmdb", data, length);
    geoip_close(open_files("cut.mmdb", NULL));
}

static void test_garbage(void **state)
{
    (void)state;
    static const char reason[] = "is not a MaxMind DB file, or is truncated";
    static uint8_t data[FILE_MAX];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)random_next();
    }
    write_file("garbage.mmdb", data, sizeof(data));
    check_country_refused("garbage.mmdb", reason, -EINVAL);
    write_file("garbage.mmdb", (const uint8_t *)"network,country\n", 16);
    check_country_refused("garbage.mmdb", reason, -EINVAL);
    write_file("garbage.mmdb", (const uint8_t *)"\xab\xcd\xefMaxMind.com", 14);
    check_country_refused("garbage.mmdb", reason, -EINVAL);
}

/* Thousands where the compiler looks at each access: clang's ASan. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define DAMAGED_FILES 5000
#endif
#endif
#ifndef DAMAGED_FILES
#define DAMAGED_FILES 300
#endif

/* Any bytes may follow the tree and the metadata's marker: opening ends, and looking up too. */
static void test_damaged_files_do_no_harm(void **state)
{
    (void)state;
    static uint8_t data[FILE_MAX];
    static uint8_t damaged[FILE_MAX];
    char path[PATH_MAX];
    size_t length = read_whole("country.mmdb", data);
    unsigned opened = 0;
    for (unsigned round = 0; round < DAMAGED_FILES; round++) {
        memcpy(damaged, data, length);
        for (unsigned i = 0; i < 1 + round % 8; i++) {
            damaged[random_next() % length] = (uint8_t)random_next();
        }
        write_file("damaged.mmdb", damaged, length);
        struct geoip *geoip = NULL;
        struct geoip_error error = {0};
        path_of(path, "damaged.mmdb");
        if (geoip_open(path, NULL, ORGANIZATIONS, &geoip, &error) != 0) {
            assert_non_null(error.reason);
            continue;
        }
        opened++;
        for (unsigned i = 0; i < RESOLVERS; i++) {
            struct geo place = look_up(geoip, networks[i]);
            assert_in_range(place.country >> 8, 'A', 'Z');
            assert_in_range(place.country & 0xff, 'A', 'Z');
            assert_int_equal(place.asn, 0);
        }
        geoip_close(geoip);
    }
    assert_true(opened > 0);
    figure("%d damaged databases: %u opened, the others refused", DAMAGED_FILES, opened);
}

static uint32_t nodes_of_country; /* in country.mmdb */

/* The metadata's node_count: a control byte with the number of bytes, then these. */
static uint32_t node_count(const uint8_t *data, size_t length)
{
    static const char name[] = "node_count";
    const uint8_t *at = memmem(data, length, name, sizeof(name) - 1);
    assert_non_null(at);
    at += sizeof(name) - 1;
    uint32_t count = 0;
    for (unsigned i = 1; i <= (*at & 0x1fu); i++) {
        count = count << 8 | at[i];
    }
    return count;
}

static uint32_t record_empty(uint32_t index)
{
    (void)index;
    return nodes_of_country;
}

/* Every node leads to itself or the next one: deeper than any address. */
static uint32_t record_forwards(uint32_t index)
{
    uint32_t node = index / 2;
    return node + 1 < nodes_of_country ? node + 1 : 1;
}

/* Node 1 leads to itself on one side only, so that nothing piles up. */
static uint32_t record_in_circles(uint32_t index)
{
    return index == 0 || index == 2 ? 1 : nodes_of_country;
}

static void test_trees_without_use(void **state)
{
    (void)state;
    write_tree("no-networks.mmdb", nodes_of_country, record_empty);
    check_none("no-networks.mmdb", true, "none");
    write_tree("deep.mmdb", nodes_of_country, record_forwards);
    check_country_refused("deep.mmdb", "is damaged: its search tree leads nowhere", -EINVAL);
    write_tree("circle.mmdb", nodes_of_country, record_in_circles);
    check_none("circle.mmdb", true, "none");
}

/* --- Records that are too much. */

enum { MADE_MAX = 1 << 20 };

/* A file that is made by hand. */
static uint8_t made[MADE_MAX];
static size_t made_length;

static void put(const void *bytes, size_t length)
{
    assert_true(made_length + length <= MADE_MAX);
    memcpy(made + made_length, bytes, length);
    made_length += length;
}

static void put_text(const char *text)
{
    uint8_t control = (uint8_t)(0x40 | strlen(text));
    put(&control, 1);
    put(text, strlen(text));
}

/* The first record of each file: {"cc": "NL"}. */
static const char good_record[] = "\xe1\x42"
                                  "cc"
                                  "\x42"
                                  "NL";
enum { GOOD = 0, OTHER = sizeof(good_record) - 1 };

/* Begins a file with a tree whose records are nodes, or offsets of data after all nodes. */
static void make_tree(uint32_t nodes, uint32_t (*record)(uint32_t nodes, uint32_t index))
{
    enum { GAP = 16 };
    made_length = 0;
    for (uint32_t i = 0; i < nodes * 2; i++) {
        uint32_t value = record(nodes, i);
        uint8_t bytes[] = {(uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
        put(bytes, sizeof(bytes));
    }
    put((const uint8_t[GAP]){0}, GAP);
    put(good_record, OTHER);
}

static uint32_t data_at(uint32_t nodes, uint32_t offset)
{
    return nodes + 16 + offset;
}

/* Ends it with the metadata of country.mmdb, for so many nodes. */
static void finish(const char *name, uint32_t nodes)
{
    static const char marker[] = "\xab\xcd\xef"
                                 "MaxMind.com";
    static const char key[] = "node_count";
    static uint8_t data[FILE_MAX];
    size_t length = read_whole("country.mmdb", data);
    const uint8_t *metadata = memmem(data, length, marker, sizeof(marker) - 1);
    assert_non_null(metadata);
    const uint8_t *count = memmem(data, length, key, sizeof(key) - 1);
    assert_non_null(count);
    count += sizeof(key) - 1;
    const uint8_t in_two_bytes[] = {0xc2, (uint8_t)(nodes >> 8), (uint8_t)nodes};
    put(metadata, (size_t)(count - metadata));
    put(in_two_bytes, sizeof(in_two_bytes));
    count += 1 + (*count & 0x1fu);
    put(count, length - (size_t)(count - data));
    write_file(name, made, made_length);
}

static uint32_t record_other(uint32_t nodes, uint32_t index)
{
    (void)index;
    return data_at(nodes, OTHER);
}

/* The good one on the left, where IPv4 is. */
static uint32_t record_behind(uint32_t nodes, uint32_t index)
{
    return data_at(nodes, index == 0 ? GOOD : OTHER);
}

/* Enough to overflow the stack of what goes into each by recursion. */
enum { NESTED = 300000 };

/* Two pairs of a map, "a": [[[...]]], "b": 1. */
static void put_nested(void)
{
    put_text("a");
    for (unsigned i = 0; i < NESTED; i++) {
        put("\x01\x04", 2);
    }
    put("\x00\x04", 2);
    put_text("b");
    put("\xa1\x01", 2);
}

static void put_nested_record(void)
{
    put("\xe2", 1);
    put_nested();
}

/* A map of numbers, and at the end the country. */
static void put_wide(unsigned pairs)
{
    uint8_t head[] = {0xfe, (uint8_t)((pairs - 285) >> 8), (uint8_t)(pairs - 285)};
    put(head, sizeof(head));
    for (unsigned i = 1; i < pairs; i++) {
        put_text("k");
        put("\xa1\x01", 2);
    }
    put_text("cc");
    put_text("FR");
}

static void test_nested_record(void **state)
{
    (void)state;
    make_tree(1, record_other);
    put_nested_record();
    finish("nested.mmdb", 1);
    check_none("nested.mmdb", true, "a");
    check_none("nested.mmdb", false, "a");
}

static void test_nested_record_behind_a_good_one(void **state)
{
    (void)state;
    make_tree(1, record_behind);
    put_nested_record();
    finish("nested.mmdb", 1);
    struct geoip *geoip = open_files("nested.mmdb", NULL);
    check_place(geoip, "10.77.1.1", "NL", 0);
    check_place(geoip, "fd77:1::1", "ZZ", 0);
    geoip_close(geoip);
}

static void check_wide(unsigned pairs, const char *country)
{
    make_tree(1, record_behind);
    put_wide(pairs);
    finish("wide.mmdb", 1);
    struct geoip *geoip = open_files("wide.mmdb", NULL);
    check_place(geoip, "10.77.1.1", "NL", 0);
    check_place(geoip, "fd77:1::1", country, 0);
    geoip_close(geoip);
}

static void test_wide_record(void **state)
{
    (void)state;
    check_wide(499, "FR"); /* 999 values, the map too */
    check_wide(500, "ZZ");
    check_wide(60000, "ZZ");
}

/* What was found before the record became too large does not count either. */
static void test_value_in_a_record_that_is_too_large(void **state)
{
    (void)state;
    make_tree(1, record_behind);
    put("\xe3", 1);
    put_text("cc");
    put_text("FR");
    put_nested();
    finish("nested.mmdb", 1);
    struct geoip *geoip = open_files("nested.mmdb", NULL);
    check_place(geoip, "fd77:1::1", "ZZ", 0);
    geoip_close(geoip);
}

/* Too much on each left side, and on the last one's right the good record. */
static uint32_t record_chain(uint32_t nodes, uint32_t index)
{
    if (index % 2 == 0) {
        return data_at(nodes, OTHER);
    }
    return index / 2 + 1 < nodes ? index / 2 + 1 : data_at(nodes, GOOD);
}

static void make_chain(uint32_t nodes)
{
    make_tree(nodes, record_chain);
    put_nested_record();
    finish("chain.mmdb", nodes);
}

/* The records of a walk have a limit together. */
static void test_many_records_that_are_too_large(void **state)
{
    (void)state;
    make_chain(900);
    geoip_close(open_files("chain.mmdb", NULL));
    make_chain(1100);
    check_none("chain.mmdb", true, "a");
}

/* --- The cache. */

static void random_address(uint8_t address[16])
{
    uint64_t kind = random_next() % 16;
    if (kind == 0) {
        memset(address, 0, 16);
        return;
    }
    for (unsigned i = 0; i < 16; i++) {
        address[i] = (uint8_t)random_next();
    }
    if (kind < 12) { /* in a network of the table, or just past it */
        unsigned i = (unsigned)(random_next() % RESOLVERS);
        memcpy(address, networks[i], places[i].bits / 8);
        if (kind < 3) {
            unsigned last = places[i].bits / 8 - 1;
            address[last] = (uint8_t)(address[last] + random_next() % 3 - 1);
        }
    }
}

static void check_cache(const char *country, const char *asn)
{
    enum { ADDRESSES = 3 * GEOIP_CACHE_ADDRESSES, LOOKUPS = 40000 };
    static uint8_t addresses[ADDRESSES][16];
    for (unsigned i = 0; i < ADDRESSES; i++) {
        random_address(addresses[i]);
    }
    struct geoip *geoip = open_files(country, asn);
    for (unsigned i = 0; i < LOOKUPS; i++) {
        /* Half of the lookups go to a few addresses that stay in the cache. */
        uint64_t limit = random_next() % 2 == 0 ? 64 : ADDRESSES;
        const uint8_t *address = addresses[random_next() % limit];
        struct geo found = look_up(geoip, address);
        struct geo expected = place_by_table(address, country != NULL, asn != NULL);
        assert_int_equal(found.country, expected.country);
        assert_int_equal(found.asn, expected.asn);
    }
    geoip_close(geoip);
}

static void test_cache_against_the_table(void **state)
{
    (void)state;
    check_cache("dbip-country.mmdb", "location-asn.mmdb");
    check_cache(NULL, "ipinfo-lite.mmdb");
    check_cache(NULL, NULL);
}

/* Addresses of two networks that differ in the last byte alone: some of them share a set. */
static void test_cache_tells_neighbours_apart(void **state)
{
    (void)state;
    uint8_t address[16];
    address_of("192.0.2.0", address);
    for (unsigned key = 0; key < 8; key++) {
        struct geoip *geoip = open_files("country.mmdb", "asn.mmdb");
        for (unsigned i = 0; i < 1024; i++) {
            address[15] = (uint8_t)(i * 129);
            struct geo place = look_up(geoip, address);
            assert_int_equal(place.asn, address[15] < 128 ? 64500 : 64501);
        }
        geoip_close(geoip);
    }
}

/* Of any two addresses, whichever set the key puts them into, both are known once looked up. Among
 * so many pairs dozens share a set. */
static void test_cache_holds_two_of_a_set(void **state)
{
    (void)state;
    enum { ADDRESSES = 400 };
    static uint8_t addresses[ADDRESSES][16];
    struct geoip *geoip = open_files("country.mmdb", NULL);
    for (unsigned i = 0; i < ADDRESSES; i++) {
        random_address(addresses[i]);
    }
    for (unsigned i = 0; i < ADDRESSES; i++) {
        for (unsigned j = 0; j < i; j++) {
            (void)look_up(geoip, addresses[i]);
            (void)look_up(geoip, addresses[j]);
            uint64_t lookups = geoip_values(geoip, GEOIP_COUNTRY).lookups;
            (void)look_up(geoip, addresses[i]);
            (void)look_up(geoip, addresses[j]);
            assert_int_equal(geoip_values(geoip, GEOIP_COUNTRY).lookups, lookups);
        }
    }
    geoip_close(geoip);
}

/* --- Set up. */

static int run(const char *program, const char *first, const char *second)
{
    pid_t child = fork();
    if (child == 0) {
        execlp(program, program, first, second, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    bool done = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status);
    return done && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    const char *text = getenv("SEED");
    random_state = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    print_message("SEED=%llu\n", (unsigned long long)random_state);

    if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0) {
        return -1;
    }
    /* The same bytes in every run, so that damage is always done to the same. */
    if (setenv("SOURCE_DATE_EPOCH", "1700000000", 1) != 0 ||
        setenv("PERL_HASH_SEED", "0", 1) != 0 ||
        run("perl", "tests/data/make_databases.pl", folder) != 0) {
        return -1;
    }
    for (unsigned i = 0; i < RESOLVERS; i++) {
        address_of(places[i].network, networks[i]);
    }
    static uint8_t data[FILE_MAX];
    nodes_of_country = node_count(data, read_whole("country.mmdb", data));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return run("rm", "-rf", folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_one_file_for_both),
        cmocka_unit_test(test_one_half_only),
        cmocka_unit_test(test_each_country_path),
        cmocka_unit_test(test_each_asn_path),
        cmocka_unit_test(test_registered_country_is_second),
        cmocka_unit_test(test_ipv6_in_an_ipv4_database_is_unknown),
        cmocka_unit_test(test_mapped_is_ipv4),
        cmocka_unit_test(test_odd_countries),
        cmocka_unit_test(test_odd_asns),
        cmocka_unit_test(test_asn_types),
        cmocka_unit_test(test_of_another_kind),
        cmocka_unit_test(test_keys_of_several_records),
        cmocka_unit_test(test_hostile_keys),
        cmocka_unit_test(test_many_and_long_keys_are_cut),
        cmocka_unit_test(test_no_usable_file),
        cmocka_unit_test(test_unreadable_file),
        cmocka_unit_test(test_truncated_files),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_damaged_files_do_no_harm),
        cmocka_unit_test(test_trees_without_use),
        cmocka_unit_test(test_nested_record),
        cmocka_unit_test(test_nested_record_behind_a_good_one),
        cmocka_unit_test(test_wide_record),
        cmocka_unit_test(test_value_in_a_record_that_is_too_large),
        cmocka_unit_test(test_many_records_that_are_too_large),
        cmocka_unit_test(test_cache_against_the_table),
        cmocka_unit_test(test_cache_tells_neighbours_apart),
        cmocka_unit_test(test_cache_holds_two_of_a_set),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
