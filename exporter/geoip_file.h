/*
 * A database file as a private copy in memory: memfd_create(2), sealed against any change. A file
 * that is mapped itself and then truncated in place would end the process with SIGBUS.
 */
#ifndef EXPORTER_GEOIP_FILE_H
#define EXPORTER_GEOIP_FILE_H

#include "exporter/file.h"

enum {
    /* Far above the largest database met in practice; it is all held in memory. */
    GEOIP_FILE_OCTETS_MAX = 1 << 30,
};

/* Opens the file and notes which version it is. Returns a descriptor, or -errno with `*reason`
 * set to a static text that goes on from the file's name. Regular, non-empty files only. */
int geoip_file_open(const char *path, struct file_identity *identity, const char **reason);

/* Copies what geoip_file_open opened. Returns the copy's descriptor, or -errno with `*reason` set.
 * The file's own descriptor is left to the caller. */
int geoip_file_copy(int file, const struct file_identity *identity, const char **reason);

#endif
