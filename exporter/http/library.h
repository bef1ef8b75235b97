/* What differs between the versions of libmicrohttpd. */
#ifndef EXPORTER_HTTP_LIBRARY_H
#define EXPORTER_HTTP_LIBRARY_H

/* Flags for MHD_start_daemon, so that MHD_add_connection takes a connection at once, and fails when
 * there is no memory for it. `version` is that of the library at run time: MHD_get_version(). */
unsigned library_flags(const char *version);

#endif
