/*
 * Active sessions: which sessions sent an accepted query within the window, and in which group.
 *
 * An open-addressed table (exporter/counts/table.h) of 32-byte entries; tokens are uniform and
 * keyed, so an attacker cannot choose slots. Time is whole seconds of CLOCK_BOOTTIME, given by the
 * caller.
 *
 * A session counts, in active, peak and sessions_total, when it has shown itself by the rule of its
 * domain; until then it is an entry that no metric shows. A counted one is established when it is
 * proved by data and SESSIONS_ESTABLISHED seconds have passed since its first query. When it ends,
 * its length and its bytes go to the histograms of its domain.
 *
 * At the limit, or without memory to grow, a new session evicts an unproved one: of the
 * SESSIONS_NEIGHBOURS entries from its home slot on, the one that ends first. If all of these are
 * proved, the new session is refused. So a flood of forged sessions cannot evict proved sessions.
 */
#ifndef EXPORTER_COUNTS_SESSIONS_H
#define EXPORTER_COUNTS_SESSIONS_H

#include "common/domain.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/table.h"

#include <stdbool.h>
#include <stdint.h>

struct distinct;
struct groups;
struct wire_record;

enum {
    /* How many occupied entries are searched for one to evict: the oldest of 64 is very likely
     * among the oldest few percent of all, at the cost of 32 cache lines. */
    SESSIONS_NEIGHBOURS = 64,
    SESSIONS_WINDOW_MAX = 3600, /* seconds: an entry keeps its time in 16 bits */
    /* Seconds: who only tries whether a tunnel works is gone by then. */
    SESSIONS_ESTABLISHED = 60,
};

struct session_entry {
    uint64_t token;            /* 0: the slot is empty */
    uint64_t ends : 16;        /* last second in which it is active, modulo 2^16 */
    uint64_t fingerprint : 21; /* of the first query, until proved */
    uint64_t group : 23;
    uint64_t proved : 1;
    uint64_t counted : 1; /* in the metrics */
    uint64_t data : 1;    /* proved by data */
    uint64_t established : 1;
    uint64_t first_low : 16; /* second of its first query */
    uint64_t received : 48;  /* bytes of DNS messages: 281 TB */
    uint64_t first_high : 16;
    uint64_t sent : 48;
};

/* When a session of a domain is proved, and when it counts. */
struct sessions_rule {
    bool first;      /* it counts from its first query on, else from when it is proved */
    bool second;     /* a second, different query proves it */
    bool strong;     /* a query that proves it (wire_proves) does */
    bool any_data;   /* what proves it is data, else a query that has data (wire_has_data) */
    bool lasting;    /* its id is its own for ever; else it is a new session once it has ended */
    uint32_t window; /* seconds that it is active after a query, 1 to SESSIONS_WINDOW_MAX */
};

/* Of the sessions of a domain that counted and ended. */
struct sessions_ended {
    struct histogram seconds; /* from the first query to the latest */
    struct histogram received;
    struct histogram sent;
};

struct sessions {
    struct session_entry *slots;
    uint64_t slot_count;
    uint64_t used;
    uint64_t proved;                   /* of these */
    uint32_t limit;                    /* entries */
    uint32_t window_max;               /* seconds: the longest of the rules' */
    const struct sessions_rule *rules; /* of each domain; not owned */
    uint32_t swept;                    /* second of the last sweep */
    uint64_t evicted;                  /* unproved sessions removed for new ones */
    uint64_t refused;                  /* queries of sessions refused because the table was full */
    struct distinct *distinct;         /* not owned */
    struct groups *groups;             /* not owned */
    struct sessions_ended ended[DOMAINS_MAX];
};

/* Returns 0 or -ENOMEM. distinct, groups and the rules (one for each of the groups' domains) must
 * outlive it. `now` in seconds. */
int sessions_create(uint32_t limit, const struct sessions_rule *rules, uint32_t now,
                    struct distinct *distinct, struct groups *groups, struct sessions *out);

/* The most bytes it can hold at this limit; and the bytes also mapped while the table grows to its
 * last size, by the old table, which is unmapped as it is copied. */
uint64_t sessions_memory_max(uint32_t limit);
uint64_t sessions_growth_max(uint32_t limit);

/* Asks the processor to fetch where a token's entry would be: called some records ahead. */
__attribute__((always_inline)) static inline void sessions_prefetch(const struct sessions *sessions,
                                                                    uint64_t token)
{
    /* An entry is often some slots behind its home: two cache lines of two entries. */
    const struct session_entry *home = &sessions->slots[table_home(token, sessions->slot_count)];
    __builtin_prefetch(home, 1);
    __builtin_prefetch(home + 2, 1);
}

/*
 * A query of a session (its token is not 0), by its record, from `group`: the session is active
 * there from now on, moved if it was active in another one. It is counted in sessions_total when it
 * comes to count, but for one that did before and whose id is lasting. Sweeps first when a second
 * has begun. `now` never falls.
 */
void sessions_query(struct sessions *sessions, const struct wire_record *query, uint32_t group,
                    uint32_t now);

/* A response of a session (its token is not 0), by its record: its bytes count to the session if
 * that is in the table. Nothing else changes. */
void sessions_response(struct sessions *sessions, const struct wire_record *response);

/*
 * Removes every session whose latest query is more than its window's whole seconds before `now`,
 * and marks those that are established by now.
 * Then opens and closes groups (groups_settle).
 * Call once a second while sessions are active, and before counts are read after a longer pause.
 * Costs nothing when called again within a second. A pause above the longest window ends them all.
 */
void sessions_sweep(struct sessions *sessions, uint32_t now);

#endif
