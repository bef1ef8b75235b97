#include "exporter/web.h"

#include "exporter/password.h"
#include "exporter/rate_limit.h"
#include "exporter/web_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MILLISECONDS = 1000,
    NANOSECONDS_PER_MILLISECOND = 1000 * 1000,
};

struct web {
    const char *path; /* not owned */
    struct web_config config;
    struct tls *tls;
    struct web_files files; /* as of the latest attempt, whatever came of it */
    struct passwords passwords;
    struct rate_limit limit;
    bool refused; /* which was that it is of no use */
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

/* Who has proved a password keeps that while nobody's has changed. */
static int adopt_users(struct web *web, const struct web_config *config)
{
    if (web->config.tree == NULL || !same_users(&web->config, config)) {
        return passwords_start(config->users, config->user_count, &web->passwords);
    }
    memcpy(web->passwords.users, config->users, sizeof web->passwords.users); /* other texts */
    return 0;
}

/* Takes over what was loaded. On failure it is still the caller's. */
static int adopt(struct web *web, const struct web_config *config, struct tls *tls)
{
    int error = adopt_users(web, config);
    if (error != 0) {
        return error;
    }
    if (web->config.tree == NULL || !same_limit(&web->config, config)) {
        rate_limit_start(config->rate_interval, config->rate_burst, milliseconds(), &web->limit);
    }
    web_config_free(&web->config);
    tls_release(web->tls);
    web->config = *config;
    web->tls = tls;
    return 0;
}

/* Why a configuration may not follow the one that is in use; NULL where it may. */
static const char *refuse_next(const struct web *web, const struct web_config *next,
                               const struct tls *tls)
{
    if (web->config.tree == NULL) {
        return NULL; /* the first */
    }
    if ((tls != NULL) != (web->tls != NULL)) {
        return "begins or ends TLS; restart for that";
    }
    /* While somebody writes a file in place it is empty for a moment. */
    if (web->config.user_count > 0 && next->user_count == 0) {
        return "asks for no password any more; restart for that";
    }
    return NULL;
}

static int load(struct web *web, struct web_files_error *error)
{
    struct web_config config;
    struct tls *tls;
    int result = web_files_load(web->path, &config, &tls, &web->files, error);
    if (result != 0) {
        return result;
    }
    *error = (struct web_files_error){.reason = refuse_next(web, &config, tls)};
    memcpy(error->path, web->files.files[0].path, sizeof error->path);
    if (error->reason != NULL) {
        result = -EINVAL;
    } else {
        result = adopt(web, &config, tls);
        error->reason = "cannot be used without a random key";
    }
    if (result != 0) {
        web_config_free(&config);
        tls_release(tls);
    }
    return result;
}

int web_open(const char *path, struct web **out, struct web_files_error *error)
{
    struct web *web = calloc(1, sizeof *web);
    if (web == NULL) {
        *error = (struct web_files_error){.reason = "does not fit into memory"};
        return -ENOMEM;
    }
    web->path = path;
    int result = load(web, error);
    if (result != 0) {
        free(web);
        return result;
    }
    *out = web;
    return 0;
}

void web_close(struct web *web)
{
    if (web != NULL) {
        web_config_free(&web->config);
        tls_release(web->tls);
        explicit_bzero(&web->passwords, sizeof web->passwords);
    }
    free(web);
}

enum web_reload web_reload(struct web *web, bool again, struct web_files_error *error)
{
    if (web == NULL || (web_files_unchanged(&web->files) && !(again && web->refused))) {
        return WEB_UNCHANGED;
    }
    web->refused = load(web, error) != 0;
    return web->refused ? WEB_KEPT : WEB_RELOADED;
}

const struct web_files *web_get_files(const struct web *web)
{
    static const struct web_files none = {.count = 0};
    return web != NULL ? &web->files : &none;
}

bool web_uses_tls(const struct web *web)
{
    return web != NULL && web->tls != NULL;
}

const struct headers *web_headers(const struct web *web)
{
    static const struct headers none = {.values = {NULL}};
    return web != NULL ? &web->config.headers : &none;
}

struct tls *web_begin_tls(struct web *web, gnutls_session_t session)
{
    return tls_begin(web->tls, session);
}

enum web_verdict web_judge(struct web *web, const char *authorization)
{
    if (web == NULL) {
        return WEB_ADMITTED;
    }
    uint64_t now = milliseconds();
    if (!rate_limit_take(&web->limit, now)) {
        return WEB_TOO_MANY;
    }
    switch (passwords_check(&web->passwords, authorization, now / MILLISECONDS)) {
    case PASSWORD_RIGHT:
        return WEB_ADMITTED;
    case PASSWORD_WRONG:
        return WEB_UNAUTHORIZED;
    case PASSWORD_LATER:
        return WEB_TOO_MANY;
    }
    return WEB_UNAUTHORIZED;
}
