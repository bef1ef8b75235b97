/* The exporter's syscalls: all that it may use once it serves. */
#ifndef EXPORTER_POLICY_H
#define EXPORTER_POLICY_H

#include <stdbool.h>
#include <stddef.h>

struct listener;
struct sandbox_rule;

enum { EXPORTER_RULES_MAX = 48, POLICY_WAITS = 2 };

/* The names of the call that libc's epoll_wait(3) makes: the first one that the machine has. arm64
 * and other newer ones have only the second. */
extern const char *const policy_waits[POLICY_WAITS];

/* What never changes while the process lives: the policy pins it. */
struct exporter_descriptors {
    int epoll;      /* our event loop's */
    int http_epoll; /* libmicrohttpd's */
    int channel;
    const struct listener *listeners;
    unsigned listener_count; /* at most LISTEN_SOCKETS_MAX */
    int signals;
    int interfaces; /* the socket that tells of them; below 0: none */
    int notify;     /* below 0: none */
    bool databases; /* are reloaded when replaced */
    bool web;       /* so are the web configuration and the files it names */
    bool tls;       /* connections are TLS */
    int memory;     /* /proc/self/statm; below 0: none */
    int sniffer_memory;
};

/* Fills `rules` (EXPORTER_RULES_MAX entries); returns how many are used. */
size_t exporter_policy(const struct exporter_descriptors *pinned, struct sandbox_rule *rules);

#endif
