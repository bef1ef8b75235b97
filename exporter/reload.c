#include "exporter/reload.h"

#include "common/log.h"

#include <time.h>

void reload_start(struct geoip *geoip, bool wanted, uint32_t now, struct reload *out)
{
    *out = (struct reload){.geoip = geoip, .wanted = wanted, .second = now};
    for (unsigned i = 0; i < GEOIP_DATABASES; i++) {
        out->databases[i].successful = true;
        out->databases[i].success_time = (uint64_t)time(NULL);
    }
}

uint32_t reload_due(const struct reload *reload, uint32_t now)
{
    uint32_t since = now - reload->second;
    if (reload->requested) {
        return since >= 1 ? 0 : 1;
    }
    if (!reload->wanted) {
        return UINT32_MAX;
    }
    return since >= RELOAD_INTERVAL_SECONDS ? 0 : RELOAD_INTERVAL_SECONDS - since;
}

static void look_at(struct reload *reload, enum geoip_which which)
{
    static const char *const names[GEOIP_DATABASES] = {"country", "asn"};
    struct geoip_error error;
    switch (geoip_reload(reload->geoip, which, reload->requested, &error)) {
    case GEOIP_UNCHANGED:
        break;
    case GEOIP_RELOADED:
        reload->databases[which].successful = true;
        reload->databases[which].success_time = (uint64_t)time(NULL);
        log_line(LOG_INFO, "took in a new database", "database", names[which], NULL);
        break;
    case GEOIP_KEPT:
        reload->databases[which].successful = false;
        log_line(LOG_WARN, "keeps the old database; the new file is of no use", "flag", error.flag,
                 "file", error.path, "error", error.reason, NULL);
        break;
    }
}

bool reload_look(struct reload *reload, uint32_t now)
{
    if (reload_due(reload, now) != 0) {
        return false;
    }
    if (reload->wanted) {
        look_at(reload, GEOIP_COUNTRY);
        look_at(reload, GEOIP_ASN);
    }
    bool requested = reload->requested;
    reload->requested = false;
    reload->second = now;
    return requested;
}
