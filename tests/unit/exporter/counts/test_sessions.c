#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/sessions.h"

#include "exporter/counts/table.h"
#include "tests/support/figure.h"
#include "tests/unit/map_control.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum {
    DOMAINS = 4,
    GROUPS_EACH = 3,
    GROUPS = DOMAINS * GROUPS_EACH,
    WINDOW = 30,
    REMEMBER = 1000000,
    FINGERPRINTS = 1 << 23, /* an entry keeps no more bits */
};

/* The sessions' rules point into it: it is not to be moved. */
struct bench {
    struct distinct distinct;
    struct groups groups;
    struct sessions_rule rules[DOMAINS];
    struct sessions sessions;
};

/* With the rules as they are in the bench. The first groups are the domains' unknown places; group
 * g is of domain g % DOMAINS. */
static void bench_start_by(struct bench *bench, uint32_t limit, uint32_t now)
{
    assert_int_equal(distinct_create(REMEMBER, &bench->distinct), 0);
    assert_int_equal(groups_create(DOMAINS, 100, &bench->groups), 0);
    for (uint32_t group = DOMAINS; group < GROUPS; group++) {
        struct geo place = {.country = GEO_COUNTRY('D', 'E'), .asn = group};
        assert_int_equal(groups_find(&bench->groups, (uint8_t)(group % DOMAINS), place), group);
    }
    assert_int_equal(sessions_create(limit, bench->rules, now, &bench->distinct, &bench->groups,
                                     &bench->sessions),
                     0);
}

/* All domains with dnstt's rule: a session counts at once, and a second query proves it. */
static void bench_start(struct bench *bench, uint32_t limit, uint32_t window, uint32_t now)
{
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        bench->rules[domain] = (struct sessions_rule){
            .first = true, .second = true, .lasting = true, .window = (uint16_t)window};
    }
    bench_start_by(bench, limit, now);
}

static void bench_end(struct bench *bench)
{
    table_unmap(bench->sessions.slots, bench->sessions.slot_count, sizeof(struct session_entry));
    groups_destroy(&bench->groups);
    distinct_destroy(&bench->distinct);
}

static struct wire_record query_record(uint64_t token, uint32_t fingerprint, uint8_t domain,
                                       bool strong)
{
    return (struct wire_record){.token = token,
                                .outcome = WIRE_QUERY,
                                .strength = strong ? WIRE_STRONG : WIRE_WEAK,
                                .domain = domain,
                                .fingerprint = {(uint8_t)fingerprint, (uint8_t)(fingerprint >> 8),
                                                (uint8_t)(fingerprint >> 16)}};
}

/* A weak query in a group, and so under its domain. */
static void ask(struct bench *bench, uint64_t token, uint32_t fingerprint, uint32_t group,
                uint32_t now)
{
    const struct wire_record query =
        query_record(token, fingerprint, (uint8_t)(group % DOMAINS), false);
    sessions_query(&bench->sessions, &query, group, now);
}

static const struct session_entry *find(const struct sessions *sessions, uint64_t token)
{
    for (uint64_t slot = 0; slot < sessions->slot_count; slot++) {
        if (sessions->slots[slot].token == token) {
            return &sessions->slots[slot];
        }
    }
    return NULL;
}

/* What holds of any table, and that the groups' figures are those of its entries. */
static void assert_sound(const struct bench *bench)
{
    const struct sessions *sessions = &bench->sessions;
    uint32_t active[GROUPS] = {0};
    uint64_t used = 0;
    /* How many slots before this one are occupied without a gap, around the end too. */
    uint64_t run = 0;
    for (uint64_t slot = sessions->slot_count; slot-- > 0 && sessions->slots[slot].token != 0;) {
        run++;
    }
    for (uint64_t slot = 0; slot < sessions->slot_count; slot++) {
        const struct session_entry *entry = &sessions->slots[slot];
        if (entry->token == 0) {
            run = 0;
            continue;
        }
        uint64_t home = table_home(entry->token, sessions->slot_count);
        assert_true(table_distance(home, slot, sessions->slot_count) <= run);
        assert_true(entry->group < GROUPS);
        assert_int_equal(entry->counted,
                         entry->proved || sessions->rules[entry->group % DOMAINS].first);
        active[entry->group] += entry->counted;
        used++;
        run++;
    }
    assert_int_equal(used, sessions->used);
    assert_true(used <= sessions->limit);
    assert_true(used * 5 <= sessions->slot_count * 4);
    uint32_t of_domain[DOMAINS] = {0};
    for (uint32_t group = 0; group < GROUPS; group++) {
        assert_int_equal(bench->groups.entries[group].active, active[group]);
        of_domain[group % DOMAINS] += active[group];
    }
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        assert_int_equal(bench->groups.domains[domain].active, of_domain[domain]);
    }
}

/* --- The naive model: plain lists, whole seconds without a modulus. --- */

enum { MODEL_LIMIT = 40, MODEL_POOL = 120 };

struct model_query {
    uint32_t number; /* its token is random_token(number), its domain number % DOMAINS */
    uint32_t fingerprint;
    uint32_t group;
    bool strong;
    uint32_t now;
};

struct model_session {
    uint32_t number;
    uint32_t ends; /* the last second of its window */
    uint32_t fingerprint;
    uint32_t group;
    bool proved;
    bool counted;
};

struct model {
    struct model_session active[MODEL_LIMIT];
    uint32_t count;
    uint32_t limit;
    struct sessions_rule rules[DOMAINS];
    bool known[MODEL_POOL];
    uint64_t sessions[GROUPS];
    uint32_t peak[GROUPS];
    uint32_t domain_peak[DOMAINS];
    uint64_t evicted;
    uint64_t refused;
};

static const struct sessions_rule *model_rule(const struct model *model, uint32_t number)
{
    return &model->rules[number % DOMAINS];
}

static void model_drop(struct model *model, uint32_t index)
{
    model->active[index] = model->active[--model->count];
}

static void model_sweep(struct model *model, uint32_t now)
{
    for (uint32_t i = model->count; i-- > 0;) {
        if (now > model->active[i].ends) {
            model_drop(model, i);
        }
    }
}

/* The one that the table let go: any unproved session of those that end first. */
static void model_evict(struct model *model, const struct sessions *sessions)
{
    uint32_t first = UINT32_MAX;
    uint32_t gone = UINT32_MAX;
    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_session *session = &model->active[i];
        if (!session->proved && session->ends < first) {
            first = session->ends;
        }
        if (find(sessions, random_token(session->number)) == NULL) {
            assert_int_equal(gone, UINT32_MAX);
            gone = i;
        }
    }
    if (first == UINT32_MAX) {
        assert_int_equal(gone, UINT32_MAX);
        return;
    }
    assert_int_not_equal(gone, UINT32_MAX);
    assert_false(model->active[gone].proved);
    assert_int_equal(model->active[gone].ends, first);
    model_drop(model, gone);
    model->evicted++;
}

/* After a query: it may have made the session count. */
static void model_sessions(struct model *model, struct model_session *session)
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

static void model_peaks(struct model *model)
{
    uint32_t active[GROUPS] = {0};
    uint32_t of_domain[DOMAINS] = {0};
    for (uint32_t i = 0; i < model->count; i++) {
        if (model->active[i].counted) {
            active[model->active[i].group]++;
            of_domain[model->active[i].group % DOMAINS]++;
        }
    }
    for (uint32_t group = 0; group < GROUPS; group++) {
        if (active[group] > model->peak[group]) {
            model->peak[group] = active[group];
        }
    }
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        if (of_domain[domain] > model->domain_peak[domain]) {
            model->domain_peak[domain] = of_domain[domain];
        }
    }
}

static void model_renew(struct model *model, struct model_session *session,
                        const struct model_query *query)
{
    const struct sessions_rule *rule = model_rule(model, query->number);
    session->ends = query->now + rule->window;
    session->group = query->group;
    session->proved |= rule->strong && query->strong;
    session->proved |= rule->second && session->fingerprint != query->fingerprint % FINGERPRINTS;
    model_sessions(model, session);
    model_peaks(model);
}

/* Called after the table has taken the same query. */
static void model_query(struct model *model, const struct model_query *query,
                        const struct sessions *sessions)
{
    model_sweep(model, query->now);
    for (uint32_t i = 0; i < model->count; i++) {
        if (model->active[i].number == query->number) {
            model_renew(model, &model->active[i], query);
            return;
        }
    }
    if (model->count == model->limit) {
        model_evict(model, sessions);
    }
    if (model->count == model->limit) {
        model->refused++;
        return;
    }
    struct model_session *session = &model->active[model->count++];
    *session = (struct model_session){.number = query->number,
                                      .fingerprint = query->fingerprint % FINGERPRINTS};
    model_renew(model, session, query);
}

/* Tokens that the table has to know for ever: no others may be among the distinct ones. */
static uint64_t model_known(const struct model *model)
{
    uint64_t known = 0;
    for (uint32_t number = 0; number < MODEL_POOL; number++) {
        known += model->known[number];
    }
    return known;
}

static void assert_as_model(const struct bench *bench, const struct model *model)
{
    const struct sessions *sessions = &bench->sessions;
    assert_sound(bench);
    assert_int_equal(sessions->used, model->count);
    assert_int_equal(sessions->evicted, model->evicted);
    assert_int_equal(sessions->refused, model->refused);
    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_session *session = &model->active[i];
        const struct session_entry *entry = find(sessions, random_token(session->number));
        assert_non_null(entry);
        assert_int_equal(entry->ends, session->ends % 65536);
        assert_int_equal(entry->group, session->group);
        assert_int_equal(entry->fingerprint, session->fingerprint);
        assert_int_equal(entry->proved, session->proved);
        assert_int_equal(entry->counted, session->counted);
    }
    assert_int_equal(bench->distinct.current.used, model_known(model));
    for (uint32_t group = 0; group < GROUPS; group++) {
        assert_int_equal(bench->groups.entries[group].sessions, model->sessions[group]);
        assert_int_equal(bench->groups.entries[group].peak, model->peak[group]);
    }
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        assert_int_equal(bench->groups.domains[domain].peak, model->domain_peak[domain]);
    }
}

/* A second, less or a little more than the window, or about as long as an entry's clock goes. */
static uint32_t random_step(uint32_t window)
{
    uint32_t dice = random_below(50);
    if (dice < 30) {
        return 1;
    }
    if (dice < 48) {
        return random_below(window + 2);
    }
    return dice == 48 ? window + random_below(3) : 65536 - 2 + random_below(window + 4);
}

/* One query, to both. */
static void query_both(struct bench *bench, struct model *model, uint32_t number,
                       uint32_t fingerprint, bool strong, uint32_t now)
{
    const uint32_t domain = number % DOMAINS;
    const struct model_query query = {.number = number,
                                      .fingerprint = fingerprint,
                                      .group = random_below(GROUPS_EACH) * DOMAINS + domain,
                                      .strong = strong,
                                      .now = now};
    const struct wire_record same =
        query_record(random_token(number), fingerprint, (uint8_t)domain, strong);
    sessions_query(&bench->sessions, &same, query.group, now);
    model_query(model, &query, &bench->sessions);
    assert_as_model(bench, model);
}

/* A few values, among them such as differ in the bit alone that an entry does not keep. */
static uint32_t random_fingerprint(void)
{
    uint32_t high = random_below(4) == 0 ? FINGERPRINTS : 0;
    return high | (FINGERPRINTS - 1 - random_below(2));
}

static bool all_can_be_proved(const struct model *model)
{
    bool all = true;
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        all &= model->rules[domain].second || model->rules[domain].strong;
    }
    return all;
}

/* All of the pool come once, then all twice, the second time as strong as can be: the first are
 * evicted, and the last are refused where all of a full table are proved. */
static void fill_and_prove(struct bench *bench, struct model *model, uint32_t pool, uint32_t now)
{
    uint64_t evicted = model->evicted;
    uint64_t refused = model->refused;
    for (uint32_t number = 0; number < pool; number++) {
        query_both(bench, model, number, 0, false, now);
    }
    for (uint32_t number = 0; number < pool; number++) {
        query_both(bench, model, number, 0, false, now);
        query_both(bench, model, number, 1, true, now);
    }
    uint32_t too_many = pool > model->limit ? pool - model->limit : 0;
    assert_true(model->evicted >= evicted + too_many);
    if (all_can_be_proved(model)) {
        assert_true(model->refused == refused + UINT64_C(2) * too_many);
    }
}

/* The rules of the formats: dnstt, the same from the second query on, xdns (as dnsttex and
 * slipstream) and vaydns. */
static void model_rules_of_formats(struct model *model)
{
    const struct sessions_rule rules[DOMAINS] = {
        {.first = true, .second = true, .lasting = true},
        {.second = true, .lasting = true},
        {.second = true, .strong = true, .lasting = true},
        {.strong = true},
    };
    uint32_t turn = random_below(DOMAINS);
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        model->rules[domain] = rules[(domain + turn) % DOMAINS];
    }
}

static void model_rules_of_any_kind(struct model *model)
{
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        uint32_t bits = random_below(16);
        model->rules[domain] = (struct sessions_rule){.first = (bits & 1) != 0,
                                                      .second = (bits & 2) != 0,
                                                      .strong = (bits & 4) != 0,
                                                      .lasting = (bits & 8) != 0};
    }
}

/* Of one domain at least the longest window, of the others any. */
static void model_windows(struct model *model, uint32_t longest)
{
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        model->rules[domain].window = (uint16_t)(1 + random_below(longest));
    }
    model->rules[random_below(DOMAINS)].window = (uint16_t)longest;
}

/* Time goes on at one in `pace` steps. */
static void run_against_model(uint32_t limit, uint32_t window, uint32_t pool, uint32_t pace,
                              bool of_formats)
{
    struct bench bench;
    struct model model = {.limit = limit};
    if (of_formats) {
        model_rules_of_formats(&model);
    } else {
        model_rules_of_any_kind(&model);
    }
    model_windows(&model, window);
    uint32_t now = random_below(3) * 65536 + 65536 - random_below(2 * window);
    memcpy(bench.rules, model.rules, sizeof bench.rules);
    bench_start_by(&bench, limit, now);
    assert_int_equal(bench.sessions.window_max, window);
    for (unsigned step = 0; step < 3000; step++) {
        now += random_below(pace) == 0 ? random_step(window) : 0;
        if (random_below(8) == 0) {
            sessions_sweep(&bench.sessions, now);
            model_sweep(&model, now);
            assert_as_model(&bench, &model);
        } else {
            query_both(&bench, &model, random_below(pool), random_fingerprint(),
                       random_below(4) == 0, now);
        }
    }
    fill_and_prove(&bench, &model, pool, now + window + 1);
    bench_end(&bench);
}

static void test_against_model(void **state)
{
    (void)state;
    const uint32_t limits[] = {1, 2, 3, 5, 8, 17, MODEL_LIMIT};
    for (size_t i = 0; i < 2 * (sizeof limits / sizeof *limits); i++) {
        uint32_t limit = limits[i / 2];
        bool of_formats = i % 2 == 1;
        run_against_model(limit, WINDOW, MODEL_POOL, 4, of_formats);
        run_against_model(limit, WINDOW, MODEL_POOL, 40, of_formats);
        run_against_model(limit, 1, MODEL_POOL, 4, of_formats);
        run_against_model(limit, 6, limit, 4, of_formats);
        run_against_model(limit, SESSIONS_WINDOW_MAX, limit + 2, 400, of_formats);
        run_against_model(limit, SESSIONS_WINDOW_MAX, limit + 20, 3000, of_formats);
    }
}

static void assert_figures(const struct bench *bench, uint32_t group, uint32_t active,
                           uint32_t peak, uint64_t sessions)
{
    assert_int_equal(bench->groups.entries[group].active, active);
    assert_int_equal(bench->groups.entries[group].peak, peak);
    assert_int_equal(bench->groups.entries[group].sessions, sessions);
}

/* A retry, by whatever resolver, is no second query; the second counts where it came from. */
static void test_from_the_second_on(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, WINDOW, 100);
    bench.rules[0].first = false;
    ask(&bench, 5, 1, 0, 100);
    ask(&bench, 5, 1, DOMAINS, 101);
    assert_figures(&bench, 0, 0, 0, 0);
    assert_figures(&bench, DOMAINS, 0, 0, 0);
    ask(&bench, 5, 2, 2 * DOMAINS, 102);
    assert_figures(&bench, DOMAINS, 0, 0, 0);
    assert_figures(&bench, 2 * DOMAINS, 1, 1, 1);
    assert_int_equal(groups_active(&bench.groups), 1);
    ask(&bench, 5, 1, 2 * DOMAINS, 103);
    assert_figures(&bench, 2 * DOMAINS, 1, 1, 1);

    /* It leaves and comes back: two queries again, and no new session. */
    sessions_sweep(&bench.sessions, 103 + WINDOW + 1);
    assert_figures(&bench, 2 * DOMAINS, 0, 1, 1);
    ask(&bench, 5, 1, 2 * DOMAINS, 1000);
    assert_figures(&bench, 2 * DOMAINS, 0, 1, 1);
    ask(&bench, 5, 2, 2 * DOMAINS, 1000);
    assert_figures(&bench, 2 * DOMAINS, 1, 1, 1);

    /* One that never was in the figures leaves them as they are. */
    ask(&bench, 6, 1, 2 * DOMAINS, 1001);
    ask(&bench, 5, 3, 2 * DOMAINS, 1020);
    sessions_sweep(&bench.sessions, 1001 + WINDOW + 1);
    assert_int_equal(bench.sessions.used, 1);
    assert_figures(&bench, 2 * DOMAINS, 1, 1, 1);
    ask(&bench, 6, 1, 2 * DOMAINS, 2000);
    sessions_sweep(&bench.sessions, 3000);
    assert_figures(&bench, 2 * DOMAINS, 0, 1, 1);
    bench_end(&bench);
}

/* --- Time --- */

static void test_edge_of_window(void **state)
{
    (void)state;
    const uint32_t starts[] = {0, 100, 65536 - WINDOW, 65535, 65536, 3000000};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct bench bench;
        uint32_t start = starts[i];
        bench_start(&bench, 1000, WINDOW, start);
        ask(&bench, 5, 1, 0, start);
        for (uint32_t second = 1; second <= WINDOW; second++) {
            sessions_sweep(&bench.sessions, start + second);
            assert_int_equal(bench.groups.entries[0].active, 1);
        }
        sessions_sweep(&bench.sessions, start + WINDOW + 1);
        assert_int_equal(bench.groups.entries[0].active, 0);
        assert_int_equal(bench.groups.entries[0].peak, 1);

        /* It comes back: active again, and no new session. At the edge it stays. */
        uint32_t again = start + WINDOW + 1;
        ask(&bench, 5, 1, 0, again);
        ask(&bench, 5, 1, 0, again + WINDOW);
        sessions_sweep(&bench.sessions, again + 2 * WINDOW);
        assert_int_equal(bench.groups.entries[0].active, 1);
        sessions_sweep(&bench.sessions, again + 2 * WINDOW + 1);
        assert_int_equal(bench.groups.entries[0].active, 0);
        assert_int_equal(bench.groups.entries[0].sessions, 1);
        bench_end(&bench);
    }
}

static void test_long_pauses(void **state)
{
    (void)state;
    const uint32_t pauses[] = {WINDOW + 1,     65535,  65536,      65536 + 1,
                               65536 + WINDOW, 131072, 4000000000u};
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        struct bench bench;
        bench_start(&bench, 1000, WINDOW, 100);
        for (uint32_t number = 0; number < 50; number++) {
            ask(&bench, random_token(number), 1, number % GROUPS, 100);
        }
        /* Without a sweep in between: the query itself finds the second begun. */
        ask(&bench, random_token(7), 2, 0, 100 + pauses[i]);
        assert_sound(&bench);
        assert_int_equal(bench.sessions.used, 1);
        assert_int_equal(bench.groups.domains[0].active, 1);
        assert_int_equal(bench.groups.domains[0].peak, 13);
        /* It is a newcomer: what it sent before the pause proves nothing. */
        assert_false(find(&bench.sessions, random_token(7))->proved);
        bench_end(&bench);
    }
}

/* The last slots of a table that fills its pages: what stands behind it is never looked at. */
static void test_last_slots(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, WINDOW, 100);
    assert_int_equal(bench.sessions.slot_count * sizeof(struct session_entry) % 4096, 0);
    ask(&bench, UINT64_MAX, 1, 0, 100);
    ask(&bench, 5, 1, 0, 110);
    assert_int_equal(bench.sessions.slots[bench.sessions.slot_count - 1].token, UINT64_MAX);
    sessions_sweep(&bench.sessions, 100 + WINDOW);
    assert_int_equal(bench.groups.entries[0].active, 2);
    sessions_sweep(&bench.sessions, 100 + WINDOW + 1);
    assert_sound(&bench);
    assert_int_equal(bench.groups.entries[0].active, 1);
    sessions_sweep(&bench.sessions, 10000);
    assert_sound(&bench);
    assert_int_equal(bench.groups.entries[0].active, 0);
    bench_end(&bench);
}

static void test_time_does_not_fall(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, WINDOW, 100);
    ask(&bench, 5, 1, 0, 100);
    sessions_sweep(&bench.sessions, 99);
    ask(&bench, 6, 1, 0, 99);
    assert_int_equal(bench.groups.entries[0].active, 2);
    assert_int_equal(bench.sessions.swept, 100);
    bench_end(&bench);
}

/* Whoever recorded names and sends them again hours later makes sessions active, and none new: with
 * its own second query, no session at all where a second one is asked for. */
static void test_replays(void **state)
{
    (void)state;
    enum { RECORDED = 20000, HOUR = 3600, DAYS = 3 };
    struct bench bench;
    unsigned times = 0;
    bench_start(&bench, RECORDED, WINDOW, 100);
    for (uint32_t hour = 0; hour < 24 * DAYS; hour += 1 + hour / 2) {
        times++;
        for (uint32_t number = 0; number < RECORDED; number++) {
            ask(&bench, random_token(number), number, 0, 100 + hour * HOUR);
        }
        assert_figures(&bench, 0, RECORDED, RECORDED, RECORDED);
        sessions_sweep(&bench.sessions, 100 + hour * HOUR + WINDOW + 1);
        assert_figures(&bench, 0, 0, RECORDED, RECORDED);
    }
    assert_int_equal(bench.distinct.forgotten, 0);
    bench.rules[0].first = false;
    for (uint32_t number = 0; number < RECORDED; number++) {
        ask(&bench, random_token(number), number, 0, 100 + 24 * DAYS * HOUR);
    }
    assert_figures(&bench, 0, 0, RECORDED, RECORDED);
    figure("%d ids, replayed %u times over %d days: %d sessions; with -sessions.min-queries 2 none "
           "active",
           RECORDED, times, DAYS, RECORDED);
    bench_end(&bench);
}

/* --- Sizes --- */

static void test_growth(void **state)
{
    (void)state;
    enum { SESSIONS = 200000 };
    struct bench bench;
    size_t bytes_before = map_bytes;
    bench_start(&bench, SESSIONS, WINDOW, 0);
    assert_int_equal(bench.sessions.slot_count, TABLE_SLOTS_START);
    for (uint32_t number = 0; number < SESSIONS; number++) {
        ask(&bench, random_token(number), number, number % GROUPS, number / 10000);
    }
    assert_sound(&bench);
    assert_int_equal(bench.sessions.used, SESSIONS);
    assert_int_equal(bench.sessions.slot_count, SESSIONS / 4 * 5);
    uint64_t bytes = bench.sessions.slot_count * sizeof(struct session_entry);
    assert_in_range(sessions_memory_max(SESSIONS), bytes,
                    bytes + TABLE_CHUNK + (uint64_t)sysconf(_SC_PAGESIZE));
    /* As the flag's documentation says: some 20 bytes for each. */
    assert_true(sessions_memory_max(100000000) < UINT64_C(2002000000));

    /* All are known, and none counts anew; then they expire second by second. */
    for (uint32_t number = 0; number < SESSIONS; number++) {
        ask(&bench, random_token(number), number + 1, number % GROUPS, 20);
    }
    assert_int_equal(bench.sessions.used, SESSIONS);
    uint64_t total = 0;
    for (uint32_t group = 0; group < GROUPS; group++) {
        total += bench.groups.entries[group].sessions;
    }
    assert_int_equal(total, SESSIONS);
    for (uint32_t number = 0; number < SESSIONS; number++) {
        ask(&bench, random_token(number), number + 1, number % GROUPS, 21 + number / 10000);
    }
    for (uint32_t second = 21; second < 42; second++) {
        sessions_sweep(&bench.sessions, second + WINDOW);
        assert_sound(&bench);
        uint32_t left = second < 41 ? SESSIONS - (second - 21) * 10000 : 0;
        assert_int_equal(bench.sessions.used, left);
    }
    bench_end(&bench);
    assert_int_equal(map_bytes, bytes_before);
}

/* 20 to 22.5 bytes for each from the first thousands on, the last table and the one that it is
 * copied from at most. */
static void test_memory_on_the_way(void **state)
{
    (void)state;
    enum { SESSIONS = 200000, FIRST = 5000 };
    struct bench bench;
    bench_start(&bench, SESSIONS, WINDOW, 0);
    /* The distinct tokens shall have room, so that what is mapped here is of the sessions. */
    for (uint32_t number = 0; number < SESSIONS; number++) {
        (void)distinct_add(&bench.distinct, random_token(number));
    }
    size_t others = map_bytes - bench.sessions.slot_count * sizeof(struct session_entry);
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    map_bytes_most = map_bytes;
    for (uint32_t number = 0; number < SESSIONS; number++) {
        ask(&bench, random_token(number), number, 0, 0);
        if (number >= FIRST) {
            uint64_t bytes = table_bytes(bench.sessions.slot_count, sizeof(struct session_entry));
            assert_in_range(bytes, bench.sessions.used * 20, bench.sessions.used * 45 / 2 + page);
        }
    }
    assert_in_range(sessions_memory_max(SESSIONS) + sessions_growth_max(SESSIONS),
                    map_bytes_most - others, map_bytes_most - others + TABLE_CHUNK + 2 * page);
    bench_end(&bench);
}

static void test_no_memory_to_grow(void **state)
{
    (void)state;
    enum { HELD = TABLE_SLOTS_START * 4 / 5, PROVED = 300, LIMIT = 5000 };
    struct bench bench;
    bench_start(&bench, LIMIT, WINDOW, 0);
    /* The distinct tokens shall have room, so that only the sessions feel it. */
    for (uint32_t number = 0; number < 2 * LIMIT; number++) {
        (void)distinct_add(&bench.distinct, random_token(number));
    }
    map_fails = true;
    for (uint32_t number = 0; number < 2 * HELD; number++) {
        ask(&bench, random_token(number), 1, 0, 0);
        if (number < PROVED) {
            ask(&bench, random_token(number), 2, 0, 0);
        }
    }
    assert_sound(&bench);
    assert_int_equal(bench.sessions.used, HELD);
    assert_int_equal(bench.sessions.slot_count, TABLE_SLOTS_START);
    assert_int_equal(bench.sessions.evicted + bench.sessions.refused, HELD);
    assert_true(bench.sessions.evicted > 0);
    for (uint32_t number = 0; number < PROVED; number++) {
        assert_non_null(find(&bench.sessions, random_token(number)));
    }
    map_fails = false;
    for (uint32_t number = 0; number < LIMIT; number++) {
        ask(&bench, random_token(number), 1, 0, 0);
    }
    assert_sound(&bench);
    assert_int_equal(bench.sessions.used, LIMIT);
    assert_int_equal(bench.sessions.evicted + bench.sessions.refused, HELD);
    bench_end(&bench);
}

static void test_no_memory_at_start(void **state)
{
    (void)state;
    const struct sessions_rule rule = {.window = WINDOW};
    struct sessions sessions = {.refused = 7};
    map_fails = true;
    int result = sessions_create(1000, &rule, 0, NULL, NULL, &sessions);
    map_fails = false;
    assert_int_equal(result, -ENOMEM);
    assert_int_equal(sessions.refused, 7);
}

/* --- The limit, where a token's neighbours are not the whole table --- */

/* The entry that must go for a newcomer: of its neighbours the unproved one that ends first,
 * NULL if none. */
static const struct session_entry *victim_of(const struct sessions *sessions, uint64_t token,
                                             uint32_t now)
{
    const struct session_entry *victim = NULL;
    uint64_t slot = table_home(token, sessions->slot_count);
    for (unsigned seen = 0; seen < SESSIONS_NEIGHBOURS;) {
        const struct session_entry *entry = &sessions->slots[slot];
        seen += entry->token != 0;
        if (entry->token != 0 && !entry->proved &&
            (victim == NULL || (entry->ends - now) % 65536 < (victim->ends - now) % 65536)) {
            victim = entry;
        }
        slot = table_next(slot, sessions->slot_count);
    }
    return victim;
}

static void test_eviction_among_neighbours(void **state)
{
    (void)state;
    enum { LIMIT = 1000, FLOOD = 3000, REGULARS = 700 };
    struct bench bench;
    uint32_t now = 65530;
    bench_start(&bench, LIMIT, SESSIONS_WINDOW_MAX, now);
    /* The newcomers are of a domain with a shorter window: who came first need not end first. */
    bench.rules[2].window = SESSIONS_WINDOW_MAX - 200;
    for (uint32_t number = 0; number < LIMIT; number++) {
        now += random_below(2);
        ask(&bench, random_token(number), 1, 0, now);
        if (number < REGULARS) {
            ask(&bench, random_token(number), 2, 0, now);
        }
    }
    uint64_t refused = 0;
    for (uint32_t number = LIMIT; number < LIMIT + FLOOD; number++) {
        now += random_below(2);
        sessions_sweep(&bench.sessions, now);
        uint64_t token = random_token(number);
        const struct session_entry *victim = victim_of(&bench.sessions, token, now);
        uint64_t expected = victim != NULL ? victim->token : 0;
        uint64_t sessions_before = bench.groups.entries[2].sessions;
        ask(&bench, token, 1, 2, now);
        refused += expected == 0;
        if (expected != 0) {
            assert_null(find(&bench.sessions, expected));
            assert_non_null(find(&bench.sessions, token));
        }
        assert_int_equal(bench.sessions.refused, refused);
        assert_int_equal(bench.sessions.evicted, number + 1 - LIMIT - refused);
        assert_int_equal(bench.groups.entries[2].sessions - sessions_before, expected != 0);
        assert_int_equal(bench.sessions.used, LIMIT);
        /* Some of those that came prove themselves, until there are neighbourhoods of these. */
        if (expected != 0 && number % 4 == 0) {
            ask(&bench, token, 2, 2, now);
        }
    }
    assert_sound(&bench);
    assert_true(refused > 0);
    for (uint32_t number = 0; number < REGULARS; number++) {
        assert_non_null(find(&bench.sessions, random_token(number)));
    }
    bench_end(&bench);
}

/* A refused session is not remembered: it counts when it is taken in. */
static void test_refused_counts_later(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1, WINDOW, 0);
    ask(&bench, 5, 1, 0, 0);
    ask(&bench, 5, 2, 0, 0);
    ask(&bench, 6, 1, 0, 0);
    assert_int_equal(bench.sessions.refused, 1);
    assert_int_equal(bench.groups.entries[0].sessions, 1);
    ask(&bench, 6, 1, 0, WINDOW + 1);
    assert_int_equal(bench.sessions.refused, 1);
    assert_int_equal(bench.groups.entries[0].sessions, 2);
    bench_end(&bench);
}

static void test_prefetch_changes_nothing(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, WINDOW, 0);
    ask(&bench, 5, 1, 0, 0);
    struct sessions before = bench.sessions;
    sessions_prefetch(&bench.sessions, 1);
    sessions_prefetch(&bench.sessions, UINT64_MAX);
    assert_memory_equal(&before, &bench.sessions, sizeof before);
    assert_sound(&bench);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_from_the_second_on),
        cmocka_unit_test(test_edge_of_window),
        cmocka_unit_test(test_long_pauses),
        cmocka_unit_test(test_last_slots),
        cmocka_unit_test(test_time_does_not_fall),
        cmocka_unit_test(test_replays),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_memory_on_the_way),
        cmocka_unit_test(test_no_memory_to_grow),
        cmocka_unit_test(test_no_memory_at_start),
        cmocka_unit_test(test_eviction_among_neighbours),
        cmocka_unit_test(test_refused_counts_later),
        cmocka_unit_test(test_prefetch_changes_nothing),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
