#include "exporter/policy.h"

#include "common/sandbox.h"
#include "exporter/http/listen.h"

#include <fcntl.h>
#include <gnu/libc-version.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIN(argument, value) SCMP_CMP(argument, SCMP_CMP_EQ, (scmp_datum_t)(value))

const char *const policy_waits[POLICY_WAITS] = {"epoll_wait", "epoll_pwait"};

static int wait_call(void)
{
    int number = __NR_SCMP_ERROR;
    for (unsigned i = 0; number < 0 && i < POLICY_WAITS; i++) {
        number = seccomp_syscall_resolve_name(policy_waits[i]);
    }
    return number;
}

/* Appends rows to the caller's. */
static size_t add(struct sandbox_rule *rules, size_t count, const struct sandbox_rule *rows,
                  size_t row_count)
{
    for (size_t i = 0; i < row_count; i++) {
        rules[count + i] = rows[i];
    }
    return count + row_count;
}

#define ADD(rows) count = add(rules, count, rows, sizeof(rows) / sizeof *(rows))

/* In glibc 2.33 to 2.38 (version 2 since 1997). */
static bool fstat_is_newfstatat(void)
{
    const char *version = gnu_get_libc_version();
    unsigned long minor = strncmp(version, "2.", 2) == 0 ? strtoul(version + 2, NULL, 10) : 0;
    return minor >= 33 && minor <= 38;
}

/* All flags that an open for reading may use. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

size_t exporter_policy(const struct exporter_descriptors *pinned, struct sandbox_rule *rules)
{
    const int epoll_waits = wait_call();
    const struct sandbox_rule table[] = {
        /* The loop. */
        {epoll_waits, "waits for events", 1, {PIN(0, pinned->epoll)}},
        {epoll_waits, "libmicrohttpd waits for its connections", 1, {PIN(0, pinned->http_epoll)}},
        {SCMP_SYS(epoll_ctl),
         "stops watching a channel that ended, and listening sockets while descriptors are short",
         1,
         {PIN(0, pinned->epoll)}},
        {SCMP_SYS(epoll_ctl),
         "libmicrohttpd adds and removes connections",
         1,
         {PIN(0, pinned->http_epoll)}},
        {SCMP_SYS(clock_gettime),
         "the time, where the vDSO has no clock, and both processes' CPU seconds",
         0,
         {{0}}},
        {SCMP_SYS(ppoll), "checks that standard error accepts a line", 2, {PIN(1, 1), PIN(3, 0)}},
        {SCMP_SYS(exit_group), "ends", 0, {{0}}},
        /* The sniffer's messages. */
        {SCMP_SYS(recvfrom),
         "takes one message from the channel",
         4,
         {PIN(0, pinned->channel), PIN(3, MSG_DONTWAIT | MSG_TRUNC), PIN(4, 0), PIN(5, 0)}},
        /* HTTP. Connections have no fixed number. */
        {SCMP_SYS(fcntl), "libmicrohttpd looks whether it is non-blocking", 1, {PIN(1, F_GETFL)}},
        {SCMP_SYS(recvfrom), "reads a request", 3, {PIN(3, 0), PIN(4, 0), PIN(5, 0)}},
        {SCMP_SYS(sendto),
         "sends a reply's last part",
         3,
         {PIN(3, MSG_NOSIGNAL), PIN(4, 0), PIN(5, 0)}},
        {SCMP_SYS(sendto),
         "sends a part of a reply",
         3,
         {PIN(3, MSG_NOSIGNAL | MSG_MORE), PIN(4, 0), PIN(5, 0)}},
        {SCMP_SYS(sendmsg), "sends headers and body at once", 1, {PIN(2, MSG_NOSIGNAL)}},
        {SCMP_SYS(setsockopt),
         "sends what is ready (TCP_NODELAY)",
         2,
         {PIN(1, IPPROTO_TCP), PIN(2, TCP_NODELAY)}},
        {SCMP_SYS(setsockopt),
         "holds back what is not (TCP_CORK)",
         2,
         {PIN(1, IPPROTO_TCP), PIN(2, TCP_CORK)}},
        {SCMP_SYS(shutdown), "ends a connection, one way", 1, {PIN(1, SHUT_WR)}},
        {SCMP_SYS(shutdown), "ends a connection, both ways", 1, {PIN(1, SHUT_RDWR)}},
        {SCMP_SYS(close), "closes a connection", 0, {{0}}},
        /* Memory, never executable: there is no mprotect either. */
        {SCMP_SYS(brk), "allocates", 0, {{0}}},
        {SCMP_SYS(mmap),
         "allocates tables that grow, private and anonymous",
         4,
         {PIN(2, PROT_READ | PROT_WRITE), PIN(3, MAP_PRIVATE | MAP_ANONYMOUS),
          SCMP_CMP(4, SCMP_CMP_MASKED_EQ, UINT32_MAX, UINT32_MAX), PIN(5, 0)}},
        {SCMP_SYS(munmap), "frees memory", 0, {{0}}},
    };
    /* Without files to read or databases to copy, read and write need their descriptors alone. */
    const struct sandbox_rule without_files[] = {
        {SCMP_SYS(read), "takes signals", 1, {PIN(0, pinned->signals)}},
    };
    const struct sandbox_rule with_interfaces[] = {
        {SCMP_SYS(read), "takes news of interfaces", 1, {PIN(0, pinned->interfaces)}},
    };
    const struct sandbox_rule without_databases[] = {
        {SCMP_SYS(write), "log lines, on standard error", 1, {PIN(0, STDERR_FILENO)}},
    };
    const struct sandbox_rule with_files[] = {
        {SCMP_SYS(openat),
         "opens a file that was replaced, for reading (Landlock says where)",
         1,
         {SCMP_CMP(2, SCMP_CMP_MASKED_EQ, UINT32_MAX & ~(uint32_t)OPEN_FLAGS, 0)}},
        {SCMP_SYS(read), "takes signals and news of interfaces, and reads a file", 0, {{0}}},
    };
    const struct sandbox_rule with_databases[] = {
        {SCMP_SYS(memfd_create),
         "makes the private copy of a database",
         1,
         {PIN(1, MFD_CLOEXEC | MFD_ALLOW_SEALING)}},
        {SCMP_SYS(write), "log lines, and the private copy", 0, {{0}}},
        {SCMP_SYS(fcntl),
         "seals the private copy against any change",
         2,
         {PIN(1, F_ADD_SEALS), PIN(2, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)}},
        {SCMP_SYS(mmap),
         "maps the private copy, read-only",
         2,
         {PIN(2, PROT_READ), PIN(3, MAP_SHARED)}},
    };
    /* Which of the two calls fstat(3) makes depends on the libc at run time. */
    const struct sandbox_rule with_fstat[] = {
        {SCMP_SYS(fstat), "looks whether it is another file, and how large", 0, {{0}}},
    };
    const struct sandbox_rule with_newfstatat[] = {
        {SCMP_SYS(newfstatat),
         "looks whether it is another file, and how large (fstat instead before glibc 2.33 and "
         "since 2.39)",
         1,
         {PIN(3, AT_EMPTY_PATH)}},
    };
    const struct sandbox_rule with_memory[] = {
        {SCMP_SYS(pread64), "reads how much memory it has", 2, {PIN(0, pinned->memory), PIN(3, 0)}},
    };
    const struct sandbox_rule with_sniffer_memory[] = {
        {SCMP_SYS(pread64),
         "reads how much the sniffer has",
         2,
         {PIN(0, pinned->sniffer_memory), PIN(3, 0)}},
    };
    const struct sandbox_rule with_web[] = {
        {SCMP_SYS(getrandom),
         "draws keys: for TLS, and for remembering who has proved a password",
         1,
         {PIN(2, 0)}},
    };
    const struct sandbox_rule with_tls[] = {
        {SCMP_SYS(futex),
         "GnuTLS finishes a one-time setup, and wakes waiting threads: there are none",
         1,
         {PIN(1, FUTEX_WAKE_PRIVATE)}},
    };
    const struct sandbox_rule with_notify[] = {
        {SCMP_SYS(sendto),
         "tells the service manager",
         4,
         {PIN(0, pinned->notify), PIN(3, MSG_DONTWAIT | MSG_NOSIGNAL), PIN(4, 0), PIN(5, 0)}},
    };
    _Static_assert(sizeof table + sizeof with_files + sizeof with_databases +
                           sizeof with_newfstatat + sizeof with_memory +
                           sizeof with_sniffer_memory + sizeof with_web + sizeof with_tls +
                           sizeof with_notify <=
                       (EXPORTER_RULES_MAX - LISTEN_SOCKETS_MAX) * sizeof(struct sandbox_rule),
                   "the caller has room");
    size_t count = 0;
    ADD(table);
    for (unsigned i = 0; i < pinned->listener_count; i++) {
        rules[count++] = (struct sandbox_rule){
            SCMP_SYS(accept4),
            "takes a connection",
            2,
            {PIN(0, pinned->listeners[i].descriptor), PIN(3, SOCK_CLOEXEC | SOCK_NONBLOCK)}};
    }
    if (pinned->databases || pinned->web) {
        ADD(with_files);
        if (fstat_is_newfstatat()) {
            ADD(with_newfstatat);
        } else {
            ADD(with_fstat);
        }
    } else {
        ADD(without_files);
        if (pinned->interfaces >= 0) {
            ADD(with_interfaces);
        }
    }
    if (pinned->databases) {
        ADD(with_databases);
    } else {
        ADD(without_databases);
    }
    if (pinned->memory >= 0) {
        ADD(with_memory);
    }
    if (pinned->sniffer_memory >= 0) {
        ADD(with_sniffer_memory);
    }
    if (pinned->web) {
        ADD(with_web);
    }
    if (pinned->tls) {
        ADD(with_tls);
    }
    if (pinned->notify >= 0) {
        ADD(with_notify);
    }
    return count;
}
