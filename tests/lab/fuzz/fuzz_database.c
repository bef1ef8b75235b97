/*
 * Any file as a database. The input: an byte that says which half of a place is asked for, an
 * address, the length of the first file, that file, and the one that takes its place. Held: no
 * crash and no hang; a place is what exporter/geoip/layout.h promises, and a name of a network what
 * exporter/text/foreign_text.h promises; a refusal is told whole, leaves the outputs alone, and
 * with them the database that was open.
 */
#include "exporter/counts/geo.h"
#include "exporter/geoip/database.h"
#include "exporter/geoip/key_names.h"
#include "exporter/geoip/outcome.h"
#include "exporter/text/foreign_text.h"

#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    UNTOUCHED = 0xa5, /* what the outputs hold before */
    ADDRESS_BYTES = 16,
    HEAD_BYTES = 1 + ADDRESS_BYTES + 2,
    /* Of the first byte. */
    FOR_ASN = 1,
    FOR_IPV4 = 2, /* the address is the first four bytes */
};

static const struct geo unknown = {.country = GEO_COUNTRY('Z', 'Z')};

/* Puts a file of these bytes under a descriptor's number: another inode than any before. */
static void put_file(const uint8_t *bytes, size_t size, int number)
{
    int file = memfd_create("database", MFD_CLOEXEC);
    if (file < 0 || write(file, bytes, size) != (ssize_t)size ||
        dup3(file, number, O_CLOEXEC) != number) {
        abort();
    }
    close(file);
}

/* Names are there when the file has nothing of use, and fit to be shown. */
static void check_keys(const struct key_names *keys, bool none)
{
    size_t length = strnlen(keys->text, sizeof keys->text);
    assert(length < sizeof keys->text && none == (length > 0) && none == (keys->count > 0));
    for (size_t i = 0; i < length; i++) {
        assert(keys->text[i] >= ' ' && keys->text[i] <= '~');
    }
}

static void check_refusal(const struct geoip_kind *kind, const char *path, int code,
                          const struct geoip_error *error)
{
    assert(code < 0);
    assert(error->flag == kind->flag && error->path == path && !error->permission);
    assert(error->reason[0] != '\0' && strchr(error->reason, '\n') == NULL);
    bool none = error->reason == kind->none;
    check_keys(&error->keys_found, none);
    check_keys(&error->keys_wanted, none);
}

/* The bytes of the character that begins here, or 0 where RFC 3629, section 4, has none. */
static size_t character_at(const uint8_t *at)
{
    static const struct {
        uint8_t first[2];
        uint8_t second[2];
        size_t size;
    } rows[] = {
        {{0x01, 0x7f}, {0x00, 0xff}, 1}, {{0xc2, 0xdf}, {0x80, 0xbf}, 2},
        {{0xe0, 0xe0}, {0xa0, 0xbf}, 3}, {{0xe1, 0xec}, {0x80, 0xbf}, 3},
        {{0xed, 0xed}, {0x80, 0x9f}, 3}, {{0xee, 0xef}, {0x80, 0xbf}, 3},
        {{0xf0, 0xf0}, {0x90, 0xbf}, 4}, {{0xf1, 0xf3}, {0x80, 0xbf}, 4},
        {{0xf4, 0xf4}, {0x80, 0x8f}, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (at[0] < rows[i].first[0] || at[0] > rows[i].first[1]) {
            continue;
        }
        if (at[1] < rows[i].second[0] || at[1] > rows[i].second[1]) {
            return 0;
        }
        for (size_t j = 2; j < rows[i].size; j++) {
            if (at[j] >> 6 != 2) {
                return 0;
            }
        }
        return rows[i].size;
    }
    return 0;
}

/* Characters that are not to be shown, by their bytes: C0 and DEL are checked apart. */
static bool is_invisible(const char *at, size_t size)
{
    if (size == 2) {
        return ((uint8_t)at[0] == 0xc2 && (uint8_t)at[1] < 0xa0) || memcmp(at, "\u061c", 2) == 0;
    }
    if (size != 3) {
        return false;
    }
    return (memcmp(at, "\u200b", 3) >= 0 && memcmp(at, "\u200f", 3) <= 0) ||
           (memcmp(at, "\u2028", 3) >= 0 && memcmp(at, "\u202e", 3) <= 0) ||
           (memcmp(at, "\u2060", 3) >= 0 && memcmp(at, "\u206f", 3) <= 0) ||
           memcmp(at, "\ufeff", 3) == 0;
}

static void check_name(const struct foreign_text *name)
{
    size_t length = strnlen(name->text, sizeof name->text);
    assert(length > 0 && length < sizeof name->text);
    assert(name->text[0] != ' ' && name->text[length - 1] != ' ');
    assert(strstr(name->text, "  ") == NULL);
    for (size_t at = 0; at < length;) {
        size_t size = character_at((const uint8_t *)name->text + at);
        assert(size > 0 && (uint8_t)name->text[at] >= ' ' && name->text[at] != '\x7f');
        assert(!is_invisible(name->text + at, size));
        at += size;
    }
}

/* The name of the address's network. It is the same each time, and a database without one leaves
 * the output alone. */
static void look_up_name(const struct geoip_database *database, const struct sockaddr *address)
{
    struct foreign_text name;
    struct foreign_text again;
    memset(&name, UNTOUCHED, sizeof name);
    memset(&again, UNTOUCHED, sizeof again);
    uint64_t lookups = database->lookups;
    bool found = geoip_database_organization(database, address, &name);
    assert(geoip_database_organization(database, address, &again) == found);
    assert(memcmp(&name, &again, sizeof name) == 0);
    assert(database->lookups == lookups);
    if (found) {
        check_name(&name);
        return;
    }
    for (size_t i = 0; i < sizeof name.text; i++) {
        assert((uint8_t)name.text[i] == UNTOUCHED);
    }
}

/* What the database says of the address, checked. */
static struct geo look_up(struct geoip_database *database, const struct sockaddr *address)
{
    struct geo place = unknown;
    struct geo again = unknown;
    uint64_t lookups = database->lookups;
    uint64_t unmatched = database->unmatched;
    geoip_database_lookup(database, address, &place);
    geoip_database_lookup(database, address, &again);
    assert(place.country == again.country && place.asn == again.asn);
    bool found = place.country != unknown.country || place.asn != unknown.asn;
    assert(database->lookups == lookups + 2);
    assert(database->unmatched == unmatched + (found ? 0 : 2));
    if (database->kind == &geoip_kind_country) {
        int first = place.country & 0xff;
        int second = place.country >> 8;
        assert(place.asn == unknown.asn);
        assert(first >= 'A' && first <= 'Z' && second >= 'A' && second <= 'Z');
    } else {
        assert(place.country == unknown.country);
        look_up_name(database, address);
    }
    return place;
}

/* To its end. A file of a fuzzer takes two calls at most: one that begins and one step. */
static enum geoip_outcome reload(struct geoip_database *database, bool again,
                                 struct geoip_error *error)
{
    enum geoip_outcome result = geoip_database_reload(database, again, error);
    if (result == GEOIP_COPYING) {
        result = geoip_database_reload(database, again, error);
    }
    assert(result != GEOIP_COPYING);
    return result;
}

static void replace(struct geoip_database *database, const uint8_t *bytes, size_t size, int number,
                    const struct sockaddr *address)
{
    struct geoip_error error;
    struct geo before = look_up(database, address);
    assert(reload(database, true, &error) == GEOIP_UNCHANGED);
    put_file(bytes, size, number);
    enum geoip_outcome result = reload(database, false, &error);
    struct geo after = look_up(database, address);
    if (result == GEOIP_RELOADED) {
        assert(reload(database, true, &error) == GEOIP_UNCHANGED);
        return;
    }
    assert(result == GEOIP_KEPT);
    check_refusal(database->kind, database->path, -1, &error);
    assert(after.country == before.country && after.asn == before.asn);
    /* It is told once, unless somebody asks. */
    assert(reload(database, false, &error) == GEOIP_UNCHANGED);
    assert(reload(database, true, &error) == GEOIP_KEPT);
}

static void run(const struct geoip_kind *kind, const struct sockaddr *address, const uint8_t *data,
                size_t size)
{
    static int number = -1;
    char path[sizeof "/proc/self/fd/" + 10];
    union {
        struct geoip_database database;
        uint8_t bytes[sizeof(struct geoip_database)];
    } out;
    struct geoip_error error;
    if (number < 0) {
        number = memfd_create("database", MFD_CLOEXEC);
    }
    size_t first = (size_t)(data[HEAD_BYTES - 2] | data[HEAD_BYTES - 1] << 8);
    data += HEAD_BYTES;
    size -= HEAD_BYTES;
    first = first < size ? first : size;
    put_file(data, first, number);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", number);
    memset(&out, UNTOUCHED, sizeof out);
    int code = geoip_database_open(kind, path, &out.database, &error);
    if (code != 0) {
        check_refusal(kind, path, code, &error);
        for (size_t i = 0; i < sizeof out; i++) {
            assert(out.bytes[i] == UNTOUCHED);
        }
        return;
    }
    assert(out.database.open);
    replace(&out.database, data + first, size - first, number, address);
    geoip_database_close(&out.database);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.v6 = {.sin6_family = AF_INET6}};
    if (size < HEAD_BYTES) {
        return 0;
    }
    if ((data[0] & FOR_IPV4) != 0) {
        address.v4.sin_family = AF_INET;
        memcpy(&address.v4.sin_addr, data + 1, sizeof address.v4.sin_addr);
    } else {
        memcpy(&address.v6.sin6_addr, data + 1, ADDRESS_BYTES);
    }
    bool asn = (data[0] & FOR_ASN) != 0;
    run(asn ? &geoip_kind_asn : &geoip_kind_country, &address.any, data, size);
    return 0;
}
