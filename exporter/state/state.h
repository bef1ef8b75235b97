/*
 * What the exporter knows: one structure, which lives as long as the process. What shows values
 * reads them here, where their owners keep them.
 */
#ifndef EXPORTER_STATE_STATE_H
#define EXPORTER_STATE_STATE_H

#include "common/options.h"
#include "exporter/counts/counts.h"
#include "exporter/geoip/geoip.h"
#include "exporter/state/hints.h"
#include "exporter/state/http_counters.h"
#include "exporter/state/intake.h"
#include "exporter/system/reloaded.h"
#include "exporter/system/self_metrics.h"
#include "exporter/system/wall_clock.h"

#include <stdint.h>

struct access;

/* Of a database: what the reload found, and what the database counts. */
struct state_database {
    struct reloaded file;
    struct geoip_values values; /* filled in where it is shown */
};

struct state {
    struct options options;
    struct counts counts;
    struct intake intake;  /* with the sniffer's latest account */
    struct geoip *geoip;   /* NULL: no databases */
    struct access *access; /* what -web.config.file asks for; NULL: nothing */
    struct state_database databases[GEOIP_DATABASES];
    struct reloaded web_config; /* SELF_METRICS_UNKNOWN without -web.config.file */
    struct http_counters http;
    struct wall_clock wall; /* as of the last scrape */
    struct self_metrics self;
    struct self_metrics_values self_values; /* filled in where they are shown */
    uint64_t sniffer_up;                    /* 1; 0 while the sniffer is silent */
    uint64_t interfaces_changed;            /* 0; 1 once a restart is needed to count right */
    struct hints hints;
};

#endif
