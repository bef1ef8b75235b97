/*
 * mmap(2) and munmap(2) in front of the C library's: a test can make mmap fail, and see how many
 * bytes are mapped. A page that nobody may touch stands behind each mapping, so that a read past
 * its end shows. For one test program each; include it once.
 */
#ifndef TESTS_UNIT_MAP_CONTROL_H
#define TESTS_UNIT_MAP_CONTROL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool map_fails;
static size_t map_bytes;         /* mapped less unmapped */
static size_t map_bytes_most;    /* the most that it was */
static size_t map_unmap_largest; /* the largest piece unmapped at a time */
static unsigned map_unmaps;      /* how many pieces */

void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset)
{
    if (map_fails) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = (length + page - 1) / page * page;
    long result = syscall(SYS_mmap, address, pages + page, protection, flags, descriptor, offset);
    if (result == -1) {
        return MAP_FAILED;
    }
    char *mapped = (char *)(uintptr_t)result;
    if (mprotect(mapped + pages, page, PROT_NONE) != 0) {
        abort();
    }
    map_bytes += length;
    if (map_bytes > map_bytes_most) {
        map_bytes_most = map_bytes;
    }
    return mapped;
}

/* Leaves the page behind a mapping where it is. */
int munmap(void *address, size_t length)
{
    map_bytes -= length;
    map_unmaps++;
    if (length > map_unmap_largest) {
        map_unmap_largest = length;
    }
    return (int)syscall(SYS_munmap, address, length);
}

#endif
