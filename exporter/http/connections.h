/*
 * The open HTTP connections: how many, from which peer, since when, through which kind of socket,
 * and how far each has come. libmicrohttpd restarts its timeout with each byte, so a slow client
 * could hold a connection for ever. Here each connection has a deadline, and one whose request has
 * not come yet can be replaced by a newcomer.
 */
#ifndef EXPORTER_HTTP_CONNECTIONS_H
#define EXPORTER_HTTP_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Not real peers: as networks these values are multicast, which is never a source of TCP. */
#define CONNECTIONS_PEER_LOCAL   UINT64_MAX       /* unix sockets */
#define CONNECTIONS_PEER_UNKNOWN (UINT64_MAX - 1) /* a newcomer that accept(2) could not take */

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
    bool told;     /* libmicrohttpd reports the request's end */
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
 * What counts as one peer: an IPv4 address, also when mapped into IPv6; an IPv6 network of 64 bits,
 * since one host can use all its addresses; and all unix sockets, which have no addresses.
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
 * Which connection to give up for one more of this peer: the oldest one whose request has not come.
 * If the peer is at its limit, it is one of that peer; otherwise one of the peers that have the
 * most such connections. NULL when there is none.
 */
struct connection *connections_dispensable(struct connections *connections, uint64_t peer);

/* Shuts it down, so that libmicrohttpd closes it. */
void connections_end(struct connection *connection);

/* Whether the request of any connection has come. */
bool connections_any_asked(const struct connections *connections);

/* How many are being answered with the metrics. */
unsigned connections_scrapes(const struct connections *connections);

/* Ends the connections past their deadline. Returns how many were not ended before. */
unsigned connections_expire(struct connections *connections, uint32_t now);

#endif
