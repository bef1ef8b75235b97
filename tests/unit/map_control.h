/*
 * mmap(2) and munmap(2) in front of the C library's: a test can make mmap fail, and see how many
 * octets are mapped. For one test program each; include it once.
 */
#ifndef TESTS_UNIT_MAP_CONTROL_H
#define TESTS_UNIT_MAP_CONTROL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool map_fails;
static size_t map_octets;        /* mapped less unmapped */
static size_t map_unmap_largest; /* the largest piece unmapped at a time */
static unsigned map_unmaps;      /* how many pieces */

void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset)
{
    if (map_fails) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    long result = syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
    if (result == -1) {
        return MAP_FAILED;
    }
    map_octets += length;
    return (void *)(uintptr_t)result;
}

int munmap(void *address, size_t length)
{
    map_octets -= length;
    map_unmaps++;
    if (length > map_unmap_largest) {
        map_unmap_largest = length;
    }
    return (int)syscall(SYS_munmap, address, length);
}

#endif
