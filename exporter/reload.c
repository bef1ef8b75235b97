#include "exporter/reload.h"

#include "common/log.h"
#include "exporter/geoip/outcome.h"
#include "exporter/web_config/access.h"
#include "exporter/web_config/files.h"

#include <stdio.h>
#include <time.h>

void reload_start(struct geoip *geoip, bool databases, struct access *access, uint32_t now,
                  struct reload *out)
{
    *out = (struct reload){
        .geoip = geoip,
        .access = access,
        .wanted = databases || access != NULL,
        .second = now,
        .web_config = {.successful = 1, .success_time = (uint64_t)time(NULL)},
    };
    for (unsigned i = 0; i < GEOIP_DATABASES; i++) {
        out->databases[i].successful = 1;
        out->databases[i].success_time = (uint64_t)time(NULL);
    }
}

uint32_t reload_due(const struct reload *reload, uint32_t now)
{
    uint32_t since = now - reload->second;
    if (reload->stage != RELOAD_IDLE) {
        return 0;
    }
    if (reload->requested) {
        return since >= RELOAD_REQUEST_SECONDS ? 0 : RELOAD_REQUEST_SECONDS - since;
    }
    if (!reload->wanted) {
        return UINT32_MAX;
    }
    return since >= RELOAD_INTERVAL_SECONDS ? 0 : RELOAD_INTERVAL_SECONDS - since;
}

/* Returns false when there is more to do. */
static bool look_at(struct reload *reload, enum geoip_which which)
{
    static const char *const names[GEOIP_DATABASES] = {"country", "asn"};
    struct geoip_error error;
    switch (geoip_reload(reload->geoip, which, reload->serving, &error)) {
    case GEOIP_UNCHANGED:
        break;
    case GEOIP_COPYING:
        return false;
    case GEOIP_RELOADED:
        reload->databases[which].successful = 1;
        reload->databases[which].success_time = (uint64_t)time(NULL);
        log_line(LOG_INFO, "loaded a new database", "database", names[which], NULL);
        break;
    case GEOIP_KEPT:
        reload->databases[which].successful = 0;
        log_line(LOG_WARN, "cannot load the new database; still using the old one", "flag",
                 error.flag, "file", error.path, "error", error.reason, NULL);
        break;
    }
    return true;
}

static void look_at_web_config(struct reload *reload)
{
    struct web_files_error error;
    char line[16];
    switch (access_reload(reload->access, reload->serving, &error)) {
    case ACCESS_UNCHANGED:
        break;
    case ACCESS_RELOADED:
        reload->web_config.successful = 1;
        reload->web_config.success_time = (uint64_t)time(NULL);
        log_line(LOG_INFO, "loaded a new web configuration", NULL);
        break;
    case ACCESS_KEPT:
        reload->web_config.successful = 0;
        snprintf(line, sizeof line, "%u", error.line);
        log_line(LOG_WARN, "cannot load the new web configuration; still using the old one", "flag",
                 "-web.config.file", "file", error.path, "error", error.reason,
                 error.line > 0 ? "line" : NULL, line, error.key[0] != '\0' ? "key" : NULL,
                 error.key, NULL);
        break;
    }
}

/* Begins a look. */
static void begin(struct reload *reload, uint32_t now)
{
    reload->stage = RELOAD_COUNTRY;
    reload->serving = reload->requested;
    reload->requested = false;
    reload->second = now;
}

bool reload_look(struct reload *reload, uint32_t now)
{
    if (reload_due(reload, now) != 0) {
        return false;
    }
    if (reload->stage == RELOAD_IDLE) {
        begin(reload, now);
    }
    if (reload->stage == RELOAD_COUNTRY) {
        if (!look_at(reload, GEOIP_COUNTRY)) {
            return false;
        }
        reload->stage = RELOAD_ASN;
    }
    if (!look_at(reload, GEOIP_ASN)) {
        return false;
    }
    look_at_web_config(reload);
    reload->stage = RELOAD_IDLE;
    return reload->serving;
}
