/*
 * What -web.config.file asks of the web server while it runs: TLS, passwords, a limit on requests,
 * header fields. It is read anew when one of its files is replaced; connections that are open keep
 * what they came with. Without the flag there is none of this: every function takes NULL for that.
 */
#ifndef EXPORTER_WEB_CONFIG_ACCESS_H
#define EXPORTER_WEB_CONFIG_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

struct access;
struct gnutls_session_int;
struct headers;
struct tls;
struct web_files;
struct web_files_error;

/* Reads the configuration. Returns 0, or -errno with `*error` filled. It lives as long as the
 * process. */
int access_open(const char *path, struct access **out, struct web_files_error *error);

enum access_reload {
    ACCESS_UNCHANGED, /* every file is what it was at the latest attempt */
    ACCESS_RELOADED,  /* new connections, and every request, follow the new one */
    ACCESS_KEPT,      /* the new one is of no use, as *error says: the old one goes on */
};

/* Looks whether a file was replaced, and takes the whole in. With `again` one that was of no use is
 * tried once more. TLS can be neither begun nor ended this way, nor can passwords be
 * given up. */
enum access_reload access_reload(struct access *access, bool again, struct web_files_error *error);

/* The files that are read again, for landlock_confine. */
const struct web_files *access_files(const struct access *access);

/* Whether every connection is TLS. */
bool access_uses_tls(const struct access *access);

/* What each reply has besides its own fields. It stays where it is, and follows the reload. */
const struct headers *access_headers(const struct access *access);

/* Gives a new session its TLS. Returns what tls_release is to be called with when the connection
 * has ended; NULL where it cannot succeed. */
struct tls *access_begin_tls(struct access *access, struct gnutls_session_int *session);

enum access_verdict {
    ACCESS_GRANTED,
    ACCESS_UNAUTHORIZED, /* 401 */
    ACCESS_TOO_MANY,     /* 429 */
};

/* Judges a request by its Authorization field, NULL when it has none. */
enum access_verdict access_check(struct access *access, const char *authorization);

#endif
