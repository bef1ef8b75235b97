#include "exporter/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's interface as of ABI 6; Debian 12's header stops at ABI 2. */
struct ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

enum {
    ABI_REFER = 2,
    ABI_TRUNCATE = 3,
    ABI_NETWORK = 4,
    ABI_IOCTL = 5,
    ABI_SCOPE = 6,
};

#define ACCESS_FS_FIRST    ((1ULL << 13) - 1) /* EXECUTE to MAKE_SYM, ABI 1 */
#define ACCESS_FS_REFER    (1ULL << 13)
#define ACCESS_FS_TRUNCATE (1ULL << 14)
#define ACCESS_FS_IOCTL    (1ULL << 15)
#define ACCESS_NET_ALL     ((1ULL << 2) - 1) /* BIND_TCP, CONNECT_TCP */
/* Not the scope of signals (bit 1): the kernel holds the parent-death signal to come from the
 * exporter, so that scope would keep it from a stopped sniffer, which then outlived us. There is no
 * kill(2) in the syscall policy. */
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)

/* An attribute that ends where the kernel's knowledge does: it refuses longer ones. */
static size_t ruleset_size(long abi)
{
    if (abi >= ABI_SCOPE) {
        return sizeof(struct ruleset);
    }
    return abi >= ABI_NETWORK ? offsetof(struct ruleset, scoped)
                              : offsetof(struct ruleset, handled_access_net);
}

static struct ruleset ruleset_for(long abi)
{
    struct ruleset ruleset = {.handled_access_fs = ACCESS_FS_FIRST};
    if (abi >= ABI_REFER) {
        ruleset.handled_access_fs |= ACCESS_FS_REFER;
    }
    if (abi >= ABI_TRUNCATE) {
        ruleset.handled_access_fs |= ACCESS_FS_TRUNCATE;
    }
    if (abi >= ABI_IOCTL) {
        ruleset.handled_access_fs |= ACCESS_FS_IOCTL;
    }
    if (abi >= ABI_NETWORK) {
        ruleset.handled_access_net = ACCESS_NET_ALL;
    }
    if (abi >= ABI_SCOPE) {
        ruleset.scoped = SCOPE_ABSTRACT_UNIX_SOCKET;
    }
    return ruleset;
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
    if (strcmp(real, real_folder) == 0) {
        return 0;
    }
    /* A link that leads elsewhere: the folder it leads to now, and its siblings to come. */
    error = allow_reading(ruleset, real);
    to_folder(real);
    return error == 0 && strcmp(real, "/") != 0 ? allow_reading(ruleset, real) : error;
}

int landlock_confine(const char *const paths[], size_t count, struct landlock_outcome *outcome)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    /* EPERM: a container engine's own filter, older than the call. */
    if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM)) {
        *outcome = (struct landlock_outcome){.files = false};
        return 0;
    }
    if (abi < 0) {
        return -errno;
    }
    const struct ruleset ruleset = ruleset_for(abi);
    int descriptor = (int)syscall(SYS_landlock_create_ruleset, &ruleset, ruleset_size(abi), 0);
    if (descriptor < 0) {
        return -errno;
    }
    int error = 0;
    for (size_t i = 0; error == 0 && i < count; i++) {
        if (paths[i] != NULL) {
            error = allow_path(descriptor, paths[i]);
        }
    }
    if (error == 0 && syscall(SYS_landlock_restrict_self, descriptor, 0) != 0) {
        error = -errno;
    }
    close(descriptor);
    if (error == 0) {
        *outcome = (struct landlock_outcome){
            .files = true,
            .network = abi >= ABI_NETWORK,
            .scope = abi >= ABI_SCOPE,
        };
    }
    return error;
}
