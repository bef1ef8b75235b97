#include "exporter/landlock.h"

#include "common/ruleset.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* Whether a folder is reached by a link, as one that is swapped with each edition. */
static bool is_link(const char *folder)
{
    char name[PATH_MAX];
    struct stat status;
    size_t length = strlen(folder);
    memcpy(name, folder, length + 1);
    while (length > 1 && name[length - 1] == '/') {
        name[--length] = '\0'; /* behind a slash lstat(2) would follow it */
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
    /* A link that leads elsewhere: the folder it leads to now, and its siblings to come. */
    error = allow_reading(ruleset, real);
    to_folder(real);
    return error == 0 && strcmp(real, "/") != 0 ? allow_reading(ruleset, real) : error;
}

int landlock_confine(const char *const paths[], size_t count, struct landlock_outcome *outcome)
{
    int abi = 0;
    /* Not the scope of signals: the kernel holds the parent-death signal to come from the exporter,
     * so that scope would keep it from a stopped sniffer, which then outlived us. There is no
     * kill(2) in the syscall policy. */
    int descriptor = ruleset_open(false, &abi);
    if (descriptor == -ENOSYS) {
        *outcome = (struct landlock_outcome){.files = false};
        return 0;
    }
    if (descriptor < 0) {
        return descriptor;
    }
    int error = 0;
    for (size_t i = 0; error == 0 && i < count; i++) {
        if (paths[i] != NULL) {
            error = allow_path(descriptor, paths[i]);
        }
    }
    if (error != 0) {
        close(descriptor);
        return error;
    }
    error = ruleset_enforce(descriptor);
    if (error == 0) {
        *outcome = (struct landlock_outcome){
            .files = true,
            .network = abi >= RULESET_ABI_NETWORK,
            .scope = abi >= RULESET_ABI_SCOPE,
        };
    }
    return error;
}
