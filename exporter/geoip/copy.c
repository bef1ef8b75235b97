#include "exporter/geoip/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { COPY_BYTES = 64 * 1024 };

_Static_assert(GEOIP_COPY_BYTES_MAX == 128 * 1024 * 1024, "as geoip_copy_open tells");
_Static_assert(GEOIP_COPY_STEP % COPY_BYTES == 0, "a step is made of whole ones");

int geoip_copy_open(const char *path, struct file_identity *identity, const char **reason)
{
    struct stat status;
    int file = file_open(path, &status, reason);
    if (file < 0) {
        return file;
    }
    if (status.st_size == 0 || status.st_size > GEOIP_COPY_BYTES_MAX) {
        close(file);
        *reason = status.st_size == 0 ? "is empty" : "is larger than 128 MiB";
        return -EINVAL;
    }
    *identity = file_identity(&status);
    return file;
}

int geoip_copy_begin(int file, const struct file_identity *identity, struct geoip_copy *out,
                     const char **reason)
{
    int memory = memfd_create("geoip", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) {
        int error = -errno;
        *reason = "cannot be copied into memory";
        return error;
    }
    *out = (struct geoip_copy){.file = file, .memory = memory, .identity = *identity};
    return 0;
}

/* Returns 1, 0 at the end of the file, or -errno; -ESTALE when the file is shorter or longer than
 * it was. */
static int copy_bytes(struct geoip_copy *copy)
{
    static uint8_t buffer[COPY_BYTES];
    for (unsigned step = 0; step < GEOIP_COPY_STEP / COPY_BYTES; step++) {
        ssize_t length = read(copy->file, buffer, sizeof buffer);
        if (length < 0) {
            return -errno;
        }
        if (length == 0 || copy->copied + length > copy->identity.size) {
            return length == 0 && copy->copied == copy->identity.size ? 0 : -ESTALE;
        }
        if (write(copy->memory, buffer, (size_t)length) != length) {
            return -ENOMEM;
        }
        copy->copied += length;
    }
    return 1;
}

int geoip_copy_step(struct geoip_copy *copy, const char **reason)
{
    int result = copy_bytes(copy);
    if (result == 0 && fcntl(copy->memory, F_ADD_SEALS,
                             F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
        result = -errno;
    }
    if (result < 0) {
        *reason = result == -ESTALE   ? "changed while it was read"
                  : result == -ENOMEM ? "does not fit into memory"
                                      : "cannot be read";
    }
    return result;
}

void geoip_copy_end(struct geoip_copy *copy)
{
    close(copy->file);
    close(copy->memory);
}
