/* Figures of this process and of a child, which are what the kernel says of them. */
#include "exporter/system/self_metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    SPENT_MICROSECONDS = 50000, /* by the child, before it waits to be killed */
    DESCRIPTORS = 256,
};

static uint64_t spent(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* A child that has spent some CPU time, and that another process may not look into. */
static pid_t spend_in_child(void)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_DUMPABLE, 0);
        while (spent() < SPENT_MICROSECONDS) {
        }
        (void)!write(ready[1], "", 1);
        for (;;) {
            pause();
        }
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Without ptrace(2)'s right, by the number of a process alone. */
static void close_files(const struct self_metrics *process)
{
    close(process->memory);
    close(process->sniffer_memory);
}

static void test_figures(void **state)
{
    (void)state;
    struct self_metrics process;
    struct timespec before;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = DESCRIPTORS; /* and not the hard one, which valgrind keeps to itself */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    clock_gettime(CLOCK_BOOTTIME, &before);
    pid_t child = spend_in_child();
    self_metrics_open(child, &process);
    assert_true(process.memory >= 0);

    uint64_t own = spent();
    struct self_metrics_values figures = self_metrics_read(&process);
    assert_in_range(figures.cpu_microseconds, own, own + 60000000);
    assert_in_range(figures.sniffer_cpu_microseconds, SPENT_MICROSECONDS,
                    SPENT_MICROSECONDS + 60000000);
    assert_in_range(figures.resident_bytes, 100000, figures.virtual_bytes);
    assert_in_range(figures.sniffer_resident_bytes, 4096, figures.virtual_bytes);
    assert_int_equal(figures.max_descriptors, DESCRIPTORS);
    assert_in_range(process.start_moment, (uint64_t)before.tv_sec * 1000,
                    (uint64_t)before.tv_sec * 1000 + 60000);
    end_child(child);

    /* Gone: its figures go as well, and nothing else does. */
    figures = self_metrics_read(&process);
    assert_true(figures.sniffer_cpu_microseconds == SELF_METRICS_UNKNOWN);
    assert_true(figures.sniffer_resident_bytes == SELF_METRICS_UNKNOWN);
    assert_true(figures.resident_bytes != SELF_METRICS_UNKNOWN);
    close_files(&process);
}

static void test_figures_follow(void **state)
{
    (void)state;
    enum { SIZE = 8 << 20, OPENED = 7 };
    struct self_metrics process;
    int opened[OPENED];
    self_metrics_open(getpid(), &process);
    struct self_metrics_values before = self_metrics_read(&process);

    unsigned char *memory =
        mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    struct self_metrics_values mapped = self_metrics_read(&process);
    assert_true(mapped.virtual_bytes >= before.virtual_bytes + SIZE);
    for (size_t i = 0; i < SIZE; i += 4096) {
        ((volatile unsigned char *)memory)[i] = 1;
    }
    for (unsigned i = 0; i < OPENED; i++) {
        opened[i] = open("/dev/null", O_RDONLY);
    }
    struct self_metrics_values after = self_metrics_read(&process);
    /* The kernel sums up pages by processor, and may be late by some dozens. */
    assert_true(after.resident_bytes >= before.resident_bytes + SIZE - (1 << 20));
    assert_int_equal(after.open_descriptors, before.open_descriptors + OPENED);
    assert_true(after.cpu_microseconds > before.cpu_microseconds);
    for (unsigned i = 0; i < OPENED; i++) {
        close(opened[i]);
    }
    munmap(memory, SIZE);
    close_files(&process);
}

/* As without /proc, and with a file that says something else. */
static void check_memory(const char *text, uint64_t virtual_pages, uint64_t resident_pages)
{
    struct self_metrics process = {.memory = -1, .sniffer_memory = -1, .page_bytes = 4096};
    if (text != NULL) {
        process.memory = memfd_create("statm", MFD_CLOEXEC);
        assert_true(process.memory >= 0);
        dprintf(process.memory, "%s", text);
    }
    for (unsigned i = 0; i < 2; i++) {
        struct self_metrics_values figures = self_metrics_read(&process);
        bool known = virtual_pages != SELF_METRICS_UNKNOWN;
        assert_int_equal(figures.virtual_bytes,
                         known ? virtual_pages * 4096 : SELF_METRICS_UNKNOWN);
        assert_int_equal(figures.resident_bytes,
                         known ? resident_pages * 4096 : SELF_METRICS_UNKNOWN);
        assert_true(figures.sniffer_resident_bytes == SELF_METRICS_UNKNOWN);
    }
    close_files(&process);
}

static void test_memory_files(void **state)
{
    (void)state;
    check_memory("1234 567 8 9 0 10 0\n", 1234, 567);
    check_memory("0 0 0", 0, 0);
    check_memory(NULL, SELF_METRICS_UNKNOWN, 0);
    check_memory("", SELF_METRICS_UNKNOWN, 0);
    check_memory("1234", SELF_METRICS_UNKNOWN, 0);
    check_memory("1234 5", SELF_METRICS_UNKNOWN, 0);
    check_memory("1234 -5 6", SELF_METRICS_UNKNOWN, 0);
    check_memory("kB 1 2", SELF_METRICS_UNKNOWN, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_figures_follow),
        cmocka_unit_test(test_memory_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
