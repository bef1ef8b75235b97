/*
 * What the two processes take of the system: CPU, memory, descriptors. CPU time comes from their
 * CPU clocks, for which a process needs to know nothing but the other's id; memory from a file of
 * /proc that is opened before the sandbox, and read anew each time.
 */
#ifndef EXPORTER_SYSTEM_SELF_METRICS_H
#define EXPORTER_SYSTEM_SELF_METRICS_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* In the place of a figure that cannot be had. */
#define SELF_METRICS_UNKNOWN UINT64_MAX

struct self_metrics_values {
    uint64_t cpu_microseconds; /* user and system, of all threads */
    uint64_t resident_bytes;
    uint64_t virtual_bytes;
    uint64_t open_descriptors;
    uint64_t max_descriptors;
    uint64_t start_milliseconds; /* since 1970: self_metrics_open was called */
    uint64_t sniffer_cpu_microseconds;
    uint64_t sniffer_resident_bytes;
};

struct self_metrics {
    int memory;         /* /proc/self/statm; below 0: none, as without /proc */
    int sniffer_memory; /* the sniffer's, where this process may see that */
    clockid_t sniffer_cpu;
    uint64_t page_bytes;
    uint64_t max_descriptors;
    uint64_t start_milliseconds;
};

/* Opens what there is to open: before the sandbox, once the limit on descriptors is set. A figure
 * without a source will be SELF_METRICS_UNKNOWN. */
void self_metrics_open(pid_t sniffer, struct self_metrics *out);

/* Takes one system call for each descriptor that is allowed, and four more. */
struct self_metrics_values self_metrics_read(const struct self_metrics *process);

#endif
