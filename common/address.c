#include "common/address.h"

#include "common/number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define PATH_PREFIX "unix:"

static void set_v6(struct in6_addr host, uint16_t port, struct address *out)
{
    out->length = sizeof out->socket.v6;
    out->socket.v6 =
        (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = host};
}

static void set_v4(struct in_addr host, uint16_t port, struct address *out)
{
    out->length = sizeof out->socket.v4;
    out->socket.v4 =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = host};
}

static int parse_path(const char *path, struct address *out)
{
    size_t length = strlen(path);
    if (path[0] != '/' || length >= sizeof out->socket.local.sun_path) {
        return -EINVAL;
    }
    out->length = sizeof out->socket.local;
    out->socket.local = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(out->socket.local.sun_path, path, length + 1);
    return 0;
}

static int parse_internet(const char *text, struct address *out)
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

int address_parse(const char *text, struct address *out)
{
    struct address address;
    size_t length = strlen(text);
    /* Clear all of it, so that equal addresses are equal bytes. */
    memset(&address, 0, sizeof address);
    if (length >= sizeof address.text) {
        return -EINVAL;
    }
    memcpy(address.text, text, length + 1);
    const size_t prefix = strlen(PATH_PREFIX);
    int error = strncmp(text, PATH_PREFIX, prefix) == 0 ? parse_path(text + prefix, &address)
                                                        : parse_internet(text, &address);
    if (error == 0) {
        *out = address;
    }
    return error;
}

bool address_equal(const struct address *left, const struct address *right)
{
    return left->length == right->length &&
           memcmp(&left->socket, &right->socket, left->length) == 0;
}
