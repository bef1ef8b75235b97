/* A listen address as a flag gives it: host:port, [v6]:port, :port or unix:/path. */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
    ADDRESSES_MAX = 8,      /* to listen on: one of each kind and some more */
    ADDRESS_TEXT_MAX = 128, /* bytes: "unix:" and the longest path of unix(7), and the NUL */
};

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } socket;
    socklen_t length;
    /* True for ":port": every address of both families. `socket` then holds [::]:port, and the
     * listener clears IPV6_V6ONLY, or falls back to 0.0.0.0 if the host has no IPv6. */
    bool every;
    char text[ADDRESS_TEXT_MAX]; /* as given, for log lines */
};

/*
 * Reads an address. The host is a numeric IPv4 or IPv6 address, or "localhost" (127.0.0.1): names
 * are never looked up, because the sandbox cannot reach a resolver and needs none. The port is
 * decimal, 1 to 65535. A path is absolute, of at most 107 bytes. Returns 0 or -EINVAL; `*out` is
 * untouched on failure.
 */
int address_parse(const char *text, struct address *out);

/* Whether both are the same socket, however they were written. */
bool address_equal(const struct address *left, const struct address *right);

#endif
