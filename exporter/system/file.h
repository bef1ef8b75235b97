/* Files that are reloaded when replaced: open them without waiting, and compare versions. */
#ifndef EXPORTER_SYSTEM_FILE_H
#define EXPORTER_SYSTEM_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

/* Identifies a version of a file: a replacement may have an older time. */
struct file_identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

struct file_identity file_identity(const struct stat *status);
bool file_identity_equal(const struct file_identity *one, const struct file_identity *other);

/* Opens a regular file for reading. Returns a descriptor with `*status` filled, or -errno with
 * `*reason` set to a static text to print after the file's name. */
int file_open(const char *path, struct stat *status, const char **reason);

/*
 * Reads all of what file_open opened, and ends it with a NUL that `*length` does not count. Returns
 * 0 (then free(3) the text), or -errno with `*reason` set: -E2BIG above `max` bytes.
 */
int file_read(int file, size_t max, char **text, size_t *length, const char **reason);

#endif
