/*
 * The command line. One table in flags.c holds each flag's name, argument, default and help text;
 * both programs parse the same argv with it, --help prints it, and the documents are tested
 * against it.
 *
 * Syntax as of Go's flag package: -x or --x, "-x v" or "-x=v"; a switch takes no value, or =true or
 * =false. A repeatable flag gathers its values; any other takes its last one.
 */
#ifndef COMMON_FLAGS_H
#define COMMON_FLAGS_H

#include "common/address.h"
#include "common/domain.h"
#include "common/log.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* The kernel filter compares each packet with each port. */
    FLAGS_PORTS_MAX = 16,
};

enum framing {
    FRAMING_STRICT, /* what follows the ClientID must be dnstt's frame */
    FRAMING_ANY,    /* whatever the server itself would accept: eight octets or more */
};

struct options {
    struct domain domains[DOMAINS_MAX]; /* in the order given */
    unsigned domain_count;              /* 1 or more */
    uint16_t ports[FLAGS_PORTS_MAX];
    unsigned port_count;    /* 1 or more */
    uint16_t mtu;           /* octets, 512 to 65535 */
    uint32_t active_window; /* seconds, 1 to 3600 */
    enum framing framing;
    char interface[IF_NAMESIZE];  /* empty: all */
    size_t ring_size;             /* octets, a multiple of 256 KiB, 512 KiB to 1 GiB */
    const char *country_database; /* path, NULL without the flag; points into argv, as all below */
    const char *asn_database;
    uint32_t sessions_max;      /* active sessions, 1,000 to 100,000,000 */
    uint32_t sessions_remember; /* distinct sessions, 1,000 to 100,000,000 */
    uint32_t series_max;        /* groups, 1 to 1,000,000 */
    struct address listen_address;
    const char *listen_text;    /* as given, for log lines */
    const char *telemetry_path; /* begins with '/' */
    const char *process_user;
    enum log_level log_level;
    enum log_format log_format;
};

enum flags_result {
    FLAGS_RUN,     /* options are complete */
    FLAGS_HELP,    /* -help or -h was given */
    FLAGS_VERSION, /* -version was given */
    FLAGS_WRONG,   /* `error` says what is wrong */
};

/* Enough for every message: flag, shortened value, remedy. */
struct flags_error {
    char text[256];
};

/*
 * Parses argv[1..argc-1]. On FLAGS_RUN `*options` is complete, defaults included; otherwise it is
 * untouched. On FLAGS_WRONG error->text is one line without newline that names flag, value and
 * remedy; an overlong value is shortened in it and what cannot be printed is shown as '?'.
 * options points into argv, which must outlive it.
 */
enum flags_result flags_parse(int argc, char *const argv[], struct options *options,
                              struct flags_error *error);

/* Writes the usage text, with each flag's default and unit, to a stdio stream's descriptor. */
int flags_print_help(int descriptor);

/* Writes the version text in Prometheus' form. */
int flags_print_version(int descriptor);

#endif
