/* The state of a file that is reloaded when it is replaced. */
#ifndef EXPORTER_SYSTEM_RELOADED_H
#define EXPORTER_SYSTEM_RELOADED_H

#include <stdint.h>

struct reloaded {
    uint64_t successful;     /* 1: the file at the path is the one in use; 0: an older one is */
    uint64_t success_moment; /* milliseconds of CLOCK_BOOTTIME of the latest successful load */
    uint64_t success_time;   /* in seconds since 1970, filled in where it is shown */
};

#endif
