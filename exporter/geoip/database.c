#include "exporter/geoip/database.h"

#include "exporter/counts/geo.h"
#include "exporter/geoip/key_names.h"
#include "exporter/geoip/record.h"
#include "exporter/text/foreign_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    /* How many tree nodes are searched for a usable record. If there is one, it is among the first
     * few hundred. The limit bounds how long a large file of another kind holds the loop, and ends
     * the walk of a damaged tree that leads in circles. */
    WALK_NODES_MAX = 50000,
    /* Values that are read in all records of the walk together: as much work as for 1,000 records
     * of the largest size. */
    WALK_STEPS_MAX = 1000 * RECORD_STEPS_MAX,
    /* Nodes still to visit: at most one for each bit of an address, children first. */
    WALK_PENDING_MAX = 128,
    /* Records whose keys are named when none is usable. */
    WALK_NAMED_MAX = 8,
};

const struct geoip_kind geoip_kind_country = {
    .flag = "-geoip.country-database",
    .none = "has no countries",
    .read = geoip_layout_country,
    .name_keys = geoip_layout_country_keys,
};

const struct geoip_kind geoip_kind_asn = {
    .flag = "-geoip.asn-database",
    .none = "has no ASNs",
    .read = geoip_layout_asn,
    .name_keys = geoip_layout_asn_keys,
};

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
    default: /* the metadata is at the end of the file, so a truncated file lacks it */
        return "is not a MaxMind DB file, or is truncated";
    }
}

/* The records of a tree without a value of the wanted kind. */
struct useless {
    unsigned count;
    struct key_names keys; /* of the first ones */
};

static bool is_useful(const struct geoip_kind *kind, const MMDB_entry_s *record, unsigned *steps,
                      struct useless *useless)
{
    struct geo place = GEO_UNKNOWN;
    if (kind->read(record, steps, &place)) {
        return true;
    }
    if (useless->count++ < WALK_NAMED_MAX) {
        key_names_add_record(&useless->keys, record);
    }
    return false;
}

/* Returns NULL when a data record of the wanted kind was found, otherwise the reason. */
static const char *walk(const MMDB_s *mmdb, const struct geoip_kind *kind, struct useless *useless)
{
    uint32_t pending[WALK_PENDING_MAX] = {0}; /* the root, node 0, is the first */
    unsigned count = 1;
    unsigned steps = WALK_STEPS_MAX;

    for (unsigned visited = 0; count > 0 && steps > 0 && visited < WALK_NODES_MAX; visited++) {
        MMDB_search_node_s node;
        int status = MMDB_read_node(mmdb, pending[--count], &node);
        if (status != MMDB_SUCCESS) {
            return mmdb_reason(status);
        }
        /* Push right before left, so that left is taken first: it has the IPv4 space. */
        const uint8_t types[] = {node.right_record_type, node.left_record_type};
        const uint64_t records[] = {node.right_record, node.left_record};
        const MMDB_entry_s entries[] = {node.right_record_entry, node.left_record_entry};
        for (unsigned i = 0; i < 2; i++) {
            if (types[i] == MMDB_RECORD_TYPE_DATA &&
                is_useful(kind, &entries[i], &steps, useless)) {
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

/* libmaxminddb opens files by name, and /proc has a name for the copy. */
static int map_copy(int copy, MMDB_s *mmdb, const char **reason)
{
    char path[sizeof "/proc/self/fd/" + 10];
    snprintf(path, sizeof path, "/proc/self/fd/%d", copy);
    int status = MMDB_open(path, MMDB_MODE_MMAP, mmdb);
    if (status == MMDB_SUCCESS) {
        return 0;
    }
    *reason = status == MMDB_FILE_OPEN_ERROR ? "cannot be opened without /proc, which names it"
                                             : mmdb_reason(status);
    return status == MMDB_OUT_OF_MEMORY_ERROR ? -ENOMEM : -EINVAL;
}

/* An error without its reason. */
static struct geoip_error error_of(const struct geoip_kind *kind, const char *path)
{
    return (struct geoip_error){.flag = kind->flag, .path = path, .reason = ""};
}

static void refuse_kind(const struct geoip_kind *kind, const struct key_names *found,
                        struct geoip_error *error)
{
    error->keys_found = *found;
    if (found->count == 0) {
        key_names_add(&error->keys_found, "none", NULL);
    }
    kind->name_keys(&error->keys_wanted);
}

/* Opens a complete copy as a database of the wanted kind. */
static int open_copy(const struct geoip_kind *kind, const struct geoip_copy *copy, MMDB_s *mmdb,
                     struct geoip_error *error)
{
    int code = map_copy(copy->memory, mmdb, &error->reason);
    if (code != 0) {
        return code;
    }
    struct useless useless = {.count = 0};
    const char *wrong = walk(mmdb, kind, &useless);
    if (wrong == NULL) {
        return 0;
    }
    MMDB_close(mmdb);
    error->reason = wrong;
    if (wrong == kind->none) {
        refuse_kind(kind, &useless.keys, error);
    }
    return -EINVAL;
}

static bool is_permission(int code)
{
    return code == -EACCES || code == -EPERM;
}

/* Opens the version at the path, and begins to copy it. */
static int begin(const char *path, struct geoip_copy *copy, const char **reason)
{
    struct file_identity identity;
    int file = geoip_copy_open(path, &identity, reason);
    if (file < 0) {
        return file;
    }
    int error = geoip_copy_begin(file, &identity, copy, reason);
    if (error != 0) {
        close(file);
    }
    return error;
}

/* Does the same, and copies to the end at once. */
static int open_path(const struct geoip_kind *kind, const char *path,
                     struct geoip_database *database, struct geoip_error *error)
{
    struct geoip_copy copy = {.file = -1, .memory = -1};
    int code = begin(path, &copy, &error->reason);
    if (code != 0) {
        return code;
    }
    do {
        code = geoip_copy_step(&copy, &error->reason);
    } while (code > 0);
    if (code == 0) {
        code = open_copy(kind, &copy, &database->mmdb, error);
    }
    database->identity = copy.identity;
    geoip_copy_end(&copy);
    return code;
}

int geoip_database_open(const struct geoip_kind *kind, const char *path, struct geoip_database *out,
                        struct geoip_error *error)
{
    struct geoip_database database = {.kind = kind, .path = path};
    *error = error_of(kind, path);
    if (path != NULL) {
        int code = open_path(kind, path, &database, error);
        if (code < 0) {
            error->permission = is_permission(code);
            return code;
        }
        database.open = true;
    }
    *out = database;
    return 0;
}

void geoip_database_close(struct geoip_database *database)
{
    if (database->open) {
        MMDB_close(&database->mmdb);
    }
    if (database->copying) {
        geoip_copy_end(&database->copy);
    }
    database->open = false;
    database->copying = false;
}

/* True when the version at the path is already in use, or already refused. */
static bool is_known(const struct geoip_database *database, const struct file_identity *identity,
                     bool again)
{
    /* The version in use may come back after an unusable one: load it once more, so that the
     * reload metrics are true again. */
    return (file_identity_equal(identity, &database->identity) && !database->unusable) ||
           (!again && file_identity_equal(identity, &database->refused));
}

static enum geoip_outcome keep(struct geoip_database *database, int code, struct geoip_error *error)
{
    error->permission = is_permission(code);
    database->unusable = true;
    return GEOIP_KEPT;
}

static enum geoip_outcome look(struct geoip_database *database, bool again,
                               struct geoip_error *error)
{
    struct file_identity identity;
    bool was_missing = database->missing;
    int file = geoip_copy_open(database->path, &identity, &error->reason);
    database->missing = file < 0;
    if (file == -EACCES) {
        /* Landlock allows the old folder itself, not a new one of the same name. */
        error->reason = "cannot be read: Permission denied; if its folder was replaced, restart";
    }
    if (file < 0) {
        return was_missing && !again ? GEOIP_UNCHANGED : keep(database, file, error);
    }
    if (is_known(database, &identity, again)) {
        close(file);
        return GEOIP_UNCHANGED;
    }
    int code = geoip_copy_begin(file, &identity, &database->copy, &error->reason);
    if (code != 0) {
        close(file);
        return keep(database, code, error);
    }
    database->copying = true;
    return GEOIP_COPYING;
}

static enum geoip_outcome go_on(struct geoip_database *database, struct geoip_error *error)
{
    MMDB_s mmdb;
    int code = geoip_copy_step(&database->copy, &error->reason);
    if (code > 0) {
        return GEOIP_COPYING;
    }
    if (code == 0) {
        code = open_copy(database->kind, &database->copy, &mmdb, error);
    }
    database->copying = false;
    geoip_copy_end(&database->copy);
    if (code != 0) {
        database->refused = database->copy.identity;
        return keep(database, code, error);
    }
    MMDB_close(&database->mmdb);
    database->mmdb = mmdb;
    database->identity = database->copy.identity;
    database->unusable = false;
    return GEOIP_RELOADED;
}

enum geoip_outcome geoip_database_reload(struct geoip_database *database, bool again,
                                         struct geoip_error *error)
{
    if (!database->open) {
        return GEOIP_UNCHANGED;
    }
    *error = error_of(database->kind, database->path);
    return database->copying ? go_on(database, error) : look(database, again, error);
}

void geoip_database_type(const struct geoip_database *database, struct foreign_text *type)
{
    const char *text = database->mmdb.metadata.database_type;
    foreign_text_clean(text, strnlen(text, FOREIGN_TEXT_READ_MAX), type);
}

uint64_t geoip_database_built(const struct geoip_database *database)
{
    return database->mmdb.metadata.build_epoch;
}

void geoip_database_lookup(struct geoip_database *database, const struct sockaddr *address,
                           struct geo *place)
{
    if (!database->open) {
        return;
    }
    int status = MMDB_SUCCESS;
    unsigned steps = RECORD_STEPS_MAX;
    MMDB_lookup_result_s result = MMDB_lookup_sockaddr(&database->mmdb, address, &status);
    database->lookups++;
    if (status != MMDB_SUCCESS || !result.found_entry ||
        !database->kind->read(&result.entry, &steps, place)) {
        database->unmatched++;
    }
}

bool geoip_database_organization(const struct geoip_database *database,
                                 const struct sockaddr *address, struct foreign_text *name)
{
    if (!database->open) {
        return false;
    }
    int status = MMDB_SUCCESS;
    MMDB_lookup_result_s result = MMDB_lookup_sockaddr(&database->mmdb, address, &status);
    return status == MMDB_SUCCESS && result.found_entry &&
           geoip_layout_organization(&result.entry, name);
}
