#include "exporter/http/http.h"

#include "common/options.h"
#include "exporter/http/connections.h"
#include "exporter/http/library.h"
#include "exporter/http/listen.h"
#include "exporter/http/pages.h"
#include "exporter/http/request.h"
#include "exporter/http/scrape.h"
#include "exporter/http/status_page.h"
#include "exporter/state/http_counters.h"
#include "exporter/state/state.h"
#include "exporter/web_config/access.h"
#include "exporter/web_config/page.h"
#include "exporter/web_config/tls.h"
#include "exporter/web_config/tls_no_certificate.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* Connections taken in one turn, so that many newcomers cannot block the loop. A page of some
     * dozens of KiB is sent in three or four turns: so few do not fill -web.max-requests, which is
     * 40, as long as they read what they asked for. */
    ACCEPT_TURN = 8,
    /* With TLS, milliseconds to wait when libmicrohttpd asks for a turn at once. Until a handshake
     * ends, 0.9.75 asks so even with nothing left to read, and the loop would spin. Data on a
     * socket still wakes the loop at once. */
    TLS_TURN_MS = 10,
    TLS_REPLY_TURN_MS = 1, /* while a reply is on its way, by some 16 KiB a turn */
};

struct http {
    struct MHD_Daemon *daemon;
    struct state *state; /* not owned; counted in its http counters */
    struct connections connections;
    struct pages pages;
    struct status_page status;
    uint32_t now; /* of the turn, in seconds of CLOCK_BOOTTIME */
};

/* Our record of a connection; never NULL while libmicrohttpd serves it. */
static struct connection *known_as(struct http *http, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL ? connections_find(&http->connections, info->connect_fd) : NULL;
}

/* Sees the target as it came; later libmicrohttpd shows it without escapes and cut at a %00.
 * Without this callback, libmicrohttpd reports the end only of requests that reached `answer`, not
 * of those that it refused itself. */
static void *note_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct connection *known = known_as(context, connection);
    if (known != NULL) {
        known->told = true;
        known->escaped = target[strcspn(target, "%?")] == '%';
    }
    return NULL;
}

/* Of our paths, which have no escapes. */
static enum page page_at(struct http *http, const struct connection *known, const char *path)
{
    const struct options *options = &http->state->options;
    if (known->escaped) {
        return PAGE_NOT_FOUND;
    }
    if (strcmp(path, options->telemetry_path) == 0) {
        bool busy = options->max_requests != 0 &&
                    connections_scrapes(&http->connections) >= options->max_requests;
        return busy ? PAGE_BUSY : PAGE_METRICS;
    }
    static const struct {
        const char *path;
        enum page page;
    } paths[] = {
        {"/", PAGE_STATUS},
        {"/status.html", PAGE_STATUS_HTML},
        {"/status.txt", PAGE_STATUS_TEXT},
        {"/status.json", PAGE_STATUS_JSON},
        {"/-/healthy", PAGE_HEALTHY},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (strcmp(path, paths[i].path) == 0) {
            return paths[i].page;
        }
    }
    if (strcmp(path, "/-/ready") == 0) {
        return http->state->sniffer_up != 0 ? PAGE_READY : PAGE_NOT_READY;
    }
    return PAGE_NOT_FOUND;
}

/* What becomes of a request. */
static enum page decide(struct http *http, struct MHD_Connection *connection,
                        const struct connection *known, const char *path, const char *method)
{
    enum page page = request_check(connection, path, method, known->loopback);
    if (page == PAGE_NONE) {
        page = access_check(http->state->access,
                            MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                        MHD_HTTP_HEADER_AUTHORIZATION));
    }
    return page == PAGE_NONE ? page_at(http, known, path) : page;
}

/* Queues the reply to a request. Returns false when memory is short. */
static bool serve(struct http *http, struct MHD_Connection *connection, struct connection *known,
                  const char *path, const char *method)
{
    enum page page = decide(http, connection, known, path, method);
    if (page == PAGE_METRICS) {
        known->scrape = true;
        return scrape_serve(http->state, connection, http->pages.headers,
                            strcmp(method, MHD_HTTP_METHOD_HEAD) == 0);
    }
    if (page >= PAGE_STATUS && page <= PAGE_STATUS_JSON) {
        return status_page_serve(&http->status, connection, page, http->now);
    }
    return pages_serve(&http->pages, connection, page);
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, // NOLINT(readability-non-const-parameter)
                              void **request)
{
    struct http *http = context;
    struct connection *known = known_as(http, connection);
    (void)version;
    (void)upload;
    (void)upload_size;
    (void)request;
    if (known == NULL) {
        return MHD_NO;
    }
    known->asked = true;
    return serve(http, connection, known, path, method) ? MHD_YES : MHD_NO;
}

/* Whether the peer still waits. If it sent bytes and closed at once, libmicrohttpd sees this only
 * at its timeout: then the connection does not count as dropped. */
static bool is_open(const struct connection *known)
{
    char byte;
    return recv(known->descriptor, &byte, sizeof byte, 0) < 0 && errno == EAGAIN;
}

static void note_reply(void *context, struct MHD_Connection *connection, void **request,
                       enum MHD_RequestTerminationCode code)
{
    struct http *http = context;
    (void)request;
    const struct connection *known = known_as(http, connection);
    if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED && known != NULL && is_open(known)) {
        http->state->http.drops[HTTP_DROP_TIMEOUT]++;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    if (info != NULL) {
        http_counters_reply(&http->state->http, info->http_status);
    }
}

/* Whether libmicrohttpd closes a connection for its timeout. It does not report this when no target
 * has come, so check that the peer has not closed it and that its time is over. */
static bool timed_out(const struct http *http, const struct connection *known)
{
    return !known->told && !known->ended &&
           http->now - known->second + 1 >= HTTP_TIMEOUT_SECONDS && /* clocks differ by a tick */
           is_open(known);
}

/* A connection begins: libmicrohttpd has made its TLS session but not started the handshake. */
static void begin_tls(const struct http *http, struct MHD_Connection *connection,
                      void **socket_context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info != NULL) {
        *socket_context = access_begin_tls(http->state->access, info->tls_session);
    }
}

static void note_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct http *http = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        if (access_uses_tls(http->state->access)) {
            begin_tls(http, connection, socket_context);
        }
        return;
    }
    tls_release(*socket_context);
    const struct connection *known = known_as(http, connection);
    if (known != NULL) {
        http->state->http.drops[HTTP_DROP_TIMEOUT] += timed_out(http, known);
        connections_remove(&http->connections, known->descriptor);
    }
}

int http_start(struct state *state, struct http **out)
{
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return -ENOMEM;
    }
    http->state = state;
    http->status.state = state;
    http->pages.headers = access_headers(state->access);
    http->status.headers = access_headers(state->access);
    const bool tls = access_uses_tls(state->access);
    /* No error log: libmicrohttpd's lines name the peer. No ITC pipe: there is one thread. */
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | (tls ? MHD_USE_TLS : MHD_NO_FLAG) |
            library_flags(MHD_get_version()),
        0, NULL, NULL, answer, http, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_TIMEOUT_SECONDS, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_URI_LOG_CALLBACK, note_target, http,
        MHD_OPTION_NOTIFY_COMPLETED, note_reply, http, MHD_OPTION_NOTIFY_CONNECTION,
        note_connection, http,
        /* The list ends here, unless there is TLS. */
        tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, tls_no_certificate, MHD_OPTION_END);
    if (http->daemon == NULL) {
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
    status_page_end(&http->status);
    free(http);
}

/* Gives up a connection whose request has not come, to make room for one of this peer. Returns
 * false when there is none. */
static bool make_room(struct http *http, uint64_t peer)
{
    struct connection *victim = connections_dispensable(&http->connections, peer);
    if (victim == NULL) {
        return false;
    }
    connections_end(victim);
    http->state->http.drops[HTTP_DROP_REPLACED]++;
    MHD_run(http->daemon); /* sees the end and closes it */
    return true;
}

static void add_connection(struct http *http, const struct newcomer *newcomer,
                           const struct sockaddr *address, socklen_t length)
{
    if (connections_add(&http->connections, newcomer) != 0 &&
        (!make_room(http, newcomer->peer) || connections_add(&http->connections, newcomer) != 0)) {
        close(newcomer->descriptor);
        http->state->http.drops[HTTP_DROP_LIMIT]++;
        return;
    }
    /* On failure libmicrohttpd has closed it. */
    if (MHD_add_connection(http->daemon, newcomer->descriptor, address, length) != MHD_YES) {
        connections_remove(&http->connections, newcomer->descriptor);
        http->state->http.drops[HTTP_DROP_MEMORY]++;
    }
}

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

bool http_accept(struct http *http, const struct listener *listener, uint32_t now)
{
    http->now = now;
    for (unsigned i = 0; i < ACCEPT_TURN; i++) {
        struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
        struct sockaddr *const peer = (struct sockaddr *)&address;
        socklen_t length = sizeof address;
        int connection = accept4(listener->descriptor, peer, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (connection >= 0) {
            const struct newcomer newcomer = {
                .descriptor = connection,
                .loopback = listener->loopback,
                .peer = connections_peer(peer),
                .second = now,
            };
            add_connection(http, &newcomer, peer, length);
        } else if (!is_shortage(errno)) {
            return true; /* none left */
        } else if (!make_room(http, CONNECTIONS_PEER_UNKNOWN)) {
            return false;
        }
    }
    return true;
}

int http_descriptor(const struct http *http)
{
    return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

static int until_due(const void *owner, struct timer_now now)
{
    const struct http *http = owner;
    (void)now;
    MHD_UNSIGNED_LONG_LONG timeout;
    if (MHD_get_timeout(http->daemon, &timeout) != MHD_YES) {
        return -1;
    }
    if (timeout == 0 && access_uses_tls(http->state->access)) {
        return connections_any_asked(&http->connections) ? TLS_REPLY_TURN_MS : TLS_TURN_MS;
    }
    return timeout > HTTP_TIMEOUT_SECONDS * 1000 ? HTTP_TIMEOUT_SECONDS * 1000 : (int)timeout;
}

/* Without a connection there is nothing to do, and a message from the sniffer costs no system call
 * here. */
static void run(void *owner, struct timer_now now)
{
    struct http *http = owner;
    if (until_due(http, now) < 0) {
        return;
    }
    http->now = now.second;
    http->state->http.drops[HTTP_DROP_DEADLINE] +=
        connections_expire(&http->connections, now.second);
    MHD_run(http->daemon);
}

struct timer http_timer(struct http *http)
{
    return (struct timer){.owner = http, .wait = until_due, .run = run};
}
