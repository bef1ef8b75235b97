#include "exporter/geoip_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { COPY_OCTETS = 64 * 1024 };

int geoip_file_open(const char *path, struct file_identity *identity, const char **reason)
{
    struct stat status;
    int file = file_open(path, &status, reason);
    if (file < 0) {
        return file;
    }
    if (status.st_size == 0 || status.st_size > GEOIP_FILE_OCTETS_MAX) {
        close(file);
        *reason = status.st_size == 0 ? "is empty" : "is larger than 1 GiB";
        return -EINVAL;
    }
    *identity = file_identity(&status);
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

int geoip_file_copy(int file, const struct file_identity *identity, const char **reason)
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
