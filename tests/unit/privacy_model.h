/*
 * The naive model of places that are shown from a number of sessions on: each session's own place,
 * and all else found from scratch by going through the sessions. Which sessions count, are
 * established and are evicted it takes from the real table, whose own model is session_model.h.
 * Include after cmocka.
 */
#ifndef TESTS_UNIT_PRIVACY_MODEL_H
#define TESTS_UNIT_PRIVACY_MODEL_H

#include "common/wire.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/sessions.h"

#include "tests/unit/random.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    DOMAINS = 4,
    PLACES = 12,    /* the first is unknown */
    OTHER = PLACES, /* beyond the cap; where closed places count too */
    POOL = 400,     /* sessions; number n is of domain n % DOMAINS */
    FINGERPRINTS = 3,
    REPEATED_WITHIN = 10, /* seconds */
};

struct model_session {
    bool here;
    bool counted;
    bool established;
    uint32_t place;
    uint32_t latest; /* second */
};

struct model_place {
    bool has_group;
    bool open;
    bool opened; /* ever */
    uint32_t peak;
    uint64_t sessions, queries, repeated, responses, bytes_in, bytes_out;
    uint64_t rejected[WIRE_REJECTED_COUNT];
};

static struct {
    uint32_t least; /* -privacy.min-clients */
    uint32_t groups_max;
    uint32_t group_count; /* without `other` */
    uint32_t windows[DOMAINS];
    bool lasting[DOMAINS];
    uint32_t swept;
    struct model_session sessions[POOL];
    bool known[POOL]; /* was counted once */
    uint32_t seen[POOL][FINGERPRINTS];
    bool was_seen[POOL][FINGERPRINTS];
    struct model_place places[DOMAINS][PLACES + 1];
    uint64_t capped;
} model;

/* What no moment may change: the exact sums. */
struct model_sums {
    uint64_t sessions, queries, repeated, responses, bytes_in, bytes_out, rejected;
};

static struct model_sums model_sums[DOMAINS];

/* The place of a session or record, once groups may be full. */
static inline uint32_t model_group(uint32_t domain, uint32_t place)
{
    if (!model.places[domain][place].has_group) {
        if (model.group_count == model.groups_max) {
            model.capped++;
            return OTHER;
        }
        model.places[domain][place].has_group = true;
        model.group_count++;
    }
    return place;
}

static inline uint32_t model_active(uint32_t domain, uint32_t place)
{
    uint32_t active = 0;
    for (uint32_t number = domain; number < POOL; number += DOMAINS) {
        const struct model_session *session = &model.sessions[number];
        active += session->here && session->counted && session->place == place;
    }
    return active;
}

static inline uint32_t model_established(uint32_t domain, uint32_t place)
{
    uint32_t established = 0;
    for (uint32_t number = domain; number < POOL; number += DOMAINS) {
        const struct model_session *session = &model.sessions[number];
        established += session->here && session->established && session->place == place;
    }
    return established;
}

/* Sessions that no open place has: those of `other`, as counts are. */
static inline uint32_t model_closed(uint32_t domain)
{
    uint32_t active = model_active(domain, OTHER);
    for (uint32_t place = 0; place < PLACES; place++) {
        active += model.places[domain][place].open ? 0 : model_active(domain, place);
    }
    return active;
}

static inline bool model_is_shown(uint32_t domain, uint32_t place)
{
    return model.places[domain][place].open && model_active(domain, place) >= model.least;
}

static inline void model_raise(struct model_place *place, uint32_t active)
{
    place->peak = active > place->peak ? active : place->peak;
}

static inline void model_peaks(void)
{
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        for (uint32_t place = 0; place < PLACES; place++) {
            if (model.places[domain][place].open) {
                model_raise(&model.places[domain][place], model_active(domain, place));
            }
        }
        model_raise(&model.places[domain][OTHER], model_closed(domain));
    }
}

/* The rule of groups.h. */
static inline void model_settle(void)
{
    const uint32_t again = model.least + (model.least + 3) / 4;
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        for (uint32_t i = 0; i < PLACES; i++) {
            struct model_place *place = &model.places[domain][i];
            const uint32_t active = model_active(domain, i);
            place->open = active >= (place->open || !place->opened ? model.least : again);
            place->opened |= place->open;
        }
    }
    model_peaks();
}

static inline void model_sweep(uint32_t now)
{
    if (now <= model.swept) {
        return;
    }
    model.swept = now;
    for (uint32_t number = 0; number < POOL; number++) {
        struct model_session *session = &model.sessions[number];
        session->here &= now <= session->latest + model.windows[number % DOMAINS];
    }
    model_settle();
}

/* Where what comes from a place counts now. */
static inline struct model_place *model_counting(uint32_t domain, uint32_t place)
{
    struct model_place *own = &model.places[domain][place];
    return place == OTHER || own->open ? own : &model.places[domain][OTHER];
}

static inline const struct session_entry *model_entry(const struct sessions *sessions,
                                                      uint64_t token)
{
    for (uint64_t slot = 0; slot < sessions->slot_count; slot++) {
        if (sessions->slots[slot].token == token) {
            return &sessions->slots[slot];
        }
    }
    return NULL;
}

/* What the table knows by now. Returns how many sessions were evicted. */
static inline uint32_t model_follow(const struct sessions *sessions)
{
    uint32_t evicted = 0;
    for (uint32_t number = 0; number < POOL; number++) {
        struct model_session *session = &model.sessions[number];
        if (session->here) {
            const struct session_entry *entry = model_entry(sessions, random_token(number));
            evicted += entry == NULL;
            session->here = entry != NULL;
            session->counted = entry != NULL && entry->counted;
            session->established = entry != NULL && entry->established;
        }
    }
    return evicted;
}

static inline bool model_repeats(uint32_t number, uint32_t fingerprint, uint32_t now)
{
    const bool repeats = model.was_seen[number][fingerprint] &&
                         now - model.seen[number][fingerprint] <= REPEATED_WITHIN;
    model.seen[number][fingerprint] = now;
    model.was_seen[number][fingerprint] = true;
    return repeats;
}

/* A session's query, once the real table has it. Returns how many sessions were evicted for it. */
static inline uint32_t model_session_query(uint32_t number, uint32_t place, uint32_t now,
                                           const struct sessions *sessions)
{
    const uint32_t domain = number % DOMAINS;
    struct model_session *session = &model.sessions[number];
    model_sweep(now);
    const bool counted = session->here && session->counted;
    if (model_entry(sessions, random_token(number)) != NULL) {
        session->here = true;
        session->place = place;
        session->latest = now;
    }
    const uint32_t evicted = model_follow(sessions);
    if (session->here && session->counted && !counted &&
        !(model.lasting[domain] && model.known[number])) {
        model.known[number] = true;
        model_counting(domain, place)->sessions++;
        model_sums[domain].sessions++;
    }
    model_peaks();
    return evicted;
}

static inline void model_begin(uint32_t least, uint32_t groups_max, uint32_t now)
{
    memset(&model, 0, sizeof model);
    memset(model_sums, 0, sizeof model_sums);
    model.least = least;
    model.groups_max = groups_max;
    model.swept = now;
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        (void)model_group(domain, 0);
        model.places[domain][OTHER].has_group = true;
    }
}

#endif
