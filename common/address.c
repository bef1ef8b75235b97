#include "common/address.h"

#include "common/number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static void set_v6(struct in6_addr host, uint16_t port, struct address *out)
{
    *out = (struct address){.length = sizeof out->socket.v6};
    out->socket.v6 =
        (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = host};
}

static void set_v4(struct in_addr host, uint16_t port, struct address *out)
{
    *out = (struct address){.length = sizeof out->socket.v4};
    out->socket.v4 =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = host};
}

int address_parse(const char *text, struct address *out)
{
    const char *colon = strrchr(text, ':');
    uint64_t number = 0;
    if (colon == NULL || number_parse(colon + 1, 1, UINT16_MAX, &number) != 0) {
        return -EINVAL;
    }
    const uint16_t port = (uint16_t)number;

    char host[INET6_ADDRSTRLEN + sizeof "[]"];
    size_t length = (size_t)(colon - text);
    if (length >= sizeof host) {
        return -EINVAL;
    }
    memcpy(host, text, length);
    host[length] = '\0';

    struct in_addr v4;
    struct in6_addr v6;
    if (length == 0) {
        set_v6(in6addr_any, port, out);
        out->every = true;
    } else if (host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        if (inet_pton(AF_INET6, host + 1, &v6) != 1) {
            return -EINVAL;
        }
        set_v6(v6, port, out);
    } else if (strcasecmp(host, "localhost") == 0) {
        set_v4((struct in_addr){.s_addr = htonl(INADDR_LOOPBACK)}, port, out);
    } else if (inet_pton(AF_INET, host, &v4) == 1) {
        set_v4(v4, port, out);
    } else {
        return -EINVAL;
    }
    return 0;
}
