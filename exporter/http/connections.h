/*
 * The HTTP connections that are open: how many and whose, since when, through which kind of socket,
 * and how far each has come. libmicrohttpd's own timeout starts anew with each byte, so a client
 * that sends one now and then would hold a connection for ever: here each has an end, and one whose
 * request has not come yet makes room for a newcomer.
 */
#ifndef EXPORTER_HTTP_CONNECTIONS_H
#define EXPORTER_HTTP_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Nobody: the sources of these "networks" are multicast addresses, which never come by TCP. */
#define CONNECTIONS_PEER_LOCAL   UINT64_MAX       /* unix sockets */
#define CONNECTIONS_PEER_UNKNOWN (UINT64_MAX - 1) /* a newcomer that could not be taken */

enum {
    CONNECTIONS_MAX = 64,              /* a scraper or two, a person, and room for slow ones */
    CONNECTIONS_PEER_MAX = 16,         /* of them from one peer, so that one cannot take all */
    CONNECTIONS_DEADLINE_SECONDS = 30, /* from accept(2) to the last byte of the reply */
};

struct connection {
    bool used;
    bool loopback; /* came to a socket that is bound to loopback alone */
    bool asked;    /* its request has come */
    bool escaped;  /* with a '%' in its path */
    bool scrape;   /* the reply is the metrics */
    bool told;     /* libmicrohttpd tells of the request's end */
    bool ended;    /* shut down, and to be closed */
    int descriptor;
    uint32_t second;  /* when it was taken */
    uint64_t peer;    /* of connections_peer */
    uint64_t arrival; /* counts up from one connection to the next */
};

struct connections {
    struct connection slots[CONNECTIONS_MAX];
    unsigned count;
    uint64_t arrivals;
};

/*
 * Who counts as one: an IPv4 address, also in IPv6's clothes; an IPv6 network of 64 bits, since
 * whoever has one address there has them all; and all that come by unix sockets, which have no
 * addresses.
 */
uint64_t connections_peer(const struct sockaddr *address);

/* What is known of a newcomer. */
struct newcomer {
    int descriptor;
    bool loopback;
    uint64_t peer;
    uint32_t second; /* of CLOCK_BOOTTIME */
};

/* Notes a connection. Returns 0, or -ENOSPC at either limit. */
int connections_add(struct connections *connections, const struct newcomer *newcomer);

/* The connection of a descriptor, or NULL. */
struct connection *connections_find(struct connections *connections, int descriptor);

void connections_remove(struct connections *connections, int descriptor);

/*
 * Which connection is to be given up for one more of this peer: the oldest whose request has not
 * come, of this peer's where it is at its limit, otherwise of those peers' that have the most of
 * them. NULL when there is none.
 */
struct connection *connections_dispensable(struct connections *connections, uint64_t peer);

/* Shuts it down, so that libmicrohttpd closes it. */
void connections_end(struct connection *connection);

/* Whether the request of any has come. */
bool connections_any_asked(const struct connections *connections);

/* How many are being answered with the metrics. */
unsigned connections_scrapes(const struct connections *connections);

/* Ends those that are past their deadline. Returns how many that were not ended before. */
unsigned connections_expire(struct connections *connections, uint32_t now);

#endif
