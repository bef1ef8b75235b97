#include "exporter/web_config/access.h"

#include "exporter/web_config/config.h"
#include "exporter/web_config/files.h"
#include "exporter/web_config/headers.h"
#include "exporter/web_config/password.h"
#include "exporter/web_config/rate_limit.h"
#include "exporter/web_config/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MILLISECONDS = 1000,
    NANOSECONDS_PER_MILLISECOND = 1000 * 1000,
};

struct access {
    const char *path; /* not owned */
    struct web_config config;
    struct tls *tls;
    struct web_files files; /* as of the latest attempt, successful or not */
    struct passwords passwords;
    struct rate_limit limit;
    bool refused; /* the latest attempt failed */
};

static uint64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * MILLISECONDS +
           (uint64_t)(now.tv_nsec / NANOSECONDS_PER_MILLISECOND);
}

static bool same_users(const struct web_config *one, const struct web_config *other)
{
    bool same = one->user_count == other->user_count;
    for (unsigned i = 0; same && i < one->user_count; i++) {
        same = strcmp(one->users[i].name, other->users[i].name) == 0 &&
               strcmp(one->users[i].hash, other->users[i].hash) == 0;
    }
    return same;
}

static bool same_limit(const struct web_config *one, const struct web_config *other)
{
    return one->rate_interval == other->rate_interval && one->rate_burst == other->rate_burst;
}

/* Passwords that were already checked stay valid as long as no user changes. */
static int adopt_users(struct access *access, const struct web_config *config)
{
    if (access->config.tree == NULL || !same_users(&access->config, config)) {
        return passwords_start(config->users, config->user_count, &access->passwords);
    }
    memcpy(access->passwords.users, config->users,
           sizeof access->passwords.users); /* same texts at new addresses */
    return 0;
}

/* Takes over what was loaded. On failure the caller still owns it. */
static int adopt(struct access *access, const struct web_config *config, struct tls *tls)
{
    int error = adopt_users(access, config);
    if (error != 0) {
        return error;
    }
    if (access->config.tree == NULL || !same_limit(&access->config, config)) {
        rate_limit_start(config->rate_interval, config->rate_burst, milliseconds(), &access->limit);
    }
    web_config_free(&access->config);
    tls_release(access->tls);
    access->config = *config;
    access->tls = tls;
    return 0;
}

/* Why a configuration may not replace the current one; NULL if it may. */
static const char *refuse_next(const struct access *access, const struct web_config *next,
                               const struct tls *tls)
{
    if (access->config.tree == NULL) {
        return NULL; /* the first */
    }
    if ((tls != NULL) != (access->tls != NULL)) {
        return "turns TLS on or off; restart to apply it";
    }
    /* A file that is written in place is empty for a moment. */
    if (access->config.user_count > 0 && next->user_count == 0) {
        return "no longer requires a password; restart to apply it";
    }
    return NULL;
}

static int load(struct access *access, struct web_files_error *error)
{
    struct web_config config;
    struct tls *tls;
    int result = web_files_load(access->path, &config, &tls, &access->files, error);
    if (result != 0) {
        return result;
    }
    *error = (struct web_files_error){.reason = refuse_next(access, &config, tls)};
    memcpy(error->path, access->files.files[0].path, sizeof error->path);
    if (error->reason != NULL) {
        result = -EINVAL;
    } else {
        result = adopt(access, &config, tls);
        error->reason = "cannot be used without a random key";
    }
    if (result != 0) {
        web_config_free(&config);
        tls_release(tls);
    }
    return result;
}

int access_open(const char *path, struct access **out, struct web_files_error *error)
{
    struct access *access = calloc(1, sizeof *access);
    if (access == NULL) {
        *error = (struct web_files_error){.reason = "does not fit into memory"};
        return -ENOMEM;
    }
    access->path = path;
    int result = load(access, error);
    if (result != 0) {
        free(access);
        return result;
    }
    *out = access;
    return 0;
}

enum access_reload access_reload(struct access *access, bool again, struct web_files_error *error)
{
    if (access == NULL || (web_files_unchanged(&access->files) && !(again && access->refused))) {
        return ACCESS_UNCHANGED;
    }
    access->refused = load(access, error) != 0;
    return access->refused ? ACCESS_KEPT : ACCESS_RELOADED;
}

const struct web_files *access_files(const struct access *access)
{
    static const struct web_files none = {.count = 0};
    return access != NULL ? &access->files : &none;
}

bool access_uses_tls(const struct access *access)
{
    return access != NULL && access->tls != NULL;
}

const struct headers *access_headers(const struct access *access)
{
    static const struct headers none = {.values = {NULL}};
    return access != NULL ? &access->config.headers : &none;
}

struct tls *access_begin_tls(struct access *access, struct gnutls_session_int *session)
{
    return tls_begin(access->tls, session);
}

enum page access_check(struct access *access, const char *authorization)
{
    if (access == NULL) {
        return PAGE_NONE;
    }
    uint64_t now = milliseconds();
    return rate_limit_take(&access->limit, now)
               ? passwords_check(&access->passwords, authorization, now / MILLISECONDS)
               : PAGE_TOO_MANY;
}
