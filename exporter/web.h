/*
 * What -web.config.file asks of the web server while it runs: TLS, passwords, a limit on requests,
 * header fields. It is read anew when one of its files is replaced; connections that are open keep
 * what they came with. Without the flag there is none of this: every function takes NULL for that.
 */
#ifndef EXPORTER_WEB_H
#define EXPORTER_WEB_H

#include "exporter/headers.h"
#include "exporter/tls.h"
#include "exporter/web_files.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>

struct web;

/* Reads the configuration. Returns 0, or -errno with `*error` filled. web_close frees it. */
int web_open(const char *path, struct web **out, struct web_files_error *error);
void web_close(struct web *web);

enum web_reload {
    WEB_UNCHANGED, /* every file is what it was at the latest attempt */
    WEB_RELOADED,  /* new connections, and every request, follow the new one */
    WEB_KEPT,      /* the new one is of no use, as *error says: the old one goes on */
};

/* Looks whether a file was replaced, and takes the whole in. With `again` one that was of no use is
 * tried once more. TLS can be neither begun nor ended this way, nor can passwords be
 * given up. */
enum web_reload web_reload(struct web *web, bool again, struct web_files_error *error);

/* The files that are read again, for landlock_confine. */
const struct web_files *web_get_files(const struct web *web);

/* Whether every connection is TLS. */
bool web_uses_tls(const struct web *web);

/* What each reply has besides its own fields. It stays where it is, and follows the reload. */
const struct headers *web_headers(const struct web *web);

/* Gives a new session its TLS. Returns what tls_release is to be called with when the connection
 * has ended; NULL where it cannot succeed. */
struct tls *web_begin_tls(struct web *web, gnutls_session_t session);

enum web_verdict {
    WEB_ADMITTED,
    WEB_UNAUTHORIZED, /* 401 */
    WEB_TOO_MANY,     /* 429 */
};

/* Judges a request by its Authorization field, NULL when it has none. */
enum web_verdict web_judge(struct web *web, const char *authorization);

#endif
