#include "common/ruleset.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* An attribute that ends where the kernel's knowledge does: it refuses longer ones. */
static size_t attribute_size(long abi)
{
    if (abi >= RULESET_ABI_SCOPE) {
        return sizeof(struct attribute);
    }
    return abi >= RULESET_ABI_NETWORK ? offsetof(struct attribute, scoped)
                                      : offsetof(struct attribute, handled_access_net);
}

static struct attribute attribute_for(long abi, bool signals)
{
    struct attribute attribute = {.handled_access_fs = ACCESS_FS_FIRST};
    if (abi >= RULESET_ABI_REFER) {
        attribute.handled_access_fs |= ACCESS_FS_REFER;
    }
    if (abi >= RULESET_ABI_TRUNCATE) {
        attribute.handled_access_fs |= ACCESS_FS_TRUNCATE;
    }
    if (abi >= RULESET_ABI_IOCTL) {
        attribute.handled_access_fs |= ACCESS_FS_IOCTL;
    }
    if (abi >= RULESET_ABI_NETWORK) {
        attribute.handled_access_net = ACCESS_NET_ALL;
    }
    if (abi >= RULESET_ABI_SCOPE) {
        attribute.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | (signals ? SCOPE_SIGNAL : 0);
    }
    return attribute;
}

int ruleset_open(bool signals, int *abi)
{
    long known = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (known < 0) {
        /* EPERM: a container engine's own filter, older than the call. */
        return errno == EOPNOTSUPP || errno == EPERM ? -ENOSYS : -errno;
    }
    const struct attribute attribute = attribute_for(known, signals);
    long made = syscall(SYS_landlock_create_ruleset, &attribute, attribute_size(known), 0);
    if (made < 0) {
        return -errno;
    }
    *abi = (int)known;
    return (int)made;
}

int ruleset_enforce(int descriptor)
{
    int error = syscall(SYS_landlock_restrict_self, descriptor, 0) == 0 ? 0 : -errno;
    close(descriptor);
    return error;
}
