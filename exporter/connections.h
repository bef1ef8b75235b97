/*
 * The HTTP connections that are open: how many, since when, and through which kind of socket.
 * libmicrohttpd's own timeout starts anew with each octet, so a client that sends one now and then
 * would hold a connection for ever: here each has an end.
 */
#ifndef EXPORTER_CONNECTIONS_H
#define EXPORTER_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CONNECTIONS_MAX = 64,              /* a scraper or two, a person, and room for slow ones */
    CONNECTIONS_ADDRESS_MAX = 16,      /* of them from one address, so that one cannot take all */
    CONNECTIONS_DEADLINE_SECONDS = 30, /* from accept(2) to the last octet of the reply */
};

struct connection {
    bool used;
    bool loopback; /* came to a socket that is bound to loopback alone */
    int descriptor;
    uint32_t second; /* when it was taken */
};

struct connections {
    struct connection slots[CONNECTIONS_MAX];
    unsigned count;
};

/* Notes a connection. Returns false when there is no room. */
bool connections_add(struct connections *connections, int descriptor, bool loopback, uint32_t now);

/* The connection of a descriptor, or NULL. */
const struct connection *connections_find(const struct connections *connections, int descriptor);

void connections_remove(struct connections *connections, int descriptor);

/* Shuts those that are past their deadline down, so that libmicrohttpd closes them. */
void connections_expire(struct connections *connections, uint32_t now);

#endif
