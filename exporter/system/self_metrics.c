#include "exporter/system/self_metrics.h"

#include "exporter/system/wall_clock.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    STATM_BYTES = 160, /* seven numbers of up to 20 digits */
    /* Total pages and resident pages: proc(5), /proc/pid/statm. */
    STATM_VIRTUAL = 0,
    STATM_RESIDENT = 1,
    STATM_FIELDS = 2, /* that are read */
};

static uint64_t microseconds(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) {
        return SELF_METRICS_UNKNOWN;
    }
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* Decimal numbers, a space after each. */
static bool parse_statm(const char *text, size_t length, uint64_t fields[STATM_FIELDS])
{
    unsigned field = 0;
    uint64_t value = 0;
    for (size_t i = 0; i < length && field < STATM_FIELDS; i++) {
        if (text[i] == ' ') {
            fields[field++] = value;
            value = 0;
        } else if (text[i] >= '0' && text[i] <= '9') {
            value = value * 10 + (uint64_t)(text[i] - '0');
        } else {
            return false;
        }
    }
    return field == STATM_FIELDS;
}

static void read_memory(int statm, uint64_t page_bytes, uint64_t fields[STATM_FIELDS])
{
    char text[STATM_BYTES];
    fields[STATM_VIRTUAL] = SELF_METRICS_UNKNOWN;
    fields[STATM_RESIDENT] = SELF_METRICS_UNKNOWN;
    if (statm < 0) {
        return;
    }
    ssize_t length = pread(statm, text, sizeof text, 0);
    uint64_t pages[STATM_FIELDS];
    if (length > 0 && parse_statm(text, (size_t)length, pages)) {
        fields[STATM_VIRTUAL] = pages[STATM_VIRTUAL] * page_bytes;
        fields[STATM_RESIDENT] = pages[STATM_RESIDENT] * page_bytes;
    }
}

static uint64_t count_descriptors(uint64_t max)
{
    uint64_t count = 0;
    for (uint64_t descriptor = 0; descriptor < max; descriptor++) {
        count += fcntl((int)descriptor, F_GETFL) != -1;
    }
    return count;
}

void self_metrics_open(pid_t sniffer, struct self_metrics *out)
{
    char path[sizeof "/proc//statm" + 10];
    struct rlimit limit;
    *out = (struct self_metrics){.page_bytes = (uint64_t)sysconf(_SC_PAGESIZE)};
    out->memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%d/statm", (int)sniffer);
    out->sniffer_memory = open(path, O_RDONLY | O_CLOEXEC);
    if (clock_getcpuclockid(sniffer, &out->sniffer_cpu) != 0) {
        out->sniffer_cpu = -1; /* no clock */
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        out->max_descriptors = limit.rlim_cur;
    }
    out->start_moment = wall_clock_moment();
}

struct self_metrics_values self_metrics_read(const struct self_metrics *process)
{
    uint64_t own[STATM_FIELDS];
    uint64_t sniffer[STATM_FIELDS];
    read_memory(process->memory, process->page_bytes, own);
    read_memory(process->sniffer_memory, process->page_bytes, sniffer);
    return (struct self_metrics_values){
        .cpu_microseconds = microseconds(CLOCK_PROCESS_CPUTIME_ID),
        .resident_bytes = own[STATM_RESIDENT],
        .virtual_bytes = own[STATM_VIRTUAL],
        .open_descriptors = count_descriptors(process->max_descriptors),
        .max_descriptors = process->max_descriptors,
        .sniffer_cpu_microseconds = microseconds(process->sniffer_cpu),
        .sniffer_resident_bytes = sniffer[STATM_RESIDENT],
    };
}
