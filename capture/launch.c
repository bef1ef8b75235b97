#include "capture/launch.h"

#include "common/channel.h"
#include "common/check.h"

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
    VARIABLES = KEPT_VARIABLES + 2,
};

/* What the exporter gets. All zero is an empty one. */
struct environment {
    size_t count;
    char texts[VARIABLES][VARIABLE_MAX];
    char *variables[VARIABLES + 1]; /* ended by NULL */
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

/* Adds one variable. Returns 0, or -E2BIG for one that is too long. */
static int add(struct environment *environment, const char *name, const char *value)
{
    char *text = environment->texts[environment->count];
    int length = snprintf(text, VARIABLE_MAX, "%s=%s", name, value);
    if (length < 0 || length >= VARIABLE_MAX) {
        return -E2BIG;
    }
    environment->variables[environment->count++] = text;
    return 0;
}

static int add_number(struct environment *environment, const char *name, int value)
{
    char text[16];
    snprintf(text, sizeof text, "%d", value);
    return add(environment, name, text);
}

static int keep_variables(struct environment *environment)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < KEPT_VARIABLES; i++) {
        const char *value = getenv(kept_variables[i]);
        if (value != NULL) {
            error = add(environment, kept_variables[i], value);
        }
    }
    return error;
}

int launch_exec(int program, char *const argv[], int receiver, pid_t sniffer)
{
    static struct environment environment;
    int error = keep_variables(&environment);
    if (error == 0) {
        error = add_number(&environment, CHANNEL_ENVIRONMENT, receiver);
    }
    if (error == 0) {
        error = add_number(&environment, CHANNEL_SNIFFER_ENVIRONMENT, sniffer);
    }
    if (error != 0) {
        return error;
    }
    execveat(program, "", argv, environment.variables, AT_EMPTY_PATH);
    return -errno;
}

int launch_check(int program, char *const argv[], enum check_status status)
{
    static struct environment environment;
    int error = keep_variables(&environment);
    if (error == 0) {
        error = add_number(&environment, CHECK_ENVIRONMENT, (int)status);
    }
    if (error != 0) {
        return error;
    }
    execveat(program, "", argv, environment.variables, AT_EMPTY_PATH);
    return -errno;
}
