#include "exporter/http.h"

#include "exporter/connections.h"
#include "exporter/request.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* What libmicrohttpd asks exposition_read to fill at a time. */
    BLOCK_SIZE = 64 * 1024,
    /* Connections taken in one turn, so that a crowd cannot hold the loop. */
    ACCEPT_TURN = 16,
    /* The start page: a telemetry path of at most 128 octets in some HTML. */
    INDEX_OCTETS = 512,
};

/* Replies that never change. */
enum page {
    PAGE_INDEX,
    PAGE_HEALTHY,
    PAGE_READY,
    PAGE_NOT_READY,
    PAGE_BAD_REQUEST,
    PAGE_FORBIDDEN,
    PAGE_NOT_FOUND,
    PAGE_WRONG_METHOD,
    PAGES, /* how many */
};

struct http {
    struct MHD_Daemon *daemon;
    struct http_options options;
    struct connections connections;
    char index[INDEX_OCTETS];
    struct MHD_Response *pages[PAGES];
};

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
    if (reply != NULL && exposition_begin(http->options.sources, &reply->exposition) != 0) {
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

static const struct {
    unsigned status;
    const char *text; /* NULL: made at the start */
} page_table[PAGES] = {
    [PAGE_INDEX] = {MHD_HTTP_OK, NULL},
    [PAGE_HEALTHY] = {MHD_HTTP_OK, "healthy\n"},
    [PAGE_READY] = {MHD_HTTP_OK, "ready\n"},
    [PAGE_NOT_READY] = {MHD_HTTP_SERVICE_UNAVAILABLE, "the sniffer is silent\n"},
    [PAGE_BAD_REQUEST] = {MHD_HTTP_BAD_REQUEST, "bad request\n"},
    [PAGE_FORBIDDEN] = {MHD_HTTP_FORBIDDEN, "this address answers to loopback names only\n"},
    [PAGE_NOT_FOUND] = {MHD_HTTP_NOT_FOUND, "not found\n"},
    [PAGE_WRONG_METHOD] = {MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n"},
};

static enum MHD_Result serve_page(const struct http *http, struct MHD_Connection *connection,
                                  enum page page)
{
    return MHD_queue_response(connection, page_table[page].status, http->pages[page]);
}

static enum page refusal(unsigned status)
{
    switch (status) {
    case MHD_HTTP_METHOD_NOT_ALLOWED:
        return PAGE_WRONG_METHOD;
    case MHD_HTTP_FORBIDDEN:
        return PAGE_FORBIDDEN;
    default:
        return PAGE_BAD_REQUEST;
    }
}

static bool came_to_loopback(const struct http *http, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const struct connection *known =
        info != NULL ? connections_find(&http->connections, info->connect_fd) : NULL;
    return known != NULL && known->loopback;
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
    unsigned status = request_check(connection, path, method, came_to_loopback(http, connection));
    if (status != 0) {
        return serve_page(http, connection, refusal(status));
    }
    if (strcmp(path, http->options.telemetry_path) == 0) {
        return serve_metrics(http, connection, strcmp(method, MHD_HTTP_METHOD_HEAD) == 0);
    }
    if (strcmp(path, "/") == 0) {
        return serve_page(http, connection, PAGE_INDEX);
    }
    if (strcmp(path, "/-/healthy") == 0) {
        return serve_page(http, connection, PAGE_HEALTHY);
    }
    if (strcmp(path, "/-/ready") == 0) {
        return serve_page(http, connection, *http->options.stale ? PAGE_NOT_READY : PAGE_READY);
    }
    return serve_page(http, connection, PAGE_NOT_FOUND);
}

static struct MHD_Response *make_page(const struct http *http, enum page page)
{
    const char *text = page_table[page].text != NULL ? page_table[page].text : http->index;
    const char *type =
        page == PAGE_INDEX ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return NULL;
    }
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) != MHD_YES ||
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") != MHD_YES ||
        (page == PAGE_WRONG_METHOD &&
         MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") != MHD_YES)) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

static bool make_pages(struct http *http)
{
    /* A telemetry path holds no character that HTML would take for its own but '&' and "'". */
    snprintf(http->index, sizeof http->index,
             "<!DOCTYPE html>\n<html lang=\"en\"><title>dnstt_exporter</title>\n"
             "<h1>dnstt_exporter</h1>\n<p><a href=\".%s\">Metrics</a></p>\n</html>\n",
             http->options.telemetry_path);
    for (enum page page = 0; page < PAGES; page++) {
        http->pages[page] = make_page(http, page);
        if (http->pages[page] == NULL) {
            return false;
        }
    }
    return true;
}

static void note_end(void *context, struct MHD_Connection *connection, void **socket_context,
                     enum MHD_ConnectionNotificationCode code)
{
    struct http *http = context;
    (void)socket_context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED && info != NULL) {
        connections_remove(&http->connections, info->connect_fd);
    }
}

int http_start(const struct http_options *options, struct http **out)
{
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return -ENOMEM;
    }
    http->options = *options;
    /* No error log: libmicrohttpd's lines name the peer. No ITC pipe: there is one thread. */
    http->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, answer, http,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                         MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_ADDRESS_MAX,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_MEMORY,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_TIMEOUT_SECONDS,
                         MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
                         MHD_OPTION_NOTIFY_CONNECTION, note_end, http, MHD_OPTION_END);
    if (http->daemon == NULL || !make_pages(http)) {
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
    for (enum page page = 0; page < PAGES; page++) {
        if (http->pages[page] != NULL) {
            MHD_destroy_response(http->pages[page]);
        }
    }
    free(http);
}

void http_accept(struct http *http, const struct listener *listener, uint32_t now)
{
    for (unsigned i = 0; i < ACCEPT_TURN; i++) {
        struct sockaddr_storage address;
        socklen_t length = sizeof address;
        int connection = accept4(listener->descriptor, (struct sockaddr *)&address, &length,
                                 SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (connection < 0) {
            return; /* none left, or out of descriptors until one is closed */
        }
        if (!connections_add(&http->connections, connection, listener->loopback, now)) {
            close(connection);
            continue;
        }
        /* On failure libmicrohttpd has closed it. */
        if (MHD_add_connection(http->daemon, connection, (const struct sockaddr *)&address,
                               length) != MHD_YES) {
            connections_remove(&http->connections, connection);
        }
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

void http_run(struct http *http, uint32_t now)
{
    connections_expire(&http->connections, now);
    MHD_run(http->daemon);
}
