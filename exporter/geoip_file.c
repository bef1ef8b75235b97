#include "exporter/geoip_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { COPY_OCTETS = 64 * 1024 };

bool geoip_identity_equal(const struct geoip_identity *one, const struct geoip_identity *other)
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
        return "is no usable path";
    default:
        return "cannot be opened";
    }
}

/* NULL when it is a file that can be a database. */
static const char *look_at(const struct stat *status)
{
    if (!S_ISREG(status->st_mode)) {
        return "is not a regular file";
    }
    if (status->st_size == 0) {
        return "is empty";
    }
    return status->st_size > GEOIP_FILE_OCTETS_MAX ? "is larger than 1 GiB" : NULL;
}

int geoip_file_open(const char *path, struct geoip_identity *identity, const char **reason)
{
    struct stat status;
    /* Non-blocking: a FIFO is refused and not waited for. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        int error = -errno;
        *reason = open_reason(-error);
        return error;
    }
    if (fstat(file, &status) != 0) {
        int error = -errno;
        close(file);
        *reason = "cannot be read";
        return error;
    }
    const char *wrong = look_at(&status);
    if (wrong != NULL) {
        close(file);
        *reason = wrong;
        return -EINVAL;
    }
    *identity = (struct geoip_identity){
        .device = status.st_dev,
        .inode = status.st_ino,
        .size = status.st_size,
        .modified = status.st_mtim,
    };
    return file;
}

/* Returns 0, or -errno; -ESTALE when the file is shorter or longer than it was. */
static int copy_octets(int file, int copy, off_t size)
{
    static uint8_t buffer[COPY_OCTETS];
    off_t copied = 0;
    for (;;) {
        ssize_t length = read(file, buffer, sizeof buffer);
        if (length < 0) {
            return -errno;
        }
        if (length == 0 || copied + length > size) {
            return length == 0 && copied == size ? 0 : -ESTALE;
        }
        if (write(copy, buffer, (size_t)length) != length) {
            return -ENOMEM;
        }
        copied += length;
    }
}

int geoip_file_copy(int file, const struct geoip_identity *identity, const char **reason)
{
    int copy = memfd_create("geoip", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy < 0) {
        int error = -errno;
        *reason = "cannot be copied into memory";
        return error;
    }
    int error = copy_octets(file, copy, identity->size);
    if (error == 0 &&
        fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
        error = -errno;
    }
    if (error != 0) {
        close(copy);
        *reason = error == -ESTALE   ? "changed while it was read"
                  : error == -ENOMEM ? "does not fit into memory"
                                     : "cannot be read";
        return error;
    }
    return copy;
}
