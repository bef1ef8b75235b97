/*
 * Clocks that a test sets, in the place of libc's, for the exporter and its libraries: the wall
 * clock is stepped, and the host has slept, by what stands in a file that tests/support/clock.py
 * writes.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* tests/support/clock.py knows this layout. Seconds. */
struct clock_page {
    int64_t stepped; /* the wall clock */
    int64_t slept;   /* what CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC by */
};

static volatile const struct clock_page *page; /* NULL while the libraries start */

/* The path stands in a variable that the capture program hands on to the exporter. */
__attribute__((constructor)) static void map_page(void)
{
    const char *path = getenv("LISTEN_FDNAMES");
    int descriptor = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    page = mmap(NULL, sizeof *page, PROT_READ, MAP_SHARED, descriptor, 0);
    if (page == MAP_FAILED) {
        abort();
    }
    close(descriptor);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long result = syscall(SYS_clock_gettime, clock, now);
    if (result != 0 || page == NULL) {
        return (int)result;
    }
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
        now->tv_sec += page->stepped;
    } else if (clock == CLOCK_BOOTTIME) {
        now->tv_sec += page->slept;
    }
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL) {
        *out = now.tv_sec;
    }
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise = {0};
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){.tv_sec = precise.tv_sec, .tv_usec = precise.tv_nsec / 1000};
    return 0;
}
