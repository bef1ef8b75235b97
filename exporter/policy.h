/* The exporter's syscalls: all that it may ask of the kernel once it serves. */
#ifndef EXPORTER_POLICY_H
#define EXPORTER_POLICY_H

#include <stdbool.h>
#include <stddef.h>

struct listener;
struct sandbox_rule;

enum { EXPORTER_RULES_MAX = 48 };

/* What is fixed for the life of the process, to be pinned. */
struct exporter_descriptors {
    int epoll;      /* our event loop's */
    int http_epoll; /* libmicrohttpd's */
    int channel;
    const struct listener *listeners;
    unsigned listener_count; /* at most LISTEN_SOCKETS_MAX */
    int signals;
    int notify;     /* below 0: none */
    bool databases; /* are read anew when they are replaced */
    bool web;       /* a web configuration is, and what it names */
    bool tls;       /* connections are TLS */
    int memory;     /* /proc/self/statm; below 0: none */
    int sniffer_memory;
};

/* Fills `rules`, which has EXPORTER_RULES_MAX places; returns how many are used. */
size_t exporter_policy(const struct exporter_descriptors *pinned, struct sandbox_rule *rules);

#endif
