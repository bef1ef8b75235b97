/* The unprivileged user that root becomes. */
#ifndef CAPTURE_USER_H
#define CAPTURE_USER_H

struct sandbox_user;

/*
 * Reads "name", "uid" or "uid:gid"; a uid alone means a gid of the same number. Names are looked up
 * in /etc/passwd itself, not by getpwnam(3): its modules would be loaded into a process that still
 * holds every capability. Returns 0; -ENOENT for an unknown name; -EINVAL for any other text, and
 * for uid or gid 0; -errno when /etc/passwd cannot be read.
 */
int user_parse(const char *text, struct sandbox_user *out);

#endif
