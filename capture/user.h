/* The unprivileged user that root becomes. */
#ifndef CAPTURE_USER_H
#define CAPTURE_USER_H

#include <stdbool.h>

struct sandbox_user;

/*
 * Reads "name", "uid" or "uid:gid"; a uid alone means a gid of the same number. Names are looked up
 * in /etc/passwd itself, not by getpwnam(3): its modules would be loaded into a process that still
 * holds every capability. Returns 0; -ENOENT for an unknown name; -EINVAL for any other text, and
 * for uid or gid 0; -errno when /etc/passwd cannot be read.
 */
int user_parse(const char *text, struct sandbox_user *out);

/* Whether this process is in a user namespace (user_namespaces(7)), as in a rootless container: its
 * capabilities hold for what belongs to that, and not for the host's network. False when /proc does
 * not tell. */
bool user_is_in_namespace(void);

#endif
