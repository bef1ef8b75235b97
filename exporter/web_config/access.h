/*
 * What -web.config.file asks of the web server while it runs: TLS, passwords, a limit on requests,
 * header fields. It is read again when one of its files is replaced; open connections keep the TLS
 * they began with. Without the flag, every function takes NULL and does none of this.
 */
#ifndef EXPORTER_WEB_CONFIG_ACCESS_H
#define EXPORTER_WEB_CONFIG_ACCESS_H

#include "exporter/web_config/page.h"

#include <stdbool.h>
#include <stdint.h>

struct access;
struct gnutls_session_int;
struct headers;
struct tls;
struct web_files;
struct web_files_error;

/* Reads the configuration. Returns 0, or -errno with `*error` filled. It is never freed. */
int access_open(const char *path, struct access **out, struct web_files_error *error);

enum access_reload {
    ACCESS_UNCHANGED, /* no file has changed since the latest attempt */
    ACCESS_RELOADED,  /* new connections, and every request, use the new one */
    ACCESS_KEPT,      /* cannot load the new one (see *error); still using the old one */
};

/* Checks whether a file was replaced, and loads all of them. With `again` it retries one that could
 * not be loaded. It cannot turn TLS on or off, and cannot remove all passwords. */
enum access_reload access_reload(struct access *access, bool again, struct web_files_error *error);

/* The files that are read again, for landlock_confine. */
const struct web_files *access_files(const struct access *access);

/* Whether every connection is TLS. */
bool access_uses_tls(const struct access *access);

/* The fields that each reply has besides its own. The address stays the same across reloads. */
const struct headers *access_headers(const struct access *access);

/* Gives a new session its TLS. Returns what to pass to tls_release when the connection has ended;
 * NULL if the session cannot succeed. */
struct tls *access_begin_tls(struct access *access, struct gnutls_session_int *session);

/* Checks a request by its Authorization field, NULL when it has none: PAGE_NONE when it may go on,
 * PAGE_UNAUTHORIZED or PAGE_TOO_MANY. */
enum page access_check(struct access *access, const char *authorization);

#endif
