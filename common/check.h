/*
 * -check: says what would be watched and served, one line each on standard output, and ends. The
 * program that is started shows interfaces, gives up its privileges and executes the exporter,
 * which shows the rest.
 */
#ifndef COMMON_CHECK_H
#define COMMON_CHECK_H

/* Environment variable that passes the status so far over the exec. */
#define CHECK_ENVIRONMENT "DNSTT_EXPORTER_CHECK"

enum { CHECK_LINE_MAX = 4608 }; /* bytes: a path and what is said of it */

/* The exit status. */
enum check_status {
    CHECK_OK,
    CHECK_REFUSED, /* by the system: a retry may work */
    CHECK_WRONG,   /* the web configuration is wrong: a retry cannot work */
};

static inline enum check_status check_worse(enum check_status one, enum check_status other)
{
    return one > other ? one : other;
}

/* Writes one line. What is not printable ASCII becomes '?', as the flags' errors show it; a line
 * over CHECK_LINE_MAX bytes is cut and ends in "...". Returns 0 or -errno. */
int check_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes the last line: "ok", or that there were errors. Returns the exit status: not CHECK_OK when
 * nobody could read it. */
enum check_status check_end(enum check_status status);

#endif
