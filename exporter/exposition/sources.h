/* Where the values of a scrape come from. */
#ifndef EXPORTER_EXPOSITION_SOURCES_H
#define EXPORTER_EXPOSITION_SOURCES_H

#include <stdbool.h>

struct distinct;
struct geoip;
struct groups;
struct http_counters;
struct options;
struct reloaded;
struct self_metrics;
struct sessions;
struct wire_stats;

/* Nothing is owned; all outlive the scrapes. */
struct exposition_sources {
    const struct options *options;    /* domain names, and which labels exist */
    const struct wire_stats *account; /* the sniffer's latest */
    const struct groups *groups;
    const struct sessions *sessions;
    const struct distinct *distinct;
    const struct geoip *geoip;         /* NULL: no databases */
    const struct reloaded *databases;  /* GEOIP_DATABASES of them */
    const struct reloaded *web_config; /* NULL: none in use */
    const struct http_counters *http;
    const struct self_metrics *self;
    const bool *stale; /* the sniffer is silent */
};

#endif
