/*
 * What is counted of a session's query besides its session: whether it was seen in the last
 * seconds, and what is noted of a session as it ends. Of the places of repeats.h any one is looked
 * at; which one is the query's own business.
 */
#include "tests/lab/proof/proof.h"

#include "exporter/counts/histogram.c"

#include "exporter/counts/repeats.c"

#include "exporter/counts/counts.h"
#include "exporter/counts/groups.h"

struct wire_record nondet_record(void);
struct histogram nondet_histogram(void);
struct group nondet_group(void);
uint64_t nondet_word(void);

/* No counter comes near its end, not even at a record a nanosecond. */
#define COUNTER_MAX (UINT64_MAX / 2)

/* --- counts_take_session: the group of the query, and no other. */

enum { GROUPS_FEW = 4 };

bool was_seen;
uint32_t comes_from;

bool model_repeats_see(struct repeats *repeats, uint64_t key, uint32_t now)
{
    (void)key;
    (void)now;
    REQUIRE(repeats != NULL, "the queries seen are at hand");
    return was_seen;
}

void model_sessions_query(struct sessions *sessions, const struct wire_record *query,
                          uint32_t group, uint32_t now)
{
    (void)sessions;
    (void)now;
    REQUIRE(query->token != 0, "a token is none of an empty slot");
    REQUIRE(group == comes_from, "the session is in the group that it comes from");
}

void prove_counts_take_session(void)
{
    struct counts counts;
    struct group groups[GROUPS_FEW];
    const struct wire_record query = nondet_record();
    const uint32_t group = nondet_unsigned();
    __CPROVER_assume(query.token != 0 && group < GROUPS_FEW);
    __CPROVER_assume(groups[group].repeated <= COUNTER_MAX);
    counts.groups.entries = groups;
    comes_from = nondet_unsigned();
    was_seen = nondet_bool();
    const uint64_t before = groups[group].repeated;

    counts_take_session(&counts, &query, comes_from, group, nondet_unsigned());

    PROMISE(groups[group].repeated == before + was_seen, "a repeated query is counted once");
    REACH(was_seen && group == GROUPS_FEW - 1 && before > 1, "a repeated query");
    REACH(!was_seen && comes_from != group, "one that was not repeated, of a closed group");
}

/* --- repeats_see: its place, and what is in it afterwards. Of the places only the first ones are
 * there: all are alike, and 2 MiB are too much for CBMC. */

enum { PLACES_FEW = 4 };

_Static_assert(REPEATS_PLACES == 1 << 16, "the upper 16 bits of a key are a place");

bool restarted;

void model_repeats_restart(struct repeats *repeats, uint32_t now)
{
    REQUIRE(now - repeats->epoch > UINT16_MAX, "an entry's clock has run out");
    repeats->epoch = now - REPEATS_SECONDS - 1;
    restarted = true;
}

/* The second of an entry, if it is of this query; none is as late as UINT64_MAX. */
static uint64_t second_of(uint64_t entry, uint64_t key)
{
    return entry >> 16 == (key << 16) >> 16 ? entry & UINT16_MAX : UINT64_MAX;
}

void prove_repeats_see(void)
{
    struct repeats_place places[PLACES_FEW];
    struct repeats repeats = {.places = places, .epoch = nondet_unsigned()};
    const uint64_t key = nondet_word();
    __CPROVER_assume(key >> 48 < PLACES_FEW);
    const uint32_t now = nondet_unsigned();
    struct repeats_place *place = &repeats.places[key >> 48];
    const struct repeats_place before = *place;
    restarted = false;
    repeats_prefetch(&repeats, key);

    const bool again = repeats_see(&repeats, key, now);

    const uint64_t second = now - repeats.epoch;
    bool was_there = false;
    bool was_recent = false;
    for (unsigned way = 0; way < 4; way++) {
        const uint64_t then = second_of(before.entries[way], key);
        /* The first of them: a place has a query once, but here it can be any. */
        was_recent |= !was_there && then != UINT64_MAX && then <= second && second - then <= 10;
        was_there |= then != UINT64_MAX;
    }
    PROMISE(second <= UINT16_MAX, "an entry has room for its second");
    PROMISE(again == was_recent, "it was seen, and in the last ten seconds");
    PROMISE(second_of(place->entries[0], key) == second, "it comes first from now on");
    PROMISE(was_there ||
                (place->entries[1] == before.entries[0] && place->entries[2] == before.entries[1] &&
                 place->entries[3] == before.entries[2]),
            "a new one is before those that were there");
    REACH(again && second_of(before.entries[3], key) != UINT64_MAX &&
              second_of(before.entries[0], key) == UINT64_MAX,
          "one seen before three others");
    REACH(was_there && !again, "one seen long ago");
    REACH(!was_there && key >> 48 == PLACES_FEW - 1, "a new one in the last place");
    REACH(restarted, "an entry's clock that ran out");
}

/* --- histogram_observe: one bucket, the first that has room for the value. */

void prove_histogram_observe(void)
{
    struct histogram histogram = nondet_histogram();
    const uint64_t value = nondet_word();
    const bool seconds = nondet_bool();
    histogram.bounds = seconds ? histogram_seconds : histogram_bytes;
    __CPROVER_assume(histogram.sum <= COUNTER_MAX && value <= COUNTER_MAX);
    const struct histogram before = histogram;

    unsigned expected = HISTOGRAM_BUCKETS;
    for (unsigned bucket = 0; bucket <= HISTOGRAM_BUCKETS; bucket++) {
        __CPROVER_assume(histogram.counts[bucket] <= COUNTER_MAX);
        if (bucket < expected && value <= histogram.bounds[bucket]) {
            expected = bucket;
        }
    }
    const unsigned any = nondet_unsigned();
    __CPROVER_assume(any <= HISTOGRAM_BUCKETS);

    histogram_observe(&histogram, value);

    PROMISE(histogram.counts[any] == before.counts[any] + (any == expected),
            "a value is in its bucket, and in no other");
    PROMISE(histogram.sum == before.sum + value, "and in the sum");
    REACH(expected == HISTOGRAM_BUCKETS && seconds, "longer than a day");
    REACH(expected == HISTOGRAM_BUCKETS && !seconds, "more than a gigabyte");
    REACH(expected == 0 && value == 10, "a bound is in its bucket");
}
