/*
 * What the two processes take of the system: CPU, memory, descriptors. CPU time comes from their
 * CPU clocks, for which a process needs to know nothing but the other's id; memory from a file of
 * /proc that is opened before the sandbox, and read anew each time.
 */
#ifndef EXPORTER_PROCESS_H
#define EXPORTER_PROCESS_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* In the place of a figure that cannot be had. */
#define PROCESS_UNKNOWN UINT64_MAX

struct process_figures {
    uint64_t cpu_microseconds; /* user and system, of all threads */
    uint64_t resident_octets;
    uint64_t virtual_octets;
    uint64_t open_descriptors;
    uint64_t max_descriptors;
    uint64_t start_milliseconds; /* since 1970: process_open was called */
    uint64_t sniffer_cpu_microseconds;
    uint64_t sniffer_resident_octets;
};

struct process {
    int memory;         /* /proc/self/statm; below 0: none, as without /proc */
    int sniffer_memory; /* the sniffer's, where this process may see that */
    clockid_t sniffer_cpu;
    uint64_t page_octets;
    uint64_t max_descriptors;
    uint64_t start_milliseconds;
};

/* Opens what there is to open: before the sandbox, once the limit on descriptors is set. A figure
 * without a source will be PROCESS_UNKNOWN. */
void process_open(pid_t sniffer, struct process *out);
void process_close(struct process *process);

/* Takes one system call for each descriptor that is allowed, and four more. */
struct process_figures process_read(const struct process *process);

#endif
