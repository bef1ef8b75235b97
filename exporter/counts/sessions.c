#include "exporter/counts/sessions.h"

#include "common/domain.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/table.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    ENTRY_SIZE = sizeof(struct session_entry),
    SWEEP_SLOTS = 8,  /* looked at together */
    LINE_ENTRIES = 4, /* of a cache line of 64 bytes */
    FINGERPRINT_MASK = (1 << 24) - 1,
    GROUP_MASK = (1 << 23) - 1,
};

_Static_assert(sizeof(struct session_entry) == 16, "an entry is two words");
_Static_assert(offsetof(struct session_entry, token) == 0, "the first is the token");
_Static_assert(GROUPS_MAX + DOMAINS_MAX <= GROUP_MASK, "an entry has room for each group");
/* Between two sweeps a session may age by one more window; after that all expire at once. */
_Static_assert(2 * SESSIONS_WINDOW_MAX + 1 < 1 << 16, "an age is never ambiguous");

/* How many sessions these slots may hold, and how many slots these sessions need: load 4/5. */
static uint64_t capacity(uint64_t slot_count)
{
    return slot_count * 4 / 5;
}

static uint64_t slots_for(uint32_t limit)
{
    return ((uint64_t)limit * 5 + 3) / 4;
}

/* Seconds since the latest query. Exact, as no entry gets older than twice the window. */
static uint32_t age_of(const struct session_entry *entry, uint32_t now)
{
    return (uint16_t)(now - (uint32_t)entry->seen);
}

/* The entry that holds a token, or the empty entry for it. Runs for every record: a pointer takes
 * fewer instructions than table_next. */
static struct session_entry *entry_of(const struct sessions *sessions, uint64_t token)
{
    const struct session_entry *end = sessions->slots + sessions->slot_count;
    struct session_entry *entry = sessions->slots + table_home(token, sessions->slot_count);
    while (entry->token != token && entry->token != 0) {
        entry++;
        if (entry == end) {
            entry = sessions->slots;
        }
    }
    return entry;
}

/*
 * Empties a slot and moves up the entries behind it, up to an empty slot, so that probing never
 * meets a gap: an entry moves into the gap when the gap lies between its home and its slot.
 */
static void take_out(struct sessions *sessions, uint64_t slot)
{
    uint64_t count = sessions->slot_count;
    uint64_t gap = slot;
    for (uint64_t next = table_next(gap, count); sessions->slots[next].token != 0;
         next = table_next(next, count)) {
        uint64_t home = table_home(sessions->slots[next].token, count);
        if (table_distance(home, next, count) >= table_distance(gap, next, count)) {
            sessions->slots[gap] = sessions->slots[next];
            gap = next;
        }
    }
    sessions->slots[gap] = (struct session_entry){0};
    sessions->used--;
}

/* Whether the metrics count this session. */
static bool counts(const struct sessions *sessions, const struct session_entry *entry)
{
    return entry->confirmed || !sessions->confirmed_only;
}

static void enter(struct sessions *sessions, uint64_t token, uint32_t group)
{
    groups_session_enter(sessions->groups, group);
    if (distinct_add(sessions->distinct, token)) {
        groups_count_session(sessions->groups, group);
    }
}

static void leave(struct sessions *sessions, const struct session_entry *entry)
{
    if (counts(sessions, entry)) {
        groups_session_leave(sessions->groups, entry->group);
    }
}

static void let_go(struct sessions *sessions, uint64_t slot)
{
    leave(sessions, &sessions->slots[slot]);
    take_out(sessions, slot);
}

/* Removes the oldest unconfirmed neighbour of a token. Returns false when there is none. */
static bool evict(struct sessions *sessions, uint64_t token, uint32_t now)
{
    uint64_t slot = table_home(token, sessions->slot_count);
    uint64_t left = sessions->used < SESSIONS_NEIGHBOURS ? sessions->used : SESSIONS_NEIGHBOURS;
    bool found = false;
    uint64_t oldest = 0;
    uint32_t oldest_age = 0;
    for (; left > 0; slot = table_next(slot, sessions->slot_count)) {
        const struct session_entry *entry = &sessions->slots[slot];
        if (entry->token == 0) {
            continue;
        }
        left--;
        uint32_t age = age_of(entry, now);
        if (!entry->confirmed && (!found || age > oldest_age)) {
            found = true;
            oldest = slot;
            oldest_age = age;
        }
    }
    if (found) {
        let_go(sessions, oldest);
    }
    return found;
}

static bool grow(struct sessions *sessions)
{
    uint64_t wider = table_slots_after(sessions->slot_count, slots_for(sessions->limit));
    struct session_entry *slots =
        table_grow(sessions->slots, sessions->slot_count, wider, ENTRY_SIZE);
    if (slots == NULL) {
        return false;
    }
    sessions->slots = slots;
    sessions->slot_count = wider;
    return true;
}

/* Makes room for one session. Without memory to grow, the present size is the limit. */
static bool make_room(struct sessions *sessions, uint64_t token, uint32_t now)
{
    if (sessions->used < sessions->limit &&
        (sessions->used < capacity(sessions->slot_count) || grow(sessions))) {
        return true;
    }
    if (evict(sessions, token, now)) {
        sessions->evicted++;
        return true;
    }
    sessions->refused++;
    return false;
}

/* A session that is not in the table. Separate from take, as it is rare. */
__attribute__((noinline)) static void admit(struct sessions *sessions, uint64_t token,
                                            uint32_t fingerprint, uint32_t group, uint32_t now)
{
    if (!make_room(sessions, token, now)) {
        return;
    }
    *entry_of(sessions, token) =
        (struct session_entry){.token = token,
                               .seen = (uint16_t)now,
                               .fingerprint = fingerprint & FINGERPRINT_MASK,
                               .group = group & GROUP_MASK};
    sessions->used++;
    if (!sessions->confirmed_only) {
        enter(sessions, token, group);
    }
}

int sessions_create(uint32_t limit, uint32_t window, uint32_t now, struct distinct *distinct,
                    struct groups *groups, struct sessions *out)
{
    uint64_t slot_count = table_slots_first(slots_for(limit));
    struct session_entry *slots = table_map(slot_count, ENTRY_SIZE);
    if (slots == NULL) {
        return -ENOMEM;
    }
    *out = (struct sessions){.slots = slots,
                             .slot_count = slot_count,
                             .limit = limit,
                             .window = window,
                             .swept = now,
                             .distinct = distinct,
                             .groups = groups};
    return 0;
}

uint64_t sessions_memory_max(uint32_t limit)
{
    return table_bytes(slots_for(limit), ENTRY_SIZE) + TABLE_CHUNK;
}

uint64_t sessions_growth_max(uint32_t limit)
{
    return table_bytes(table_slots_before_last(slots_for(limit)), ENTRY_SIZE);
}

void sessions_prefetch(const struct sessions *sessions, uint64_t token)
{
    /* An entry is often some slots behind its home: two cache lines. */
    const struct session_entry *home = &sessions->slots[table_home(token, sessions->slot_count)];
    __builtin_prefetch(home, 1);
    __builtin_prefetch(home + LINE_ENTRIES, 1);
}

/* The group has changed. Separate from take, as it is rare. */
__attribute__((noinline)) static void move(struct sessions *sessions, struct session_entry *entry,
                                           uint32_t group)
{
    if (counts(sessions, entry)) {
        groups_session_move(sessions->groups, entry->group, group);
    }
    entry->group = group & GROUP_MASK;
}

/* A second, different query. Separate from take, as it comes once. */
__attribute__((noinline)) static void confirm(struct sessions *sessions,
                                              struct session_entry *entry, uint32_t group)
{
    if (entry->group != group) {
        move(sessions, entry, group);
    }
    entry->confirmed = 1;
    if (sessions->confirmed_only) {
        enter(sessions, entry->token, group);
    }
}

static inline void take(struct sessions *sessions, uint64_t token, uint32_t fingerprint,
                        uint32_t group, uint32_t now)
{
    struct session_entry *entry = entry_of(sessions, token);
    if (entry->token == 0) {
        admit(sessions, token, fingerprint, group, now);
        return;
    }
    entry->seen = (uint16_t)now;
    if (!entry->confirmed && entry->fingerprint != fingerprint) {
        confirm(sessions, entry, group);
    } else if (entry->group != group) {
        move(sessions, entry, group);
    }
}

/* The first query of a second. */
__attribute__((noinline)) static void sweep_and_take(struct sessions *sessions, uint64_t token,
                                                     uint32_t fingerprint, uint32_t group,
                                                     uint32_t now)
{
    sessions_sweep(sessions, now);
    take(sessions, token, fingerprint, group, now);
}

void sessions_query(struct sessions *sessions, uint64_t token, uint32_t fingerprint, uint32_t group,
                    uint32_t now)
{
    if (now > sessions->swept) {
        sweep_and_take(sessions, token, fingerprint, group, now);
        return;
    }
    take(sessions, token, fingerprint, group, now);
}

static void let_all_go(struct sessions *sessions)
{
    for (uint64_t slot = 0; slot < sessions->slot_count; slot++) {
        struct session_entry *entry = &sessions->slots[slot];
        if (entry->token != 0) {
            leave(sessions, entry);
            *entry = (struct session_entry){0};
        }
    }
    sessions->used = 0;
}

/* One branch for both conditions: which slots are empty cannot be predicted. */
static bool is_over(const struct session_entry *entry, uint32_t now, uint32_t window)
{
    return (entry->token != 0) & (age_of(entry, now) > window);
}

/* And one branch for several slots, since almost no session is over. */
static bool any_is_over(const struct session_entry *entries, uint32_t now, uint32_t window)
{
    bool over = false;
    for (unsigned i = 0; i < SWEEP_SLOTS; i++) {
        over |= is_over(&entries[i], now, window);
    }
    return over;
}

static void let_old_go(struct sessions *sessions, uint32_t now)
{
    uint64_t end;
    for (uint64_t slot = 0; slot < sessions->slot_count; slot = end) {
        end = slot + SWEEP_SLOTS;
        if (end > sessions->slot_count) {
            end = sessions->slot_count;
        } else if (!any_is_over(&sessions->slots[slot], now, sessions->window)) {
            continue;
        }
        /* take_out moves entries into this slot from a later one, or from one of the first, which
         * were checked already; check them here. Nothing moves back to an earlier slot. */
        for (; slot < end; slot++) {
            while (is_over(&sessions->slots[slot], now, sessions->window)) {
                let_go(sessions, slot);
            }
        }
    }
}

void sessions_sweep(struct sessions *sessions, uint32_t now)
{
    if (now <= sessions->swept) {
        return;
    }
    /* No query is later than the last sweep: each query sweeps first. */
    bool all = now - sessions->swept > sessions->window;
    sessions->swept = now;
    if (sessions->used == 0) {
        return;
    }
    if (all) {
        let_all_go(sessions);
    } else {
        let_old_go(sessions, now);
    }
}
