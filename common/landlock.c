#include "common/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Versions of the kernel's interface, and what each added. */
enum {
    ABI_REFER = 2,    /* Linux 5.19 */
    ABI_TRUNCATE = 3, /* 6.2 */
    ABI_NETWORK = 4,  /* 6.7: binding and connecting TCP sockets */
    ABI_IOCTL = 5,    /* 6.10 */
    ABI_SCOPE = 6,    /* 6.12: abstract unix sockets, signals */
};

/* The kernel's interface as of ABI 6; Debian 12's header stops at ABI 2. */
struct attribute {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

#define ACCESS_FS_FIRST            ((1ULL << 13) - 1) /* EXECUTE to MAKE_SYM, ABI 1 */
#define ACCESS_FS_REFER            (1ULL << 13)
#define ACCESS_FS_TRUNCATE         (1ULL << 14)
#define ACCESS_FS_IOCTL            (1ULL << 15)
#define ACCESS_NET_ALL             ((1ULL << 2) - 1) /* BIND_TCP, CONNECT_TCP */
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL               (1ULL << 1)

/* The kernel refuses an attribute with unknown fields: pass only the fields of this version. */
static size_t attribute_size(long abi)
{
    if (abi >= ABI_SCOPE) {
        return sizeof(struct attribute);
    }
    return abi >= ABI_NETWORK ? offsetof(struct attribute, scoped)
                              : offsetof(struct attribute, handled_access_net);
}

static struct attribute attribute_for(long abi, bool signals)
{
    struct attribute attribute = {.handled_access_fs = ACCESS_FS_FIRST};
    if (abi >= ABI_REFER) {
        attribute.handled_access_fs |= ACCESS_FS_REFER;
    }
    if (abi >= ABI_TRUNCATE) {
        attribute.handled_access_fs |= ACCESS_FS_TRUNCATE;
    }
    if (abi >= ABI_IOCTL) {
        attribute.handled_access_fs |= ACCESS_FS_IOCTL;
    }
    if (abi >= ABI_NETWORK) {
        attribute.handled_access_net = ACCESS_NET_ALL;
    }
    if (abi >= ABI_SCOPE) {
        attribute.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | (signals ? SCOPE_SIGNAL : 0);
    }
    return attribute;
}

/* Makes a ruleset without rules. Returns its descriptor; -ENOSYS when the kernel has no Landlock or
 * has it turned off; -EPERM when it is refused; -errno. */
static int open_ruleset(bool signals, long *abi)
{
    long known = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (known < 0) {
        return errno == EOPNOTSUPP ? -ENOSYS : -errno;
    }
    const struct attribute attribute = attribute_for(known, signals);
    long made = syscall(SYS_landlock_create_ruleset, &attribute, attribute_size(known), 0);
    if (made < 0) {
        return -errno;
    }
    *abi = known;
    return (int)made;
}

static int allow_reading(int ruleset, const char *folder)
{
    int descriptor = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return -errno;
    }
    struct landlock_path_beneath_attr rule = {
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
        .parent_fd = descriptor,
    };
    long result = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int error = result == 0 ? 0 : -errno;
    close(descriptor);
    return error;
}

/* Cuts a path to its folder: "a/b" to "a", "/a" to "/", "a" to ".". */
static void to_folder(char path[PATH_MAX])
{
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        memcpy(path, ".", sizeof ".");
    } else if (slash == path) {
        path[1] = '\0';
    } else {
        *slash = '\0';
    }
}

/* Whether a folder is reached by a link, such as one that is swapped at each update. */
static bool is_link(const char *folder)
{
    char name[PATH_MAX];
    struct stat status;
    size_t length = strlen(folder);
    memcpy(name, folder, length + 1);
    while (length > 1 && name[length - 1] == '/') {
        name[--length] = '\0'; /* after a slash lstat(2) would follow it */
    }
    return lstat(name, &status) == 0 && S_ISLNK(status.st_mode);
}

static int allow_path(int ruleset, const char *path)
{
    char folder[PATH_MAX];
    char real[PATH_MAX];
    char real_folder[PATH_MAX];
    if (strlen(path) >= sizeof folder) {
        return -ENAMETOOLONG;
    }
    memcpy(folder, path, strlen(path) + 1);
    to_folder(folder);
    int error = allow_reading(ruleset, folder);
    if (error != 0) {
        return error;
    }
    if (realpath(path, real) == NULL || realpath(folder, real_folder) == NULL) {
        return -errno;
    }
    to_folder(real);
    if (strcmp(real, real_folder) == 0 && !is_link(folder)) {
        return 0;
    }
    /* A link to another place: allow its current folder, and future siblings of that folder. */
    error = allow_reading(ruleset, real);
    to_folder(real);
    return error == 0 && strcmp(real, "/") != 0 ? allow_reading(ruleset, real) : error;
}

static int allow_paths(int ruleset, const char *const paths[], size_t count)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < count; i++) {
        if (paths[i] != NULL) {
            error = allow_path(ruleset, paths[i]);
        }
    }
    return error;
}

int landlock_confine(const char *const paths[], size_t count, bool signals,
                     struct landlock_outcome *outcome)
{
    long abi = 0;
    int ruleset = open_ruleset(signals, &abi);
    /* EPERM: a container engine's filter that is older than the call. */
    if (ruleset == -ENOSYS || ruleset == -EPERM) {
        *outcome = (struct landlock_outcome){.refused = ruleset == -EPERM};
        return 0;
    }
    if (ruleset < 0) {
        return ruleset;
    }
    int error = allow_paths(ruleset, paths, count);
    if (error == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        error = -errno;
    }
    close(ruleset);
    if (error == 0) {
        *outcome = (struct landlock_outcome){
            .files = true,
            .network = abi >= ABI_NETWORK,
            .scope = abi >= ABI_SCOPE,
        };
    }
    return error;
}
