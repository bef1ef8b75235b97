/*
 * Any client against the HTTP endpoint, over a Unix socket and through libmicrohttpd. The first
 * byte of the input says how the client behaves, the second how many bytes it sends at a time (0:
 * all), the rest is what it sends. Held: no crash, no leak and no connection left over; one reply
 * at most, well-formed to its last byte; figures for nobody who came by a foreign name; and the
 * next client is served as if there had been none before.
 */
#include "common/domain.h"
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/history.h"
#include "exporter/counts/sessions.h"
#include "exporter/geoip/geoip.h"
#include "exporter/http/http.h"
#include "exporter/http/listen.h"
#include "exporter/state/http_counters.h"
#include "exporter/state/state.h"
#include "exporter/status/status.h"
#include "exporter/system/reloaded.h"
#include "exporter/system/self_metrics.h"
#include "exporter/system/timer.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    CLIENT_BYTES = 2,
    /* The client's ways. */
    TO_LOOPBACK = 1,
    SNIFFER_SILENT = 2,
    ENDS_SENDING = 4, /* by shutdown(2) before it waits for the reply */

    NOW = 100,
    SEGMENTS_MAX = 40, /* the rest goes at once */
    TURNS_BETWEEN = 3, /* of the server, after each segment */
    TURNS_AFTER = 20,  /* without an byte more of the reply */
    REPLY_MAX = 256 * 1024,
};

struct exchange {
    const uint8_t *request;
    size_t size;
    size_t segment;
    bool ends_sending;
    bool ended; /* by the server */
    size_t length;
    char reply[REPLY_MAX + 1]; /* and a NUL */
};

static struct state state;

static void make_state(void)
{
    if (state.options.domain_count != 0) {
        return;
    }
    state.options = (struct options){
        .domain_count = 1,
        .telemetry_path = "/metrics",
        .country_database = "country",
        .asn_database = "asn",
        .groups_max = 10,
        .sessions_max = 1000,
        .sessions_remember = 1000,
        .sessions_min_queries = 1,
        .active_window = 30,
    };
    state.self = (struct self_metrics){
        .memory = -1, .sniffer_memory = -1, .sniffer_cpu = CLOCK_PROCESS_CPUTIME_ID};
    if (domain_parse("t.example.com", &state.options.domains[0]) != 0 ||
        counts_create(&state.options, NOW, &state.counts) != 0) {
        abort();
    }
    const struct geo geo = {.country = GEO_COUNTRY('D', 'E'), .asn = 64496};
    const struct wire_record record = {
        .token = 1, .bytes = 100, .outcome = WIRE_QUERY, .strength = WIRE_WEAK};
    counts_take(&state.counts, &record, geo, NOW, false);
}

/* Bound to a name that the kernel chooses. */
static int listen_anywhere(struct sockaddr_un *address, socklen_t *length)
{
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const struct sockaddr family = {.sa_family = AF_UNIX};
    *length = sizeof *address;
    if (listener < 0 || bind(listener, &family, sizeof family.sa_family) != 0 ||
        listen(listener, 8) != 0 ||
        getsockname(listener, (struct sockaddr *)address, length) != 0) {
        abort();
    }
    return listener;
}

static void receive(int client, struct exchange *exchange)
{
    while (!exchange->ended) {
        ssize_t length =
            recv(client, exchange->reply + exchange->length, REPLY_MAX - exchange->length, 0);
        assert(exchange->length < REPLY_MAX);
        if (length < 0 && errno == EAGAIN) {
            return;
        }
        exchange->ended = length <= 0; /* or reset: there was more than the server wanted to read */
        exchange->length += length > 0 ? (size_t)length : 0;
    }
}

static const struct timer_now now = {.second = NOW};

static void run(struct http *http)
{
    const struct timer timer = http_timer(http);
    timer.run(timer.owner, now);
}

static void turn(struct http *http, int client, struct exchange *exchange)
{
    run(http);
    receive(client, exchange);
}

static void send_all(struct http *http, int client, struct exchange *exchange)
{
    size_t sent = 0;
    for (unsigned i = 0; sent < exchange->size; i++) {
        size_t left = exchange->size - sent;
        bool whole = exchange->segment == 0 || exchange->segment > left || i == SEGMENTS_MAX;
        size_t length = whole ? left : exchange->segment;
        if (send(client, exchange->request + sent, length, MSG_NOSIGNAL) != (ssize_t)length) {
            break; /* the server has closed */
        }
        sent += length;
        for (unsigned turns = 0; turns < TURNS_BETWEEN; turns++) {
            turn(http, client, exchange);
        }
    }
    if (exchange->ends_sending) {
        shutdown(client, SHUT_WR);
    }
}

/* One client, from connect(2) to close(2). No connection is left behind. */
static void talk(struct http *http, bool loopback, struct exchange *exchange)
{
    struct sockaddr_un address;
    socklen_t length;
    const struct listener listener = {.descriptor = listen_anywhere(&address, &length),
                                      .loopback = loopback};
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client < 0 || connect(client, (const struct sockaddr *)&address, length) != 0) {
        abort();
    }
    exchange->ended = false;
    exchange->length = 0;
    http_accept(http, &listener, NOW);
    close(listener.descriptor);
    send_all(http, client, exchange);
    for (unsigned turns = 0; !exchange->ended && turns < TURNS_AFTER; turns++) {
        size_t before = exchange->length;
        turn(http, client, exchange);
        turns = exchange->length > before ? 0 : turns;
    }
    exchange->reply[exchange->length] = '\0';
    close(client);
    for (unsigned turns = 0; turns < TURNS_BETWEEN; turns++) {
        run(http);
    }
    assert(http_timer(http).wait(http, now) == -1);
}

/* --- What a reply must look like --- */

/* The value of a field of the reply's head, or NULL. */
static const char *field(const char *head, const char *name)
{
    const char *found = strstr(head, name);
    return found != NULL ? found + strlen(name) : NULL;
}

/* That the chunks end with the reply (RFC 9112, section 7.1; no trailers). */
static void check_chunks(const char *body, const char *end)
{
    unsigned long length;
    do {
        char *rest;
        length = strtoul(body, &rest, 16);
        assert(rest > body && rest + 2 <= end && memcmp(rest, "\r\n", 2) == 0);
        body = rest + 2;
        assert(length <= (size_t)(end - body));
        body += length;
        assert(body + 2 <= end && memcmp(body, "\r\n", 2) == 0);
        body += 2;
    } while (length > 0);
    assert(body == end);
}

static void check_body(const char *head, const char *body, const char *end)
{
    const char *length = field(head, "\r\nContent-Length: ");
    if (field(head, "\r\nTransfer-Encoding: chunked\r\n") != NULL) {
        assert(length == NULL);
        check_chunks(body, end);
    } else if (length != NULL) {
        /* Nothing at all is right for HEAD. */
        assert(body == end || strtoul(length, NULL, 10) == (size_t)(end - body));
    }
}

/* This reply and no other was counted since the last call, and its status is a known one. What
 * libmicrohttpd refuses for its version, or for the lack of one, it does not tell of. */
static void check_counted(unsigned code)
{
    bool counted = false;
    for (unsigned i = 0; i < HTTP_CODES; i++) {
        bool its = strtoul(http_code_value(i), NULL, 10) == code;
        counted |= its && state.http.replies[i] == 1;
        assert(state.http.replies[i] == 0 || (its && state.http.replies[i] == 1));
    }
    assert(counted || code == MHD_HTTP_BAD_REQUEST || code == MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED);
    state.http = (struct http_counters){.replies = {0}};
}

/* One whole reply and nothing else. Returns its status. */
static unsigned check_reply(struct exchange *exchange)
{
    char *head = exchange->reply;
    char *end = head + exchange->length;
    char *body = memmem(head, exchange->length, "\r\n\r\n", 4);
    assert(body != NULL && memchr(head, '\0', (size_t)(body - head)) == NULL);
    body += 4;
    size_t head_length = (size_t)(body - head);
    assert(strncmp(head, "HTTP/1.1 ", 9) == 0 || strncmp(head, "HTTP/1.0 ", 9) == 0);
    unsigned status = (unsigned)strtoul(head + 9, NULL, 10);
    check_counted(status);
    assert(strcasestr(head, "\r\nConnection: close\r\n") != NULL);
    /* Of what it refuses itself for a field, libmicrohttpd 0.9.75 sends the head twice. */
    if (status >= 400 && (size_t)(end - body) >= head_length &&
        memcmp(head, body, head_length) == 0) {
        body += head_length;
    }
    head[head_length - 2] = '\0'; /* the head alone */
    check_body(head, body, end);
    return status;
}

/* Whether a Host that a line has could be an address, of loopback or not. */
static bool may_be_address(const char *value)
{
    value += strspn(value, " \t");
    value += strspn(value, "0123456789abcdefABCDEFxX.:[]");
    value += strspn(value, " \t");
    return *value == '\n' || *value == '\0';
}

/*
 * Whether the head has a Host, and the request no loopback name anywhere. Lines end in LF, and a CR
 * is nothing wherever it stands, as libmicrohttpd 0.9.75 has it. It loses fields where a line is
 * folded, and ends the head at a NUL; requests with either are left out, since no browser can be
 * made to send one.
 */
static bool names_a_foreign_host(const uint8_t *request, size_t size)
{
    size_t length = 0;
    char *text = calloc(1, size + 1);
    assert(text != NULL);
    for (size_t i = 0; i < size; i++) {
        if (request[i] != '\r') {
            text[length++] = (char)request[i];
        }
    }
    bool host = false;
    bool loopback = strcasestr(text, "localhost") != NULL;
    bool plain = strlen(text) == length;
    const char *line = text + strspn(text, "\n");
    while (*line != '\0' && *line != '\n') {
        if (strncasecmp(line, "host:", 5) == 0) {
            host = true;
            loopback |= may_be_address(line + 5);
        }
        plain &= *line != ' ' && *line != '\t';
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    free(text);
    return host && plain && !loopback;
}

static void check_hostile(struct exchange *exchange, bool loopback)
{
    if (exchange->length == 0) {
        state.http = (struct http_counters){.replies = {0}}; /* of what was made and not sent */
        return;                                              /* hung up on, or not done */
    }
    unsigned status = check_reply(exchange);
    assert(exchange->ended);
    assert(status != 503 || state.sniffer_up == 0);
    assert(status != 403 || loopback);
    if (status == 200 || status == 503) {
        assert(memmem(exchange->request, exchange->size, "GET", 3) != NULL ||
               memmem(exchange->request, exchange->size, "HEAD", 4) != NULL);
        assert(!loopback || !names_a_foreign_host(exchange->request, exchange->size));
    }
}

static void check_next(struct http *http, struct exchange *exchange)
{
    static const char request[] = "GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1:9713\r\n\r\n";
    exchange->request = (const uint8_t *)request;
    exchange->size = sizeof request - 1;
    exchange->segment = 0;
    exchange->ends_sending = false;
    talk(http, true, exchange);
    assert(exchange->ended && check_reply(exchange) == 200);
    assert(strcmp(exchange->reply + exchange->length - strlen("healthy\n"), "healthy\n") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct exchange exchange;
    if (size < CLIENT_BYTES) {
        return 0;
    }
    make_state();
    uint8_t ways = data[0];
    bool loopback = (ways & TO_LOOPBACK) != 0;
    state.sniffer_up = (ways & SNIFFER_SILENT) == 0;
    struct http *http;
    if (http_start(&state, &http) != 0) {
        abort();
    }
    exchange.request = data + CLIENT_BYTES;
    exchange.size = size - CLIENT_BYTES;
    exchange.segment = data[1];
    exchange.ends_sending = (ways & ENDS_SENDING) != 0;
    talk(http, loopback, &exchange);
    check_hostile(&exchange, loopback);
    check_next(http, &exchange);
    http_stop(http);
    return 0;
}
