#include "exporter/system/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct file_identity file_identity(const struct stat *status)
{
    return (struct file_identity){
        .device = status->st_dev,
        .inode = status->st_ino,
        .size = status->st_size,
        .modified = status->st_mtim,
    };
}

bool file_identity_equal(const struct file_identity *one, const struct file_identity *other)
{
    return one->device == other->device && one->inode == other->inode && one->size == other->size &&
           one->modified.tv_sec == other->modified.tv_sec &&
           one->modified.tv_nsec == other->modified.tv_nsec;
}

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
        return "is not a usable path";
    default:
        return "cannot be opened";
    }
}

int file_open(const char *path, struct stat *status, const char **reason)
{
    /* Non-blocking: a FIFO is refused without waiting. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        int error = -errno;
        *reason = open_reason(-error);
        return error;
    }
    if (fstat(file, status) != 0) {
        int error = -errno;
        close(file);
        *reason = "cannot be read";
        return error;
    }
    if (!S_ISREG(status->st_mode)) {
        close(file);
        *reason = "is not a regular file";
        return -EINVAL;
    }
    return file;
}

int file_read(int file, size_t max, char **text, size_t *length, const char **reason)
{
    size_t used = 0;
    char *buffer = malloc(max + 1);
    if (buffer == NULL) {
        *reason = "does not fit into memory";
        return -ENOMEM;
    }
    /* Read one byte more than `max`, to see whether the file is too long. */
    for (ssize_t got = 1; got > 0 && used <= max; used += (size_t)got) {
        got = read(file, buffer + used, max + 1 - used);
        if (got < 0) {
            int error = -errno;
            explicit_bzero(buffer, used);
            free(buffer);
            *reason = "cannot be read";
            return error;
        }
    }
    if (used > max) {
        explicit_bzero(buffer, used);
        free(buffer);
        *reason = "is too large";
        return -E2BIG;
    }
    buffer[used] = '\0';
    *text = buffer;
    *length = used;
    return 0;
}
