/*
 * What the two processes use: CPU, memory, descriptors. CPU time comes from their CPU clocks, which
 * need only the process id; memory from a file of /proc, opened before the sandbox and read again
 * each time.
 */
#ifndef EXPORTER_SYSTEM_SELF_METRICS_H
#define EXPORTER_SYSTEM_SELF_METRICS_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* For a value that is not available. */
#define SELF_METRICS_UNKNOWN UINT64_MAX

struct self_metrics_values {
    uint64_t cpu_microseconds; /* user and system, of all threads */
    uint64_t resident_bytes;
    uint64_t virtual_bytes;
    uint64_t open_descriptors;
    uint64_t max_descriptors;
    uint64_t start_milliseconds; /* since 1970, filled in where it is shown */
    uint64_t sniffer_cpu_microseconds;
    uint64_t sniffer_resident_bytes;
};

struct self_metrics {
    int memory;         /* /proc/self/statm; below 0: none, for example without /proc */
    int sniffer_memory; /* the sniffer's, if this process may open it */
    clockid_t sniffer_cpu;
    uint64_t page_bytes;
    uint64_t max_descriptors;
    uint64_t start_moment; /* milliseconds of CLOCK_BOOTTIME, when self_metrics_open was called */
};

/* Opens the sources it can: call it before the sandbox, once the descriptor limit is set. A value
 * without a source is SELF_METRICS_UNKNOWN. */
void self_metrics_open(pid_t sniffer, struct self_metrics *out);

/* Makes one system call for each allowed descriptor, and four more. */
struct self_metrics_values self_metrics_read(const struct self_metrics *process);

#endif
