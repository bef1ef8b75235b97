/*
 * Active sessions: which sessions sent an accepted query within the window, and in which group.
 *
 * An open-addressed table (exporter/counts/table.h) of 16-byte entries; tokens are uniform and
 * keyed, so an attacker cannot choose slots. Time is whole seconds of CLOCK_BOOTTIME, given by the
 * caller.
 *
 * At the limit, or without memory to grow, a new session evicts an unconfirmed one (one that never
 * sent a second, different query): the oldest of the SESSIONS_NEIGHBOURS entries from its home slot
 * on. If all of these are confirmed, the new session is refused. So a flood of forged sessions
 * cannot evict confirmed sessions.
 *
 * With `confirmed_only`, unconfirmed sessions have an entry here, but no metric counts them: they
 * enter active, peak and sessions_total when they are confirmed.
 */
#ifndef EXPORTER_COUNTS_SESSIONS_H
#define EXPORTER_COUNTS_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

struct distinct;
struct groups;

enum {
    /* How many occupied entries are searched for one to evict: the oldest of 64 is very likely
     * among the oldest few percent of all, at the cost of 16 cache lines. */
    SESSIONS_NEIGHBOURS = 64,
    SESSIONS_WINDOW_MAX = 3600, /* seconds: an entry keeps its time in 16 bits */
};

struct session_entry {
    uint64_t token;            /* 0: the slot is empty */
    uint64_t seen : 16;        /* second of the latest query, modulo 2^16 */
    uint64_t fingerprint : 24; /* of the first query, until confirmed */
    uint64_t group : 23;
    uint64_t confirmed : 1;
};

struct sessions {
    struct session_entry *slots;
    uint64_t slot_count;
    uint64_t used;
    uint32_t limit;            /* entries */
    uint32_t window;           /* seconds */
    bool confirmed_only;       /* as created false; set it before the first query */
    uint32_t swept;            /* second of the last sweep */
    uint64_t evicted;          /* unconfirmed sessions removed for new ones */
    uint64_t refused;          /* queries of sessions refused because the table was full */
    struct distinct *distinct; /* not owned */
    struct groups *groups;     /* not owned */
};

/* Returns 0 or -ENOMEM. distinct and groups must outlive it. `now` in seconds. */
int sessions_create(uint32_t limit, uint32_t window, uint32_t now, struct distinct *distinct,
                    struct groups *groups, struct sessions *out);

/* The most bytes it can hold at this limit; and the bytes also mapped while the table grows to its
 * last size, by the old table, which is unmapped as it is copied. */
uint64_t sessions_memory_max(uint32_t limit);
uint64_t sessions_growth_max(uint32_t limit);

/* Asks the processor to fetch where a token's entry would be: called some records ahead. */
void sessions_prefetch(const struct sessions *sessions, uint64_t token);

/*
 * A query of session `token` (not 0) from `group`: it is active there from now on, moved if it was
 * active in another group, and counted in sessions_total if it never was before. Sweeps first when
 * a second has begun. `now` never falls.
 */
void sessions_query(struct sessions *sessions, uint64_t token, uint32_t fingerprint, uint32_t group,
                    uint32_t now);

/*
 * Removes every session whose latest query is more than `window` whole seconds before `now`.
 * Call once a second while sessions are active, and before counts are read after a longer pause.
 * Costs nothing when called again within a second. A pause above the window expires them all.
 */
void sessions_sweep(struct sessions *sessions, uint32_t now);

#endif
