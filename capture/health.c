#include "capture/health.h"

#include "common/address.h"
#include "common/log.h"
#include "common/options.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define QUESTION "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

enum {
    STATUS_AT = sizeof "HTTP/1.1 " - 1,
    REPLY_SIZE = sizeof "HTTP/1.1 200 " - 1,
};

/* How a reply begins. */
struct reply {
    char text[REPLY_SIZE + 1];
};

/* Sends the question and reads how the reply begins: nothing when the connection is closed. */
static int exchange(int descriptor, const struct address *address, struct reply *reply)
{
    /* Linux counts each limit over a whole call, so that no trickle of bytes prolongs it. */
    const struct timeval limit = {.tv_sec = HEALTH_STAGE_SECONDS};
    if (setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        connect(descriptor, &address->socket.any, address->length) != 0) {
        return -errno;
    }
    ssize_t length = send(descriptor, QUESTION, strlen(QUESTION), MSG_NOSIGNAL);
    if (length >= 0) {
        length = recv(descriptor, reply->text, REPLY_SIZE, MSG_WAITALL);
    }
    /* A connection may be closed before the question is read. */
    return length >= 0 || errno == ECONNRESET || errno == EPIPE ? 0 : -errno;
}

static int ask(const struct address *address, struct reply *reply)
{
    struct address asked = *address;
    if (address->every) { /* IPv4 always belongs to it, IPv6 not on each host */
        asked.length = sizeof asked.socket.v4;
        asked.socket.v4 = (struct sockaddr_in){
            .sin_family = AF_INET,
            .sin_port = address->socket.v6.sin6_port,
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
    }
    int descriptor = socket(asked.socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return -errno;
    }
    int error = exchange(descriptor, &asked, reply);
    close(descriptor);
    /* What the limits end with: a connection, and a transfer. */
    return error == -EINPROGRESS || error == -EAGAIN ? -ETIMEDOUT : error;
}

static bool is_right(const struct reply *reply)
{
    static const char *const statuses[] = {"200 ", "401 ", "429 "};
    if (strncmp(reply->text, "HTTP/1.", strlen("HTTP/1.")) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (strcmp(reply->text + STATUS_AT, statuses[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What is wrong with a reply, and what to do about it, or NULL. */
static const char *wrong_with(const struct reply *reply, bool may_be_tls)
{
    if (reply->text[0] == '\0') {
        return may_be_tls ? NULL
                          : "the service closed the connection without a reply; if it uses TLS, "
                            "give its -web.config.file as well";
    }
    return is_right(reply) ? NULL
                           : "another service answers at this address; give the exporter's own "
                             "-web.listen-address";
}

static enum check_status check_address(const struct address *address, bool may_be_tls)
{
    struct reply reply = {.text = ""};
    int error = ask(address, &reply);
    if (error != 0) {
        log_line(LOG_ERROR,
                 "the service does not answer at this address; is it another than its "
                 "-web.listen-address?",
                 "address", address->text, "error", strerror(-error), NULL);
        return CHECK_REFUSED;
    }
    const char *wrong = wrong_with(&reply, may_be_tls);
    if (wrong != NULL) {
        log_line(LOG_ERROR, wrong, "address", address->text, NULL);
        return CHECK_REFUSED;
    }
    check_line("listen %s: healthy", address->text);
    return CHECK_OK;
}

enum check_status health_check(const struct options *options)
{
    enum check_status status = CHECK_OK;
    for (unsigned i = 0; status == CHECK_OK && i < options->listen_count; i++) {
        status = check_address(&options->listen_addresses[i], options->web_config != NULL);
    }
    return status;
}
