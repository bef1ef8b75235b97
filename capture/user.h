/* The unprivileged user that root becomes. */
#ifndef CAPTURE_USER_H
#define CAPTURE_USER_H

struct sandbox_user;

/*
 * Reads "name", "uid" or "uid:gid"; a uid alone means a gid of the same number. Names are looked up
 * in /etc/passwd itself and not by getpwnam(3), whose modules would be loaded into a process that
 * still holds every capability. Returns 0; -ENOENT for a name that is not there; -EINVAL for what
 * is neither, and for uid or gid 0; -errno when /etc/passwd cannot be read.
 */
int user_parse(const char *text, struct sandbox_user *out);

#endif
