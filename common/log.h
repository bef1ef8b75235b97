/*
 * Log lines on standard error, one write(2) each: logfmt (the default) or JSON. Below the journal
 * (sd-daemon(3): JOURNAL_STREAM names standard error) each line begins with its priority, "<6>",
 * and no time.
 *
 * Nothing that was read from traffic is ever passed to these functions: no address, no session, no
 * query name.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

enum log_level {
    LOG_DEBUG,
    LOG_INFO,
    LOG_WARN,
    LOG_ERROR,
};

enum log_format {
    LOG_LOGFMT,
    LOG_JSON,
};

/*
 * Before this is called, lines of LOG_INFO and above are written as logfmt. Call it before the
 * sandbox: later lines need no file, and no syscall but clock_gettime (where the vDSO has none),
 * ppoll and write, both on standard error.
 */
void log_configure(enum log_level level, enum log_format format);

/*
 * Writes one line: the message, then key-value pairs, both strings, ended by NULL as a key:
 *     log_line(LOG_INFO, "watching", "domain", name, "interface", "all", NULL);
 * Values are quoted and escaped as the format asks. Lines over LOG_LINE_MAX bytes, newline
 * included, are cut at a whole character and stay well-formed. If standard error fails, or would
 * block because nobody reads it, the line is dropped silently: a monitor does not stop for its log.
 * errno is kept.
 */
enum { LOG_LINE_MAX = 1024 };
void log_line(enum log_level level, const char *message, ...) __attribute__((sentinel));

#endif
