/*
 * Groups (domain, country, ASN) and their counters: what the metrics show. The number of groups is
 * capped: beyond it, new countries and ASNs of a domain are counted in its one `other` group.
 * A group is never removed, and its index never changes.
 *
 * With a least number of clients (-privacy.min-clients) a group is open or closed. While it is
 * closed, what comes from it counts in the domain's `other` group, and it keeps only how many
 * sessions it has. It opens when at least so many are active, and closes when fewer are; to open
 * again it needs a quarter more, so that one client who comes and goes does not move it each time.
 * Groups open and close in groups_settle alone, once a second. So no counter ever falls.
 */
#ifndef EXPORTER_COUNTS_GROUPS_H
#define EXPORTER_COUNTS_GROUPS_H

#include "common/wire.h"
#include "exporter/counts/geo.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    /* Limited, as a session's entry has 23 bits for its group's index. */
    GROUPS_MAX = 1000000,
    GROUPS_REOPEN_PARTS = 4, /* a closed group opens again at 1/4 more clients, and at least one */
};

struct group {
    struct geo geo;
    uint8_t domain;
    bool other;      /* the group of all beyond the cap, and of closed ones; `geo` is meaningless */
    bool closed;     /* what comes from it counts in `other` */
    bool hidden : 1; /* has never been open: nothing shows that it exists */
    bool due : 1;    /* to be opened or closed */
    bool unnamed : 1; /* has opened, and the name of its ASN was not looked up since */
    uint32_t active;
    uint32_t peak;
    uint32_t established; /* of the active ones */
    uint64_t sessions;
    uint64_t queries;
    uint64_t repeated; /* of the queries: repeats.h */
    uint64_t responses;
    uint64_t bytes_in;                      /* DNS message bytes of the queries */
    uint64_t bytes_out;                     /* of the responses */
    uint64_t rejected[WIRE_REJECTED_COUNT]; /* index: the outcome less WIRE_REJECTED_FIRST */
};

struct group_domain {
    uint32_t active;
    uint32_t peak;
    uint32_t established;
    uint64_t queries; /* of all its groups; not for the metrics, whose totals are sums of lines */
    uint64_t responses;
    uint64_t misfits; /* rejected, but for their opcode or EDNS size, which are no format's */
};

struct groups {
    struct group *entries;
    uint32_t group_count;
    uint32_t group_max; /* without the `other` groups */
    struct group_domain *domains;
    uint32_t domain_count;
    uint64_t capped;      /* packets that went to an `other` group because of the cap */
    uint32_t *slots;      /* hash table of group index + 1, open addressing */
    uint32_t slot_count;  /* at most half of them are used */
    uint64_t secret[2];   /* of the hash: an attacker who chooses addresses cannot choose slots */
    uint32_t *other;      /* per domain: group index + 1 of its `other` group, or 0 */
    uint32_t other_count; /* how many of these there are */
    uint32_t min_clients; /* 0: every group is open, always */
    uint32_t *due;        /* groups to open or close; NULL while min_clients is 0 */
    uint32_t due_count;
};

/*
 * Creates the groups, with one of unknown country and ASN for each domain, so that a value of 0
 * shows from the start. domain_count is 1 to DOMAINS_MAX; group_max is at most GROUPS_MAX, and
 * raised to domain_count if below. All memory is reserved at once, and used as groups come. Returns
 * 0 or -errno: -ENOMEM, -EINVAL for a limit out of range, or the error of getentropy(3);
 * groups_destroy frees what it holds.
 */
int groups_create(uint32_t domain_count, uint32_t group_max, struct groups *out);
void groups_destroy(struct groups *groups);

/*
 * Closes every group that has fewer active sessions than this, from now on: call it before anything
 * is counted. `min_clients` is not 0. Each domain gets its `other` group; the group of unknown
 * country and ASN is closed, but not hidden. Returns 0 or -ENOMEM.
 */
int groups_set_min_clients(struct groups *groups, uint32_t min_clients);

/* Opens and closes the groups whose number of sessions says so. */
void groups_settle(struct groups *groups);

/* The most bytes it can hold at these limits, for the documented sum. */
uint64_t groups_memory_max(uint32_t domain_count, uint32_t group_max);

/* The group of a country and ASN, created if needed. Once the cap is reached, a new one gets the
 * domain's `other` group, and `capped` grows by one: call it once for each packet. */
uint32_t groups_find(struct groups *groups, uint8_t domain, struct geo place);

/* Where what comes from a group counts: in it, or in `other` while it is closed. */
static inline uint32_t groups_counting(const struct groups *groups, uint32_t group)
{
    const struct group *entry = &groups->entries[group];
    return entry->closed ? groups->other[entry->domain] - 1 : group;
}

/* Whether its gauges show its sessions. If not they show 0, and `other` has its sessions: those of
 * a closed group are in its counts, those of an open one that is below are to be added. */
static inline bool groups_is_shown(const struct groups *groups, const struct group *group)
{
    return !group->closed && (group->other || group->active >= groups->min_clients);
}

/* A query, a response or a rejected query of `bytes` DNS message bytes. The first inline: once for
 * each query. */
static inline void groups_count_query(struct groups *groups, uint32_t group, uint16_t bytes)
{
    struct group *entry = &groups->entries[group];
    entry->queries++;
    entry->bytes_in += bytes;
    groups->domains[entry->domain].queries++;
}
void groups_count_response(struct groups *groups, uint32_t group, uint16_t bytes);
void groups_count_rejected(struct groups *groups, uint32_t group, enum wire_outcome outcome);

/* Active sessions in all groups. */
uint64_t groups_active(const struct groups *groups);

/* A session never counted before. */
void groups_count_session(struct groups *groups, uint32_t group);

/* A session becomes active in a group, established there, leaves it, or moves between two. Peaks
 * follow; a move within a domain does not change the domain's counts. (Only a lying peer moves one
 * between domains.) */
void groups_session_enter(struct groups *groups, uint32_t group);
void groups_session_establish(struct groups *groups, uint32_t group);
void groups_session_leave(struct groups *groups, uint32_t group, bool established);
void groups_session_move(struct groups *groups, uint32_t from, uint32_t to, bool established);

#endif
