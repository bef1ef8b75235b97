/* A listen address as a flag gives it: host:port, [v6]:port or :port. */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } socket;
    socklen_t length;
    /* True for ":port": every address of both families. `socket` then holds [::]:port, and who
     * listens clears IPV6_V6ONLY, or falls back to 0.0.0.0 where the host has no IPv6. */
    bool every;
};

/*
 * Reads an address. The host is a numeric IPv4 or IPv6 address, or "localhost" (127.0.0.1): no
 * name is ever looked up, since a resolver is neither needed nor reachable in the sandbox. The
 * port is decimal, 1 to 65535. Returns 0 or -EINVAL; `*out` is untouched on failure.
 */
int address_parse(const char *text, struct address *out);

#endif
