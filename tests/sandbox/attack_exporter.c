/* The exporter that turns hostile where its loop begins. */
#include "common/sandbox.h"
#include "exporter/loop.h"
#include "tests/sandbox/attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum loop_end __real_loop_until_ready(struct loop *loop);
enum loop_end __wrap_loop_until_ready(struct loop *loop);
enum loop_end __real_loop_run(struct loop *loop);
enum loop_end __wrap_loop_run(struct loop *loop);
int __real_sandbox_assert_unprivileged(void);
int __wrap_sandbox_assert_unprivileged(void);

enum { OWN_PORT = 9713, FREE_PORT = 9799 };

const enum attack_process attack_self = ATTACK_EXPORTER;

static int channel;

static int with_tcp_socket(int (*use)(int, const struct sockaddr *, socklen_t), uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0) {
        return -errno;
    }
    return attack_result(use(descriptor, (const struct sockaddr *)&address, sizeof address));
}

static int connect_tcp(void)
{
    return with_tcp_socket(connect, OWN_PORT);
}

static int bind_tcp(void)
{
    return with_tcp_socket(bind, FREE_PORT);
}

/* A service of the host that has no file, such as a desktop's. */
static int connect_abstract(void)
{
    static const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0dnstt-attack"};
    const socklen_t length = offsetof(struct sockaddr_un, sun_path) + sizeof "\0dnstt-attack" - 1;
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (descriptor < 0) {
        return -errno;
    }
    return attack_result(connect(descriptor, (const struct sockaddr *)&address, length));
}

/* Just as a reply to a scrape is sent. */
static int send_to_sniffer(void)
{
    return attack_result(send(channel, "!", 1, MSG_NOSIGNAL));
}

/* Just as a log line is written. */
static int write_to_sniffer(void)
{
    return attack_result(write(channel, "!", 1));
}

/* The sniffer begins its attack once this says that the exporter stands. */
enum loop_end __wrap_loop_until_ready(struct loop *loop)
{
    channel = loop->channel;
    if (strcmp((const char *)(uintptr_t)attack_page->attack, "receive") == 0) {
        send_to_sniffer();
    }
    attack_page->exporter_stands = 1;
    return __real_loop_until_ready(loop);
}

enum loop_end __wrap_loop_run(struct loop *loop)
{
    static const struct attack attacks[] = {
        {"connect", connect_tcp},
        {"bind", bind_tcp},
        {"connect by an abstract name", connect_abstract},
        {"send to the sniffer", send_to_sniffer},
        {"write to the sniffer", write_to_sniffer},
    };
    attack_run(attacks, sizeof attacks / sizeof *attacks);
    attack_run_common();
    return __real_loop_run(loop);
}

/* --- The defences of the start. */

int __wrap_sandbox_assert_unprivileged(void)
{
    return attack_removed("capabilities") ? 0 : __real_sandbox_assert_unprivileged();
}
