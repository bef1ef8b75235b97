#include "capture/sniffer/confine.h"

#include "common/landlock.h"
#include "common/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Raised by the processor or by the process itself: ignoring these would hide a fault. */
static bool is_fault(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE ||
           number == SIGTRAP || number == SIGABRT || number == SIGSYS;
}

enum { KERNEL_SIGNALS = 64 };

/* The struct that rt_sigaction(2) takes: a mask of all signals, in words of the machine. libc's
 * signal(3) refuses the two signals that it reserves, so they could still kill the sniffer. */
struct kernel_action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask[KERNEL_SIGNALS / CHAR_BIT / sizeof(unsigned long)];
};

/* A signal sent to the program by its name must not end the sniffer alone: the exporter ends in
 * order, and the sniffer ends when the channel closes. */
static void ignore_signals(void)
{
    static const struct kernel_action ignore = {.handler = SIG_IGN};
    for (int number = 1; number <= SIGRTMAX; number++) {
        if (number != SIGKILL && number != SIGSTOP && !is_fault(number)) {
            syscall(SYS_rt_sigaction, number, &ignore, NULL, sizeof ignore.mask);
        }
    }
}

static int die_with_parent(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        return -errno;
    }
    /* The parent may have died before the line above. */
    return getppid() == parent ? 0 : -ESRCH;
}

static int set_limits(void)
{
    static const struct {
        int resource;
        rlim_t value;
    } limits[] = {
        {RLIMIT_CORE, 0},
        {RLIMIT_FSIZE, 0},
        {RLIMIT_NPROC, 0},
        {RLIMIT_NOFILE, CONFINE_DESCRIPTORS},
    };
    int error = 0;
    for (size_t i = 0; error == 0 && i < sizeof limits / sizeof *limits; i++) {
        error = sandbox_limit(limits[i].resource, limits[i].value);
    }
    return error;
}

static int arrange_descriptors(int packet, int channel)
{
    /* Move both away first: one may have the number that the other is to get. */
    int far_packet = fcntl(packet, F_DUPFD_CLOEXEC, CONFINE_DESCRIPTORS);
    int far_channel = fcntl(channel, F_DUPFD_CLOEXEC, CONFINE_DESCRIPTORS);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (far_packet < 0 || far_channel < 0 || null < 0) {
        return -errno;
    }
    if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup2(far_packet, CONFINE_PACKET) < 0 || dup2(far_channel, CONFINE_CHANNEL) < 0) {
        return -errno;
    }
    /* Standard error last: until here a failure can be reported. */
    if (dup2(null, STDERR_FILENO) < 0 || close_range(CONFINE_DESCRIPTORS, ~0U, 0) != 0) {
        return -errno;
    }
    return 0;
}

int confine_sniffer(pid_t parent, int packet, int channel, const char **stage)
{
    ignore_signals();
    *stage = "set its name";
    if (prctl(PR_SET_NAME, "dnstt_sniffer", 0, 0, 0) != 0) {
        return -errno;
    }
    *stage = "end with its parent";
    int error = die_with_parent(parent);
    if (error == 0) {
        *stage = "disable dumps";
        error = sandbox_set_undumpable();
    }
    if (error == 0) {
        *stage = "set up its descriptors with /dev/null";
        error = arrange_descriptors(packet, channel);
    }
    if (error == 0) {
        *stage = "apply Landlock";
        /* No access to files, TCP sockets or other processes (trace, signal). If the kernel has no
         * Landlock, the exporter logs it and only seccomp applies. */
        struct landlock_outcome outcome;
        error = landlock_confine(NULL, 0, true, &outcome);
    }
    if (error == 0) {
        *stage = "forbid new executable memory";
        error = sandbox_forbid_new_code();
    }
    if (error == 0) {
        *stage = "be limited";
        error = set_limits();
    }
    return error;
}
