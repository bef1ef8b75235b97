#include "common/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { NOTIFY_STATE_MAX = 512 }; /* bytes: a longer reason is cut */

int notify_open(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    if (name == NULL) {
        return -ENOENT;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof address.sun_path) {
        return -EINVAL;
    }
    memcpy(address.sun_path, name, length);
    if (name[0] == '@') {
        address.sun_path[0] = '\0'; /* the abstract namespace, unix(7) */
    }
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return -errno;
    }
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (connect(descriptor, (struct sockaddr *)&address, size) != 0) {
        int error = -errno;
        close(descriptor);
        return error;
    }
    return descriptor;
}

void notify_send(int descriptor, const char *state)
{
    if (descriptor >= 0) {
        (void)send(descriptor, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

void notify_failure(int descriptor, const char *what, const char *why)
{
    char state[NOTIFY_STATE_MAX];
    snprintf(state, sizeof state, "STATUS=%s: %s", what, why);
    notify_send(descriptor, state);
}

void notify_failed_start(const char *what, const char *why)
{
    int descriptor = notify_open();
    if (descriptor >= 0) {
        notify_failure(descriptor, what, why);
        close(descriptor);
    }
}
