#include "exporter/refusal.h"

#include "common/address.h"
#include "common/log.h"
#include "common/notify.h"
#include "exporter/geoip/outcome.h"
#include "exporter/web_config/files.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void refusal_tell(const char *what, int error)
{
    log_line(LOG_ERROR, what, "error", strerror(-error), NULL);
    notify_failed_start(what, strerror(-error));
}

/* The user who needs read access to files, for a log line. */
static const char *own_user(void)
{
    static char user[32];
    snprintf(user, sizeof user, "%u:%u", (unsigned)geteuid(), (unsigned)getegid());
    return user;
}

void refusal_tell_database(const struct geoip_error *error)
{
    if (error->permission) {
        log_line(LOG_ERROR,
                 "cannot read the database; give this user read access to the file and its folders",
                 "flag", error->flag, "file", error->path, "user", own_user(), "error",
                 error->reason, NULL);
    } else {
        log_line(LOG_ERROR, "cannot use the database; give a MaxMind DB file of the right kind",
                 "flag", error->flag, "file", error->path, "error", error->reason,
                 error->keys_wanted.count > 0 ? "keys_looked_for" : NULL, error->keys_wanted.text,
                 "keys_in_file", error->keys_found.text, NULL);
    }
    notify_failed_start(error->path, error->reason);
}

void refusal_tell_web(const struct web_files_error *error, int result)
{
    char line[16];
    if (result == -EACCES) {
        log_line(LOG_ERROR,
                 "cannot read the web configuration; give this user read access to the file and "
                 "its folders",
                 "flag", "-web.config.file", "file", error->path, "user", own_user(), "error",
                 error->reason, NULL);
    } else {
        snprintf(line, sizeof line, "%u", error->line);
        log_line(LOG_ERROR, "cannot use the web configuration", "flag", "-web.config.file", "file",
                 error->path, "error", error->reason, error->line > 0 ? "line" : NULL, line,
                 error->key[0] != '\0' ? "key" : NULL, error->key, NULL);
    }
    notify_failed_start(error->path, error->reason);
}

static const char *listen_text(const struct address *address, int error)
{
    if (address->socket.any.sa_family != AF_UNIX) {
        return "cannot listen; give a free address of this host, or use -web.systemd-socket if a "
               ".socket unit holds it";
    }
    if (error == -EADDRINUSE) {
        return "cannot listen: another process listens there; stop it, or give another path";
    }
    if (error == -EEXIST) {
        return "cannot listen: the file there is not a socket; remove it, or give another path";
    }
    return "cannot listen; give a path in a folder that this user can write to, without another "
           "user's socket, or use -web.systemd-socket if a .socket unit holds it";
}

void refusal_tell_listen(const struct address *address, int error)
{
    log_line(LOG_ERROR, listen_text(address, error), "flag", "-web.listen-address", "value",
             address->text, "error", strerror(-error), NULL);
    notify_failed_start("cannot listen", strerror(-error));
}
