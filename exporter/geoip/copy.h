/*
 * A database file as a private copy in memory: memfd_create(2), sealed against any change. A file
 * that is mapped itself and then truncated in place would end the process with SIGBUS. The copy is
 * made in steps, so that counting packets never waits for it.
 */
#ifndef EXPORTER_GEOIP_COPY_H
#define EXPORTER_GEOIP_COPY_H

#include "exporter/system/file.h"

enum {
    /* Above every country or ASN database, and all city databases except the largest. The whole
     * copy is in memory, and during a reload the old one too: MemoryMax= of the service allows
     * for three. */
    GEOIP_COPY_BYTES_MAX = 128 * 1024 * 1024,
    /* Bytes copied in one step: a millisecond or a few. */
    GEOIP_COPY_STEP = 1024 * 1024,
};

/* A copy under way. */
struct geoip_copy {
    int file;
    int memory; /* memfd_create(2) */
    off_t copied;
    struct file_identity identity; /* of the version that is copied */
};

/* Opens the file and notes which version it is. Returns a descriptor, or -errno with `*reason`
 * set to a static text to print after the file's name. Regular, non-empty files only. */
int geoip_copy_open(const char *path, struct file_identity *identity, const char **reason);

/* Begins to copy what geoip_copy_open opened. Returns 0 and owns the file's descriptor until
 * geoip_copy_end, or returns -errno with `*reason` set. */
int geoip_copy_begin(int file, const struct file_identity *identity, struct geoip_copy *out,
                     const char **reason);

/* Copies up to GEOIP_COPY_STEP bytes. Returns 1 when there is more to come, 0 when the copy is
 * whole and sealed, or -errno with `*reason` set. */
int geoip_copy_step(struct geoip_copy *copy, const char **reason);

/* Closes both descriptors. Mappings of the copy stay. */
void geoip_copy_end(struct geoip_copy *copy);

#endif
