/* Sessions under random traffic, compared after every step with a naive model. */
#include "common/wire.h"
#include "exporter/counts/sessions.h"

#include "tests/support/figure.h"
#include "tests/unit/map_control.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/session_bench.h"
#include "tests/unit/session_model.h"

#include <stdbool.h>
#include <string.h>

struct run {
    uint32_t limit;
    uint32_t window;
    uint32_t pool; /* of sessions that send */
    uint32_t pace; /* time goes on at one in so many steps */
    bool steady;   /* by a second, with a sweep in each, as the exporter's timer has it */
    bool of_formats;
};

enum { STEPS = 3000 };

/* What the runs came across. */
static struct {
    uint64_t ended;
    uint64_t evicted;
    uint64_t unnoticed;     /* queries that no sweep came before in this second */
    uint64_t by_sweep;      /* sessions that a sweep alone established */
    uint64_t by_query;      /* and a query that had data, later than after the time */
    uint64_t moved;         /* established ones */
    uint64_t answered_anew; /* responses to sessions that are not there */
} met;

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

/* Most of them small, so that each bucket has some. */
static uint16_t random_bytes(void)
{
    const uint32_t more = random_below(WIRE_MESSAGE_BYTES_MAX - WIRE_MESSAGE_BYTES_MIN + 1);
    return (uint16_t)(WIRE_MESSAGE_BYTES_MIN + (more >> random_below(13)));
}

static enum wire_strength random_strength(void)
{
    static const enum wire_strength strengths[] = {WIRE_STRONG, WIRE_WEAK_DATA, WIRE_STRONG_POLL};
    const uint32_t dice = random_below(10);
    return dice < 3 ? strengths[dice] : WIRE_WEAK;
}

/* A few values, among them such as differ in the bit alone that an entry does not keep. */
static uint32_t random_fingerprint(void)
{
    uint32_t high = random_below(4) == 0 ? FINGERPRINTS : 0;
    return high | (FINGERPRINTS - 1 - random_below(2));
}

static uint32_t established_of(const struct model *model)
{
    uint32_t established = 0;
    for (uint32_t i = 0; i < model->count; i++) {
        established += model_established(model, &model->active[i]);
    }
    return established;
}

static void sweep_both(struct bench *bench, struct model *model, uint32_t now)
{
    const uint32_t before = established_of(model);
    sessions_sweep(&bench->sessions, now);
    model_sweep(model, now);
    assert_as_model(bench, model);
    const uint32_t after = established_of(model);
    met.by_sweep += after > before ? after - before : 0;
}

static void query_both(struct bench *bench, struct model *model, uint32_t number,
                       uint32_t fingerprint, enum wire_strength strength, uint32_t now)
{
    const uint32_t domain = number % DOMAINS;
    const struct model_query query = {.number = number,
                                      .fingerprint = fingerprint,
                                      .group = random_below(GROUPS_EACH) * DOMAINS + domain,
                                      .strength = strength,
                                      .bytes = random_bytes(),
                                      .now = now};
    struct wire_record same =
        query_record(random_token(number), fingerprint, (uint8_t)domain, strength);
    same.bytes = query.bytes;
    const struct model_session *session = model_find(model, number);
    const bool established = session != NULL && model_established(model, session);
    const bool swept = model->now == now;
    const uint32_t group = session != NULL ? session->group : query.group;

    sessions_query(&bench->sessions, &same, query.group, now);
    model_query(model, &query, &bench->sessions);
    assert_as_model(bench, model);

    session = model_find(model, number);
    met.unnoticed += !swept;
    if (swept && session != NULL && model_established(model, session)) {
        met.by_query += !established;
        met.moved += established && group != query.group;
    }
}

/* Of any session there is, or could be. */
static void response_both(struct bench *bench, struct model *model, uint32_t number)
{
    const uint16_t bytes = random_bytes();
    struct wire_record response =
        query_record(random_token(number), 0, (uint8_t)(number % DOMAINS), random_strength());
    response.outcome = WIRE_RESPONSE;
    response.bytes = bytes;
    met.answered_anew += model_find(model, number) == NULL;
    sessions_response(&bench->sessions, &response);
    model_response(model, number, bytes);
    assert_as_model(bench, model);
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
        query_both(bench, model, number, 0, WIRE_WEAK, now);
    }
    for (uint32_t number = 0; number < pool; number++) {
        query_both(bench, model, number, 0, WIRE_WEAK, now);
        query_both(bench, model, number, 1, WIRE_STRONG, now);
    }
    uint32_t too_many = pool > model->limit ? pool - model->limit : 0;
    assert_true(model->evicted >= evicted + too_many);
    if (all_can_be_proved(model)) {
        assert_true(model->refused == refused + UINT64_C(2) * too_many);
    }
}

/* The rules of the formats: dnstt, the same with any framing, the same from the second query on,
 * xdns (as dnsttex), slipstream and vaydns. */
static void model_rules_of_formats(struct model *model)
{
    static const struct sessions_rule rules[] = {
        {.first = true, .second = true, .lasting = true},
        {.first = true, .second = true, .any_data = true, .lasting = true},
        {.second = true, .lasting = true},
        {.second = true, .strong = true, .lasting = true},
        {.second = true, .strong = true, .any_data = true, .lasting = true},
        {.strong = true},
    };
    enum { RULES = sizeof rules / sizeof *rules };
    uint32_t turn = random_below(RULES);
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        model->rules[domain] = rules[(domain + turn) % RULES];
    }
}

static void model_rules_of_any_kind(struct model *model)
{
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        uint32_t bits = random_below(32);
        model->rules[domain] = (struct sessions_rule){.first = (bits & 1) != 0,
                                                      .second = (bits & 2) != 0,
                                                      .strong = (bits & 4) != 0,
                                                      .lasting = (bits & 8) != 0,
                                                      .any_data = (bits & 16) != 0};
    }
}

/* Of one domain at least the longest window, of the others any. */
static void model_windows(struct model *model, uint32_t longest)
{
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        model->rules[domain].window = 1 + random_below(longest);
    }
    model->rules[random_below(DOMAINS)].window = longest;
}

/* Around a multiple of 2^16; of the runs whose seconds are few, also so that the last ones are the
 * last that there are. */
static uint32_t random_begin(const struct run *run)
{
    if (run->steady && random_below(2) == 0) {
        return UINT32_MAX - STEPS - run->window - 1;
    }
    return random_below(3) * 65536 + 65536 - random_below(2 * run->window);
}

static void remember_what_was_met(const struct model *model)
{
    met.evicted += model->evicted;
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        const struct model_ended *ended = &model->ended[domain];
        met.ended += ended->seconds.count;
    }
}

static void step_both(const struct run *run, struct bench *bench, struct model *model, uint32_t now)
{
    const uint32_t dice = random_below(8);
    if (dice == 0) {
        sweep_both(bench, model, now);
    } else if (dice < 3) {
        response_both(bench, model, random_below(2 * run->pool));
    } else {
        query_both(bench, model, random_below(run->pool), random_fingerprint(), random_strength(),
                   now);
    }
}

static void run_against_model(const struct run *run)
{
    struct bench bench;
    static struct model model;
    model = (struct model){.limit = run->limit};
    if (run->of_formats) {
        model_rules_of_formats(&model);
    } else {
        model_rules_of_any_kind(&model);
    }
    model_windows(&model, run->window);
    uint32_t now = random_begin(run);
    model.now = now;
    memcpy(bench.rules, model.rules, sizeof bench.rules);
    bench_start_by(&bench, run->limit, now);
    assert_int_equal(bench.sessions.window_max, run->window);
    for (unsigned step = 0; step < STEPS; step++) {
        if (random_below(run->pace) == 0) {
            now += run->steady ? 1 : random_step(run->window);
            if (run->steady) {
                sweep_both(&bench, &model, now);
            }
        }
        step_both(run, &bench, &model, now);
    }
    fill_and_prove(&bench, &model, run->pool, now + run->window + 1);
    remember_what_was_met(&model);
    bench_end(&bench);
}

static void test_against_model(void **state)
{
    (void)state;
    static const uint32_t limits[] = {1, 2, 3, 5, 8, 17, MODEL_LIMIT};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const uint32_t limit = limits[i];
        const struct run runs[] = {
            {limit, WINDOW, MODEL_POOL, 4},
            {limit, WINDOW, MODEL_POOL, 40},
            {limit, 1, MODEL_POOL, 4},
            {limit, 6, limit, 4},
            {limit, SESSIONS_WINDOW_MAX, limit + 2, 400},
            {limit, SESSIONS_WINDOW_MAX, limit + 20, 3000},
            {limit, WINDOW, limit + 2, 2, .steady = true},
            {limit, 100, limit + 2, 1, .steady = true},
            {limit, 100, MODEL_POOL, 20, .steady = true},
            {limit, 100, limit, 4},
            {limit, SESSIONS_WINDOW_MAX, limit, 1},
        };
        for (size_t j = 0; j < sizeof runs / sizeof *runs; j++) {
            struct run run = runs[j];
            run_against_model(&run);
            run.of_formats = true;
            run_against_model(&run);
        }
    }
    /* Nothing was spared. */
    assert_true(met.ended > 1000 && met.evicted > 1000);
    assert_true(met.by_sweep > 100 && met.by_query > 100 && met.moved > 1000);
    assert_true(met.unnoticed > 1000 && met.answered_anew > 1000);
    figure(
        "%llu sessions ended and %llu were evicted as the model has it; %llu were established by "
        "a sweep, %llu by a query",
        (unsigned long long)met.ended, (unsigned long long)met.evicted,
        (unsigned long long)met.by_sweep, (unsigned long long)met.by_query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_model),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
