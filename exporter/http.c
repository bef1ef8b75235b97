#include "exporter/http.h"

#include "common/number.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* What libmicrohttpd asks exposition_read to fill at a time. */
    BLOCK_SIZE = 64 * 1024,
    /* Connections taken in one turn, so that a crowd cannot hold the loop. */
    ACCEPT_TURN = 16,
    LISTEN_FDS_START = 3, /* sd_listen_fds(3) */
};

struct http {
    struct MHD_Daemon *daemon;
    const char *telemetry_path;
    const struct exposition_sources *sources;
    struct MHD_Response *not_found;
    struct MHD_Response *wrong_method;
};

static int listen_on(const struct sockaddr *address, socklen_t length, int *listener)
{
    const int on = 1;
    const int off = 0;
    int descriptor = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return -errno;
    }
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (address->sa_family == AF_INET6 &&
         setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) ||
        bind(descriptor, address, length) != 0 || listen(descriptor, HTTP_BACKLOG) != 0) {
        int error = -errno;
        close(descriptor);
        return error;
    }
    *listener = descriptor;
    return 0;
}

int http_listen(const struct address *address, int *listener)
{
    int error = listen_on(&address->socket.any, address->length, listener);
    if (!address->every || (error != -EAFNOSUPPORT && error != -EADDRNOTAVAIL)) {
        return error;
    }
    /* A host without IPv6. */
    struct sockaddr_in every = {
        .sin_family = AF_INET,
        .sin_port = address->socket.v6.sin6_port,
        .sin_addr.s_addr = INADDR_ANY,
    };
    return listen_on((const struct sockaddr *)&every, sizeof every, listener);
}

static int adopt_one(int descriptor)
{
    int listens = 0;
    socklen_t length = sizeof listens;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 || !listens) {
        return -EINVAL;
    }
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
        return -errno;
    }
    return 0;
}

int http_adopt(int listeners[HTTP_LISTENERS_MAX])
{
    const char *pid = getenv("LISTEN_PID");
    const char *count_text = getenv("LISTEN_FDS");
    uint64_t number, count;
    if (pid == NULL || count_text == NULL || number_parse(pid, 1, INT32_MAX, &number) != 0 ||
        (pid_t)number != getpid() || number_parse(count_text, 1, INT32_MAX, &count) != 0) {
        return -ENOENT;
    }
    if (count > HTTP_LISTENERS_MAX) {
        return -E2BIG;
    }
    for (int i = 0; i < (int)count; i++) {
        int error = adopt_one(LISTEN_FDS_START + i);
        if (error != 0) {
            return error;
        }
        listeners[i] = LISTEN_FDS_START + i;
    }
    return (int)count;
}

/* A reply on its way. */
struct reply {
    struct exposition *exposition;
    /* Where libmicrohttpd offers less room than a line may take, since a long request has used up
     * the connection's memory, lines wait here. */
    char staged[EXPOSITION_LINE_MAX];
    size_t staged_start;
    size_t staged_end;
};

static size_t read_staged(struct reply *reply, char *buffer, size_t size)
{
    if (reply->staged_start == reply->staged_end) {
        reply->staged_start = 0;
        reply->staged_end = exposition_read(reply->exposition, reply->staged, sizeof reply->staged);
    }
    size_t left = reply->staged_end - reply->staged_start;
    size_t length = left < size ? left : size;
    memcpy(buffer, reply->staged + reply->staged_start, length);
    reply->staged_start += length;
    return length;
}

static ssize_t read_reply(void *context, uint64_t position, char *buffer, size_t size)
{
    struct reply *reply = context;
    (void)position; /* a stream: libmicrohttpd asks in order */
    bool staged = reply->staged_start < reply->staged_end || size < EXPOSITION_LINE_MAX;
    size_t length = staged ? read_staged(reply, buffer, size)
                           : exposition_read(reply->exposition, buffer, size);
    return length > 0 ? (ssize_t)length : MHD_CONTENT_READER_END_OF_STREAM;
}

static void end_reply(void *context)
{
    struct reply *reply = context;
    exposition_end(reply->exposition);
    free(reply);
}

static struct reply *begin_reply(const struct http *http)
{
    struct reply *reply = calloc(1, sizeof *reply);
    if (reply != NULL && exposition_begin(http->sources, &reply->exposition) != 0) {
        free(reply);
        return NULL;
    }
    return reply;
}

/* The length that the body would have. libmicrohttpd ends even the body that HEAD does not have
 * with a last chunk, unless it knows the length. */
static uint64_t exposition_length(struct exposition *exposition)
{
    static char buffer[BLOCK_SIZE];
    uint64_t length = 0;
    for (size_t more; (more = exposition_read(exposition, buffer, sizeof buffer)) > 0;) {
        length += more;
    }
    return length;
}

static enum MHD_Result serve_metrics(const struct http *http, struct MHD_Connection *connection,
                                     bool only_head)
{
    struct reply *reply = begin_reply(http);
    if (reply == NULL) {
        return MHD_NO;
    }
    uint64_t length = only_head ? exposition_length(reply->exposition) : MHD_SIZE_UNKNOWN;
    struct MHD_Response *response =
        MHD_create_response_from_callback(length, BLOCK_SIZE, read_reply, reply, end_reply);
    if (response == NULL) {
        end_reply(reply);
        return MHD_NO;
    }
    enum MHD_Result result =
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, EXPOSITION_CONTENT_TYPE);
    if (result == MHD_YES) {
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    if (result == MHD_YES) {
        result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    }
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, // NOLINT(readability-non-const-parameter)
                              void **request)
{
    const struct http *http = context;
    (void)version;
    (void)upload;
    (void)upload_size;
    (void)request;
    bool only_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    if (!only_head && strcmp(method, MHD_HTTP_METHOD_GET) != 0) {
        return MHD_queue_response(connection, MHD_HTTP_METHOD_NOT_ALLOWED, http->wrong_method);
    }
    if (strcmp(path, http->telemetry_path) != 0) {
        return MHD_queue_response(connection, MHD_HTTP_NOT_FOUND, http->not_found);
    }
    return serve_metrics(http, connection, only_head);
}

static struct MHD_Response *fixed_response(const char *text, const char *allow)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return NULL;
    }
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                "text/plain; charset=utf-8") != MHD_YES ||
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") != MHD_YES ||
        (allow != NULL &&
         MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow) != MHD_YES)) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

int http_start(const char *telemetry_path, const struct exposition_sources *sources,
               struct http **out)
{
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return -ENOMEM;
    }
    http->telemetry_path = telemetry_path;
    http->sources = sources;
    http->not_found = fixed_response("not found\n", NULL);
    http->wrong_method = fixed_response("only GET and HEAD\n", "GET, HEAD");
    /* No error log: libmicrohttpd's lines name the peer. No ITC pipe: there is one thread. */
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, answer, http,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_TIMEOUT_SECONDS, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (http->not_found == NULL || http->wrong_method == NULL || http->daemon == NULL) {
        http_stop(http);
        return -ENOMEM;
    }
    *out = http;
    return 0;
}

void http_stop(struct http *http)
{
    if (http->daemon != NULL) {
        MHD_stop_daemon(http->daemon);
    }
    if (http->not_found != NULL) {
        MHD_destroy_response(http->not_found);
    }
    if (http->wrong_method != NULL) {
        MHD_destroy_response(http->wrong_method);
    }
    free(http);
}

void http_accept(struct http *http, int listener)
{
    for (unsigned i = 0; i < ACCEPT_TURN; i++) {
        struct sockaddr_storage address;
        socklen_t length = sizeof address;
        int connection =
            accept4(listener, (struct sockaddr *)&address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (connection < 0) {
            return; /* none left, or out of descriptors until one is closed */
        }
        /* On failure libmicrohttpd has closed it. */
        MHD_add_connection(http->daemon, connection, (const struct sockaddr *)&address, length);
    }
}

int http_descriptor(const struct http *http)
{
    return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int http_timeout_ms(const struct http *http)
{
    MHD_UNSIGNED_LONG_LONG timeout;
    if (MHD_get_timeout(http->daemon, &timeout) != MHD_YES) {
        return -1;
    }
    return timeout > HTTP_TIMEOUT_SECONDS * 1000 ? HTTP_TIMEOUT_SECONDS * 1000 : (int)timeout;
}

void http_run(struct http *http)
{
    MHD_run(http->daemon);
}
