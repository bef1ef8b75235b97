/* The naive model of the sessions: plain lists, whole seconds without a modulus, and plain sums.
 * Include after cmocka. */
#ifndef TESTS_UNIT_SESSION_MODEL_H
#define TESTS_UNIT_SESSION_MODEL_H

#include "common/wire.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/sessions.h"

#include "tests/unit/random.h"
#include "tests/unit/session_bench.h"

#include <stdbool.h>
#include <stdint.h>

enum { MODEL_LIMIT = 40, MODEL_POOL = 120 };

struct model_query {
    uint32_t number; /* its token is random_token(number), its domain number % DOMAINS */
    uint32_t fingerprint;
    uint32_t group;
    enum wire_strength strength;
    uint16_t bytes;
    uint32_t now;
};

struct model_session {
    uint32_t number;
    uint64_t first;  /* second */
    uint64_t latest; /* second */
    uint32_t fingerprint;
    uint32_t group;
    uint64_t received;
    uint64_t sent;
    bool proved;
    bool counted;
    bool data;
};

/* What a histogram has to hold. */
struct model_values {
    uint64_t count;
    uint64_t sum;
    uint64_t up_to[HISTOGRAM_BUCKETS];
};

struct model_ended {
    struct model_values seconds, received, sent;
};

struct model {
    struct model_session active[MODEL_LIMIT];
    uint32_t count;
    uint32_t limit;
    uint64_t now; /* of the latest sweep or query */
    struct sessions_rule rules[DOMAINS];
    bool known[MODEL_POOL];
    uint64_t sessions[GROUPS];
    uint32_t peak[GROUPS];
    uint32_t domain_peak[DOMAINS];
    struct model_ended ended[DOMAINS];
    uint64_t evicted;
    uint64_t refused;
};

static inline const struct sessions_rule *model_rule(const struct model *model, uint32_t number)
{
    return &model->rules[number % DOMAINS];
}

/* The last second in which it is active. */
static inline uint64_t model_end(const struct model *model, const struct model_session *session)
{
    return session->latest + model_rule(model, session->number)->window;
}

static inline bool model_established(const struct model *model, const struct model_session *session)
{
    return session->counted && session->data && model->now - session->first >= 60;
}

static inline void model_note(struct model_values *values, const uint64_t *bounds, uint64_t value)
{
    values->count++;
    values->sum += value;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        values->up_to[bucket] += value <= bounds[bucket];
    }
}

static inline void model_drop(struct model *model, uint32_t index)
{
    const struct model_session *session = &model->active[index];
    struct model_ended *ended = &model->ended[session->number % DOMAINS];
    if (session->counted) {
        model_note(&ended->seconds, histogram_seconds, session->latest - session->first);
        model_note(&ended->received, histogram_bytes, session->received);
        model_note(&ended->sent, histogram_bytes, session->sent);
    }
    model->active[index] = model->active[--model->count];
}

static inline void model_sweep(struct model *model, uint32_t now)
{
    model->now = now;
    for (uint32_t i = model->count; i-- > 0;) {
        if (now > model_end(model, &model->active[i])) {
            model_drop(model, i);
        }
    }
}

static inline struct model_session *model_find(struct model *model, uint32_t number)
{
    for (uint32_t i = 0; i < model->count; i++) {
        if (model->active[i].number == number) {
            return &model->active[i];
        }
    }
    return NULL;
}

/* The one that the table let go: any unproved session of those that end first. */
static inline void model_evict(struct model *model, const struct sessions *sessions)
{
    uint64_t first = UINT64_MAX;
    uint32_t gone = UINT32_MAX;
    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_session *session = &model->active[i];
        if (!session->proved && model_end(model, session) < first) {
            first = model_end(model, session);
        }
        if (find(sessions, random_token(session->number)) == NULL) {
            assert_int_equal(gone, UINT32_MAX);
            gone = i;
        }
    }
    if (first == UINT64_MAX) {
        assert_int_equal(gone, UINT32_MAX);
        return;
    }
    assert_int_not_equal(gone, UINT32_MAX);
    assert_false(model->active[gone].proved);
    assert_int_equal(model_end(model, &model->active[gone]), first);
    model_drop(model, gone);
    model->evicted++;
}

/* After a query: it may have made the session count. */
static inline void model_sessions(struct model *model, struct model_session *session)
{
    const struct sessions_rule *rule = model_rule(model, session->number);
    if (session->counted || !(rule->first || session->proved)) {
        return;
    }
    session->counted = true;
    if (!rule->lasting) {
        model->sessions[session->group]++;
    } else if (!model->known[session->number]) {
        model->known[session->number] = true;
        model->sessions[session->group]++;
    }
}

/* What the groups have to show at present. */
struct model_groups {
    uint32_t active[GROUPS];
    uint32_t established[GROUPS];
    struct group_domain domains[DOMAINS];
};

static inline struct model_groups model_groups_of(const struct model *model)
{
    struct model_groups groups = {0};
    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_session *session = &model->active[i];
        const bool established = model_established(model, session);
        groups.active[session->group] += session->counted;
        groups.established[session->group] += established;
        groups.domains[session->group % DOMAINS].active += session->counted;
        groups.domains[session->group % DOMAINS].established += established;
    }
    return groups;
}

static inline void model_peaks(struct model *model)
{
    const struct model_groups groups = model_groups_of(model);
    for (uint32_t group = 0; group < GROUPS; group++) {
        if (groups.active[group] > model->peak[group]) {
            model->peak[group] = groups.active[group];
        }
    }
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        if (groups.domains[domain].active > model->domain_peak[domain]) {
            model->domain_peak[domain] = groups.domains[domain].active;
        }
    }
}

static inline void model_renew(struct model *model, struct model_session *session,
                               const struct model_query *query)
{
    const struct sessions_rule *rule = model_rule(model, query->number);
    const bool strong = query->strength == WIRE_STRONG || query->strength == WIRE_STRONG_POLL;
    const bool data = query->strength == WIRE_STRONG || query->strength == WIRE_WEAK_DATA;
    session->latest = query->now;
    session->received += query->bytes;
    session->group = query->group;
    session->proved |= rule->strong && strong;
    session->proved |= rule->second && session->fingerprint != query->fingerprint % FINGERPRINTS;
    session->data |= rule->any_data ? session->proved : data;
    model_sessions(model, session);
    model_peaks(model);
}

/* Called after the table has taken the same query. */
static inline void model_query(struct model *model, const struct model_query *query,
                               const struct sessions *sessions)
{
    model_sweep(model, query->now);
    struct model_session *session = model_find(model, query->number);
    if (session != NULL) {
        model_renew(model, session, query);
        return;
    }
    if (model->count == model->limit) {
        model_evict(model, sessions);
    }
    if (model->count == model->limit) {
        model->refused++;
        return;
    }
    session = &model->active[model->count++];
    *session = (struct model_session){.number = query->number,
                                      .first = query->now,
                                      .fingerprint = query->fingerprint % FINGERPRINTS};
    model_renew(model, session, query);
}

static inline void model_response(struct model *model, uint32_t number, uint16_t bytes)
{
    struct model_session *session = model_find(model, number);
    if (session != NULL) {
        session->sent += bytes;
    }
}

/* --- The table against it. */

/* Tokens that the table has to know for ever: no others may be among the distinct ones. */
static inline uint64_t model_known(const struct model *model)
{
    uint64_t known = 0;
    for (uint32_t number = 0; number < MODEL_POOL; number++) {
        known += model->known[number];
    }
    return known;
}

static inline void assert_values(const struct histogram *histogram,
                                 const struct model_values *values)
{
    assert_int_equal(histogram_up_to(histogram, HISTOGRAM_BUCKETS), values->count);
    assert_int_equal(histogram->sum, values->sum);
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        assert_int_equal(histogram_up_to(histogram, bucket), values->up_to[bucket]);
    }
}

static inline void assert_entry(const struct session_entry *entry, const struct model *model,
                                const struct model_session *session)
{
    assert_non_null(entry);
    assert_int_equal(entry->ends, model_end(model, session) % 65536);
    assert_int_equal(entry->group, session->group);
    assert_int_equal(entry->fingerprint, session->fingerprint);
    assert_int_equal(entry->proved, session->proved);
    assert_int_equal(entry->counted, session->counted);
    assert_int_equal(entry->data, session->data);
    assert_int_equal(entry->established, model_established(model, session));
    assert_int_equal(first_of(entry), session->first);
    assert_int_equal(entry->received, session->received);
    assert_int_equal(entry->sent, session->sent);
}

static inline void assert_groups(const struct bench *bench, const struct model *model)
{
    const struct model_groups groups = model_groups_of(model);
    for (uint32_t group = 0; group < GROUPS; group++) {
        const struct group *counted = &bench->groups.entries[group];
        assert_int_equal(counted->active, groups.active[group]);
        assert_int_equal(counted->established, groups.established[group]);
        assert_int_equal(counted->sessions, model->sessions[group]);
        assert_int_equal(counted->peak, model->peak[group]);
    }
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        const struct group_domain *counted = &bench->groups.domains[domain];
        assert_int_equal(counted->active, groups.domains[domain].active);
        assert_int_equal(counted->established, groups.domains[domain].established);
        assert_int_equal(counted->peak, model->domain_peak[domain]);
    }
}

static inline void assert_as_model(const struct bench *bench, const struct model *model)
{
    const struct sessions *sessions = &bench->sessions;
    assert_sound(bench);
    uint64_t proved = 0;
    assert_int_equal(sessions->used, model->count);
    assert_int_equal(sessions->evicted, model->evicted);
    assert_int_equal(sessions->refused, model->refused);
    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_session *session = &model->active[i];
        assert_entry(find(sessions, random_token(session->number)), model, session);
        proved += session->proved;
    }
    assert_int_equal(sessions->proved, proved);
    assert_int_equal(bench->distinct.current.used, model_known(model));
    assert_groups(bench, model);
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        assert_values(&sessions->ended[domain].seconds, &model->ended[domain].seconds);
        assert_values(&sessions->ended[domain].received, &model->ended[domain].received);
        assert_values(&sessions->ended[domain].sent, &model->ended[domain].sent);
    }
}

#endif
