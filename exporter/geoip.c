#include "exporter/geoip.h"

#include "exporter/geoip_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ADDRESS_OCTETS = 16,
    CACHE_WAYS = 2,
    CACHE_SET_BITS = 11,
    CACHE_SETS = GEOIP_CACHE_ADDRESSES / CACHE_WAYS,
    CACHE_KEYS = 4,

    /* How many tree nodes are looked at for one usable record. Where there is any, it is among the
     * first few hundred; the bound keeps the refusal of a large file of another kind below 0.2 s,
     * and ends the walk of a damaged tree that leads in circles. */
    WALK_NODES_MAX = 100000,
    /* Nodes still to be visited: no more than one for each bit of an address, children first. */
    WALK_PENDING_MAX = 128,
};

_Static_assert(CACHE_SETS == 1 << CACHE_SET_BITS, "a hash of CACHE_SET_BITS selects the set");

/* What one of the two flags asks of its database. */
struct kind {
    const char *flag;
    const char *none;
    geoip_layout_reader *read;
};

struct database {
    const struct kind *kind;
    bool open;
    MMDB_s mmdb;
};

struct cache_entry {
    uint8_t address[ADDRESS_OCTETS];
    struct place place; /* country 0: the entry is empty */
};

_Static_assert(sizeof(struct cache_entry) == 24, "as GEOIP_CACHE_ADDRESSES tells");

struct geoip {
    struct database country;
    struct database asn;
    uint64_t key[CACHE_KEYS];
    struct cache_entry cache[CACHE_SETS][CACHE_WAYS]; /* most recently used way first */
};

static const struct kind country_kind = {
    .flag = "-geoip.country-database",
    .none = "holds no countries",
    .read = geoip_layout_country,
};

static const struct kind asn_kind = {
    .flag = "-geoip.asn-database",
    .none = "holds no ASNs",
    .read = geoip_layout_asn,
};

/* --- Opening. */

static const char *open_reason(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return "cannot be read: Permission denied";
    case ENOENT:
    case ENOTDIR:
        return "does not exist";
    case EMFILE:
    case ENFILE:
        return "cannot be opened: Too many open files";
    case ENAMETOOLONG:
    case ELOOP:
        return "is no usable path";
    default:
        return "cannot be opened";
    }
}

static const char *mmdb_reason(int status)
{
    switch (status) {
    case MMDB_OUT_OF_MEMORY_ERROR:
        return "does not fit into memory";
    case MMDB_FILE_OPEN_ERROR:
    case MMDB_IO_ERROR:
        return "cannot be read";
    case MMDB_UNKNOWN_DATABASE_FORMAT_ERROR:
        return "is a MaxMind DB file of an unknown version";
    case MMDB_CORRUPT_SEARCH_TREE_ERROR:
        return "is damaged: its search tree leads nowhere";
    default: /* what describes the file stands at its end, so a truncated file lacks it */
        return "is not a MaxMind DB file, or is truncated";
    }
}

/* Returns NULL when a data record of the kind asked for was found, otherwise why not. */
static const char *walk(const MMDB_s *mmdb, const struct kind *kind)
{
    uint32_t pending[WALK_PENDING_MAX] = {0}; /* the root, node 0, is the first */
    unsigned count = 1;

    for (unsigned visited = 0; count > 0 && visited < WALK_NODES_MAX; visited++) {
        MMDB_search_node_s node;
        int status = MMDB_read_node(mmdb, pending[--count], &node);
        if (status != MMDB_SUCCESS) {
            return mmdb_reason(status);
        }
        /* Right before left, so that left is taken first: there is the IPv4 space. */
        const uint8_t types[] = {node.right_record_type, node.left_record_type};
        const uint64_t records[] = {node.right_record, node.left_record};
        MMDB_entry_s entries[] = {node.right_record_entry, node.left_record_entry};
        for (unsigned i = 0; i < 2; i++) {
            struct place place = PLACE_UNKNOWN;
            if (types[i] == MMDB_RECORD_TYPE_DATA && kind->read(&entries[i], &place)) {
                return NULL;
            }
            if (types[i] == MMDB_RECORD_TYPE_SEARCH_NODE) {
                if (count == WALK_PENDING_MAX) {
                    return mmdb_reason(MMDB_CORRUPT_SEARCH_TREE_ERROR);
                }
                pending[count++] = (uint32_t)records[i];
            }
        }
    }
    return kind->none;
}

static int refuse(int code, const char *reason, struct geoip_error *error)
{
    error->reason = reason;
    error->permission = code == -EACCES || code == -EPERM;
    return code;
}

/* Says no to what libmaxminddb would wait for (a FIFO) or not explain (a folder, an empty file). */
static int check_file(const char *path, struct geoip_error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) {
        int code = -errno;
        return refuse(code, open_reason(-code), error);
    }
    struct stat status;
    int code = fstat(descriptor, &status) < 0 ? -errno : 0;
    close(descriptor);
    if (code < 0) {
        return refuse(code, "cannot be read", error);
    }
    if (!S_ISREG(status.st_mode)) {
        return refuse(-EINVAL, "is not a regular file", error);
    }
    if (status.st_size == 0) {
        return refuse(-EINVAL, "is empty", error);
    }
    return 0;
}

/* Opens one database and makes sure that it is of the kind asked for. A NULL path is no error. */
static int database_open(const struct kind *kind, const char *path, struct database *database,
                         struct geoip_error *error)
{
    if (path == NULL) {
        return 0;
    }
    error->flag = kind->flag;
    error->path = path;

    int code = check_file(path, error);
    if (code < 0) {
        return code;
    }
    int status = MMDB_open(path, MMDB_MODE_MMAP, &database->mmdb);
    if (status != MMDB_SUCCESS) {
        code = status == MMDB_OUT_OF_MEMORY_ERROR ? -ENOMEM : -EINVAL;
        return refuse(code, mmdb_reason(status), error);
    }
    const char *reason = walk(&database->mmdb, kind);
    if (reason != NULL) {
        MMDB_close(&database->mmdb);
        return refuse(-EINVAL, reason, error);
    }
    database->kind = kind;
    database->open = true;
    return 0;
}

int geoip_open(const char *country_path, const char *asn_path, struct geoip **out,
               struct geoip_error *error)
{
    struct geoip_error failure = {
        .flag = country_path != NULL || asn_path == NULL ? country_kind.flag : asn_kind.flag,
        .path = country_path != NULL ? country_path
                : asn_path != NULL   ? asn_path
                                     : "",
    };
    int code = 0;
    struct geoip *geoip = calloc(1, sizeof(*geoip));
    if (geoip == NULL) {
        code = refuse(-ENOMEM, mmdb_reason(MMDB_OUT_OF_MEMORY_ERROR), &failure);
    } else if (getrandom(geoip->key, sizeof(geoip->key), 0) != (ssize_t)sizeof(geoip->key)) {
        code = refuse(-EIO, "needs random numbers, and the kernel gives none", &failure);
    } else {
        code = database_open(&country_kind, country_path, &geoip->country, &failure);
        if (code == 0) {
            code = database_open(&asn_kind, asn_path, &geoip->asn, &failure);
        }
    }
    if (code < 0) {
        geoip_close(geoip);
        *error = failure;
        return code;
    }
    *out = geoip;
    return 0;
}

void geoip_close(struct geoip *geoip)
{
    if (geoip == NULL) {
        return;
    }
    if (geoip->country.open) {
        MMDB_close(&geoip->country.mmdb);
    }
    if (geoip->asn.open) {
        MMDB_close(&geoip->asn.mmdb);
    }
    free(geoip);
}

/* --- Looking up. */

union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static void read_half(const struct database *database, const union socket_address *address,
                      struct place *place)
{
    if (!database->open) {
        return;
    }
    int status = MMDB_SUCCESS;
    MMDB_lookup_result_s result = MMDB_lookup_sockaddr(&database->mmdb, &address->any, &status);
    if (status == MMDB_SUCCESS && result.found_entry) {
        database->kind->read(&result.entry, place);
    }
}

/* The databases' own word, past the cache. */
static struct place resolve(const struct geoip *geoip, const uint8_t address[ADDRESS_OCTETS])
{
    static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    union socket_address socket_address = {0};
    if (memcmp(address, mapped, sizeof(mapped)) == 0) {
        socket_address.v4.sin_family = AF_INET;
        memcpy(&socket_address.v4.sin_addr, address + sizeof(mapped),
               sizeof(socket_address.v4.sin_addr));
    } else {
        socket_address.v6.sin6_family = AF_INET6;
        memcpy(&socket_address.v6.sin6_addr, address, ADDRESS_OCTETS);
    }
    struct place place = PLACE_UNKNOWN;
    read_half(&geoip->country, &socket_address, &place);
    read_half(&geoip->asn, &socket_address, &place);
    return place;
}

/*
 * Pair-multiply-shift (Thorup, "High Speed Hashing for Integers and Strings"): two
 * addresses fall into one set with a chance of 1 in CACHE_SETS over the random keys, whoever
 * chooses them.
 */
static uint64_t cache_set(const uint64_t key[CACHE_KEYS], const uint8_t address[ADDRESS_OCTETS])
{
    uint32_t word[ADDRESS_OCTETS / sizeof(uint32_t)];
    memcpy(word, address, sizeof(word));
    uint64_t sum =
        (key[0] + word[1]) * (key[1] + word[0]) + (key[2] + word[3]) * (key[3] + word[2]);
    return sum >> (64 - CACHE_SET_BITS);
}

static bool cache_holds(const struct cache_entry *entry, const uint8_t address[ADDRESS_OCTETS])
{
    return memcmp(entry->address, address, ADDRESS_OCTETS) == 0 && entry->place.country != 0;
}

struct place geoip_lookup(struct geoip *geoip, const uint8_t address[16])
{
    if (!geoip->country.open && !geoip->asn.open) {
        return PLACE_UNKNOWN;
    }
    struct cache_entry *ways = geoip->cache[cache_set(geoip->key, address)];
    if (cache_holds(&ways[0], address)) {
        return ways[0].place;
    }
    struct cache_entry found;
    if (cache_holds(&ways[1], address)) {
        found = ways[1];
    } else {
        memcpy(found.address, address, ADDRESS_OCTETS);
        found.place = resolve(geoip, address);
    }
    ways[1] = ways[0];
    ways[0] = found;
    return found.place;
}
