#include "exporter/policy.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIN(argument, value) SCMP_CMP(argument, SCMP_CMP_EQ, (scmp_datum_t)(value))

/* libc's epoll_wait(2) is another call on architectures that have only the newer one. */
#ifdef __NR_epoll_wait
#define EPOLL_WAIT SCMP_SYS(epoll_wait)
#else
#define EPOLL_WAIT SCMP_SYS(epoll_pwait)
#endif

size_t policy_rules(const struct policy_descriptors *pinned, struct sandbox_rule *rules)
{
    const struct sandbox_rule table[] = {
        /* The loop. */
        {EPOLL_WAIT, "waits for events", 1, {PIN(0, pinned->epoll)}},
        {EPOLL_WAIT, "libmicrohttpd waits for its connections", 1, {PIN(0, pinned->http_epoll)}},
        {SCMP_SYS(epoll_ctl), "lets go of a channel that ended", 1, {PIN(0, pinned->epoll)}},
        {SCMP_SYS(epoll_ctl),
         "libmicrohttpd adds and removes connections",
         1,
         {PIN(0, pinned->http_epoll)}},
        {SCMP_SYS(clock_gettime), "the time, where the vDSO has no clock", 0, {{0}}},
        {SCMP_SYS(read), "takes signals", 1, {PIN(0, pinned->signals)}},
        {SCMP_SYS(waitid),
         "asks how the sniffer ended",
         3,
         {PIN(0, P_PID), PIN(1, pinned->sniffer), PIN(3, WEXITED | WNOHANG)}},
        {SCMP_SYS(ppoll), "looks whether standard error takes a line", 2, {PIN(1, 1), PIN(3, 0)}},
        {SCMP_SYS(write), "log lines, on standard error", 1, {PIN(0, STDERR_FILENO)}},
        {SCMP_SYS(exit_group), "ends", 0, {{0}}},
        /* The sniffer's messages. */
        {SCMP_SYS(recvfrom),
         "takes one message from the channel",
         4,
         {PIN(0, pinned->channel), PIN(3, MSG_DONTWAIT | MSG_TRUNC), PIN(4, 0), PIN(5, 0)}},
        /* HTTP. Connections have no fixed number. */
        {SCMP_SYS(accept4),
         "takes a connection",
         2,
         {PIN(0, pinned->listener), PIN(3, SOCK_CLOEXEC | SOCK_NONBLOCK)}},
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
        {SCMP_SYS(munmap), "gives memory back", 0, {{0}}},
    };
    size_t count = 0;
    _Static_assert(sizeof table / sizeof *table < POLICY_RULES_MAX, "the caller has room");
    for (; count < sizeof table / sizeof *table; count++) {
        rules[count] = table[count];
    }
    if (pinned->notify >= 0) {
        rules[count++] = (struct sandbox_rule){
            SCMP_SYS(sendto),
            "tells the service manager",
            4,
            {PIN(0, pinned->notify), PIN(3, MSG_DONTWAIT | MSG_NOSIGNAL), PIN(4, 0), PIN(5, 0)}};
    }
    return count;
}
