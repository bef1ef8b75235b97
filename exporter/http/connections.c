#include "exporter/http/connections.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

uint64_t connections_peer(const struct sockaddr *address)
{
    uint64_t peer = CONNECTIONS_PEER_LOCAL;
    struct in6_addr v6 = IN6ADDR_ANY_INIT;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        v6.s6_addr16[5] = UINT16_MAX;
        v6.s6_addr32[3] = v4->sin_addr.s_addr;
    } else if (address->sa_family == AF_INET6) {
        v6 = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    } else {
        return peer;
    }
    /* A mapped address has IPv4 in its second half, behind 16 set bits. No network begins with
     * these bytes: they are unassigned. */
    size_t half = IN6_IS_ADDR_V4MAPPED(&v6) ? sizeof peer : 0;
    memcpy(&peer, &v6.s6_addr[half], sizeof peer);
    return peer;
}

static unsigned count_of(const struct connections *connections, uint64_t peer, bool waiting)
{
    unsigned count = 0;
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        const struct connection *slot = &connections->slots[i];
        count += slot->used && slot->peer == peer && !(waiting && slot->asked);
    }
    return count;
}

int connections_add(struct connections *connections, const struct newcomer *newcomer)
{
    if (count_of(connections, newcomer->peer, false) >= CONNECTIONS_PEER_MAX) {
        return -ENOSPC;
    }
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        if (!connections->slots[i].used) {
            connections->slots[i] = (struct connection){
                .used = true,
                .loopback = newcomer->loopback,
                .descriptor = newcomer->descriptor,
                .second = newcomer->second,
                .peer = newcomer->peer,
                .arrival = connections->arrivals++,
            };
            connections->count++;
            return 0;
        }
    }
    return -ENOSPC;
}

struct connection *connections_find(struct connections *connections, int descriptor)
{
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *slot = &connections->slots[i];
        if (slot->used && slot->descriptor == descriptor) {
            return slot;
        }
    }
    return NULL;
}

void connections_remove(struct connections *connections, int descriptor)
{
    struct connection *slot = connections_find(connections, descriptor);
    if (slot != NULL) {
        slot->used = false;
        connections->count--;
    }
}

struct connection *connections_dispensable(struct connections *connections, uint64_t peer)
{
    struct connection *found = NULL;
    unsigned most = 0;
    bool own = count_of(connections, peer, false) >= CONNECTIONS_PEER_MAX;
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *slot = &connections->slots[i];
        if (!slot->used || slot->asked || slot->ended || (own && slot->peer != peer)) {
            continue;
        }
        unsigned count = count_of(connections, slot->peer, true);
        if (found == NULL || count > most || (count == most && slot->arrival < found->arrival)) {
            found = slot;
            most = count;
        }
    }
    return found;
}

bool connections_any_asked(const struct connections *connections)
{
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        if (connections->slots[i].used && connections->slots[i].asked) {
            return true;
        }
    }
    return false;
}

unsigned connections_scrapes(const struct connections *connections)
{
    unsigned count = 0;
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        count += connections->slots[i].used && connections->slots[i].scrape;
    }
    return count;
}

void connections_end(struct connection *connection)
{
    shutdown(connection->descriptor, SHUT_RDWR);
    connection->ended = true;
}

unsigned connections_expire(struct connections *connections, uint32_t now)
{
    unsigned count = 0;
    for (unsigned i = 0; connections->count > 0 && i < CONNECTIONS_MAX; i++) {
        struct connection *slot = &connections->slots[i];
        if (slot->used && !slot->ended && now - slot->second > CONNECTIONS_DEADLINE_SECONDS) {
            connections_end(slot);
            count++;
        }
    }
    return count;
}
