#include "exporter/connections.h"

#include <stddef.h>
#include <sys/socket.h>

bool connections_add(struct connections *connections, int descriptor, bool loopback, uint32_t now)
{
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        if (!connections->slots[i].used) {
            connections->slots[i] = (struct connection){
                .used = true,
                .loopback = loopback,
                .descriptor = descriptor,
                .second = now,
            };
            connections->count++;
            return true;
        }
    }
    return false;
}

const struct connection *connections_find(const struct connections *connections, int descriptor)
{
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        const struct connection *slot = &connections->slots[i];
        if (slot->used && slot->descriptor == descriptor) {
            return slot;
        }
    }
    return NULL;
}

void connections_remove(struct connections *connections, int descriptor)
{
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *slot = &connections->slots[i];
        if (slot->used && slot->descriptor == descriptor) {
            slot->used = false;
            connections->count--;
            return;
        }
    }
}

void connections_expire(struct connections *connections, uint32_t now)
{
    for (unsigned i = 0; connections->count > 0 && i < CONNECTIONS_MAX; i++) {
        const struct connection *slot = &connections->slots[i];
        if (slot->used && now - slot->second > CONNECTIONS_DEADLINE_SECONDS) {
            shutdown(slot->descriptor, SHUT_RDWR);
        }
    }
}
