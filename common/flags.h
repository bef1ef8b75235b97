/*
 * The command line. One table in flag_table.c holds each flag's name, argument, default and help
 * text; both programs parse the same argv with it, -help prints it, and the documents are tested
 * against it.
 *
 * Syntax as of Go's flag package: -x or --x, "-x v" or "-x=v"; a switch takes no value, or =true or
 * =false. A repeatable flag gathers its values, and the first one given replaces the default; any
 * other takes its last one. -help and -version act as soon as they are met, so that only what
 * stands before them must be right.
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
    size_t ring_size;             /* octets, a multiple of 512 KiB, 1 MiB to 1 GiB */
    const char *country_database; /* path, NULL without the flag; into argv, as all below */
    const char *asn_database;
    uint32_t sessions_max;         /* active sessions, 1,000 to 100,000,000 */
    uint32_t sessions_remember;    /* distinct sessions, 1,000 to 100,000,000 */
    uint32_t sessions_min_queries; /* different ones from which a session counts, 1 or 2 */
    uint32_t series_max;           /* groups, 1 to 1,000,000 */
    struct address listen_addresses[ADDRESSES_MAX]; /* of no meaning with systemd_socket */
    unsigned listen_count;                          /* 1 or more */
    uint32_t max_requests;      /* scrapes at a time; 0: as many as there are connections */
    bool systemd_socket;        /* serve on passed sockets instead (sd_listen_fds(3)) */
    const char *telemetry_path; /* begins with '/' */
    const char *web_config;     /* path, NULL without the flag */
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
 * options points into argv, which must outlive it, or to static text.
 */
enum flags_result flags_parse(int argc, char *const argv[], struct options *options,
                              struct flags_error *error);

/* Writes the usage text, with each flag's default and unit. Returns 0 or -errno. */
int flags_print_help(int descriptor);

/* Writes the version text in Prometheus' form. Returns 0 or -errno. */
int flags_print_version(int descriptor);

/* What this build is, never NULL or empty. The compiler is its name and version. */
const char *flags_version(void);
const char *flags_revision(void);
const char *flags_branch(void);
const char *flags_compiler(void);

/* One row of the table, as the help shows it. */
struct flags_entry {
    const char *name;         /* without a dash */
    const char *argument;     /* placeholder; NULL: a switch */
    const char *default_text; /* parsed like a given value; NULL: none */
    bool repeatable;          /* and comma-separated */
    const char *help;         /* lines of at most 71 characters, so that they fit indented */
};

/* The table's rows, in the order of the help. An index below flags_count(). */
size_t flags_count(void);
const struct flags_entry *flags_entry(size_t index);

#endif
