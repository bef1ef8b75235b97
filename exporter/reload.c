#include "exporter/reload.h"

#include "common/log.h"
#include "common/options.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/outcome.h"
#include "exporter/state/state.h"
#include "exporter/system/reloaded.h"
#include "exporter/system/self_metrics.h"
#include "exporter/system/systemd.h"
#include "exporter/system/wall_clock.h"
#include "exporter/web_config/access.h"
#include "exporter/web_config/files.h"

#include <stdio.h>

static struct reloaded just_loaded(void)
{
    return (struct reloaded){.successful = 1, .success_moment = wall_clock_moment()};
}

void reload_start(struct state *state, struct systemd *systemd, uint32_t now, struct reload *out)
{
    const struct options *options = &state->options;
    *out = (struct reload){
        .state = state,
        .systemd = systemd,
        .wanted = options->country_database != NULL || options->asn_database != NULL ||
                  state->access != NULL,
        .second = now,
    };
    for (unsigned i = 0; i < GEOIP_DATABASES; i++) {
        state->databases[i].file = just_loaded();
    }
    const struct reloaded none = {.successful = SELF_METRICS_UNKNOWN,
                                  .success_moment = SELF_METRICS_UNKNOWN};
    state->web_config = state->access != NULL ? just_loaded() : none;
}

void reload_request(struct reload *reload)
{
    reload->requested = true;
    systemd_reloading(reload->systemd);
}

/* Milliseconds until there is something to do; below 0: never. */
static int until_due(const void *owner, struct timer_now now)
{
    const struct reload *reload = owner;
    if (reload->stage != RELOAD_IDLE) {
        return 0;
    }
    if (reload->requested) {
        return timer_until(now, reload->second + RELOAD_REQUEST_SECONDS);
    }
    return reload->wanted ? timer_until(now, reload->second + RELOAD_INTERVAL_SECONDS) : -1;
}

/* Returns false when there is more to do. */
static bool look_at(struct reload *reload, enum geoip_which which)
{
    static const char *const names[GEOIP_DATABASES] = {"country", "asn"};
    struct geoip_error error;
    switch (geoip_reload(reload->state->geoip, which, reload->serving, &error)) {
    case GEOIP_UNCHANGED:
        break;
    case GEOIP_COPYING:
        return false;
    case GEOIP_RELOADED:
        reload->state->databases[which].file = just_loaded();
        log_line(LOG_INFO, "loaded a new database", "database", names[which], NULL);
        break;
    case GEOIP_KEPT:
        reload->state->databases[which].file.successful = 0;
        log_line(LOG_WARN, "cannot load the new database; still using the old one", "flag",
                 error.flag, "file", error.path, "error", error.reason,
                 error.keys_wanted.count > 0 ? "keys_looked_for" : NULL, error.keys_wanted.text,
                 "keys_in_file", error.keys_found.text, NULL);
        break;
    }
    return true;
}

static void look_at_web_config(struct reload *reload)
{
    struct web_files_error error;
    char line[16];
    switch (access_reload(reload->state->access, reload->serving, &error)) {
    case ACCESS_UNCHANGED:
        break;
    case ACCESS_RELOADED:
        reload->state->web_config = just_loaded();
        log_line(LOG_INFO, "loaded a new web configuration", NULL);
        break;
    case ACCESS_KEPT:
        reload->state->web_config.successful = 0;
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

static void look(void *owner, struct timer_now now)
{
    struct reload *reload = owner;
    if (until_due(reload, now) != 0) {
        return;
    }
    if (reload->stage == RELOAD_IDLE) {
        begin(reload, now.second);
    }
    if (reload->stage == RELOAD_COUNTRY) {
        if (!look_at(reload, GEOIP_COUNTRY)) {
            return;
        }
        reload->stage = RELOAD_ASN;
    }
    if (!look_at(reload, GEOIP_ASN)) {
        return;
    }
    look_at_web_config(reload);
    reload->stage = RELOAD_IDLE;
    if (reload->serving) {
        systemd_reloaded(reload->systemd);
    }
}

struct timer reload_timer(struct reload *reload)
{
    return (struct timer){.owner = reload, .wait = until_due, .run = look};
}
