#include "capture/launch.h"

#include "common/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* The service manager's variables. All others are dropped: libraries in the exporter read many, and
 * the user who set them may be less trusted than the program. */
static const char *const kept_variables[] = {
    "NOTIFY_SOCKET", "WATCHDOG_PID",   "WATCHDOG_USEC",  "LISTEN_PID",
    "LISTEN_FDS",    "LISTEN_FDNAMES", "JOURNAL_STREAM",
};

enum {
    KEPT_VARIABLES = sizeof kept_variables / sizeof *kept_variables,
    VARIABLE_MAX = 512, /* bytes: a path in NOTIFY_SOCKET, with its name */
};

/* /proc names the file itself. Without /proc there is only the path given to execve(2). A program
 * with file capabilities does not use it: its caller may have chosen that path. */
static int executable_path(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length >= 0) {
        path[length] = '\0';
        return 0;
    }
    const char *given = (const char *)getauxval(AT_EXECFN); // NOLINT(performance-no-int-to-ptr)
    if (getauxval(AT_SECURE) != 0 || given == NULL || strlen(given) >= size) {
        return -ENOENT;
    }
    memcpy(path, given, strlen(given) + 1);
    return 0;
}

static int open_directory(int *directory)
{
    char path[PATH_MAX];
    int error = executable_path(path, sizeof path);
    if (error != 0) {
        return error;
    }
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        memcpy(path, ".", sizeof ".");
    } else {
        slash[1] = '\0';
    }
    int descriptor = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return -errno;
    }
    *directory = descriptor;
    return 0;
}

int launch_find(int *program)
{
    int directory = -1;
    int error = open_directory(&directory);
    if (error != 0) {
        return error;
    }
    int descriptor = openat(directory, LAUNCH_BESIDE, O_PATH | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT) {
        descriptor = openat(directory, LAUNCH_LIBEXEC, O_PATH | O_CLOEXEC);
    }
    error = descriptor < 0 ? -errno : 0;
    close(directory);
    if (error == 0) {
        *program = descriptor;
    }
    return error;
}

int launch_exec(int program, char *const argv[], int receiver, pid_t sniffer)
{
    static char variables[KEPT_VARIABLES + 2][VARIABLE_MAX];
    char *environment[KEPT_VARIABLES + 3];
    size_t count = 0;
    for (size_t i = 0; i < KEPT_VARIABLES; i++) {
        const char *value = getenv(kept_variables[i]);
        if (value == NULL) {
            continue;
        }
        int length = snprintf(variables[count], VARIABLE_MAX, "%s=%s", kept_variables[i], value);
        if (length < 0 || length >= VARIABLE_MAX) {
            return -E2BIG;
        }
        environment[count] = variables[count];
        count++;
    }
    snprintf(variables[count], VARIABLE_MAX, CHANNEL_ENVIRONMENT "=%d", receiver);
    environment[count] = variables[count];
    count++;
    snprintf(variables[count], VARIABLE_MAX, CHANNEL_SNIFFER_ENVIRONMENT "=%d", (int)sniffer);
    environment[count] = variables[count];
    environment[count + 1] = NULL;
    execveat(program, "", argv, environment, AT_EMPTY_PATH);
    return -errno;
}
