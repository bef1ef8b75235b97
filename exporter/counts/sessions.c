#include "exporter/counts/sessions.h"

#include "common/domain.h"
#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/table.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    ENTRY_SIZE = sizeof(struct session_entry),
    SWEEP_SLOTS = 8, /* looked at together */
    FINGERPRINT_MASK = (1 << 21) - 1,
    GROUP_MASK = (1 << 23) - 1,
};

_Static_assert(sizeof(struct session_entry) == 32, "an entry is four words");
_Static_assert(offsetof(struct session_entry, token) == 0, "the first is the token");
_Static_assert(GROUPS_MAX + DOMAINS_MAX <= GROUP_MASK, "an entry has room for each group");
/* Between two sweeps the longest window may pass; after that all end at once. */
_Static_assert(SESSIONS_WINDOW_MAX < 1 << 15, "what remains is never ambiguous");

/* How many sessions these slots may hold, and how many slots these sessions need: load 4/5. */
static uint64_t capacity(uint64_t slot_count)
{
    return slot_count * 4 / 5;
}

static uint64_t slots_for(uint32_t limit)
{
    return ((uint64_t)limit * 5 + 3) / 4;
}

/* Seconds until it has ended, below 0 once it has. Exact, as no entry outlives its end by more than
 * the longest window. */
static int remaining(const struct session_entry *entry, uint32_t now)
{
    return (int16_t)(uint16_t)(entry->ends - now);
}

static uint32_t first_second(const struct session_entry *entry)
{
    return (uint32_t)entry->first_high << 16 | (uint32_t)entry->first_low;
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

static void enter(struct sessions *sessions, struct session_entry *entry,
                  const struct sessions_rule *rule)
{
    entry->counted = 1;
    groups_session_enter(sessions->groups, entry->group);
    if (!rule->lasting || distinct_add(sessions->distinct, entry->token)) {
        groups_count_session(sessions->groups, entry->group);
    }
}

/* Notes a session that has counted, as it ends. */
static void note_end(struct sessions *sessions, const struct session_entry *entry, uint32_t now)
{
    const uint8_t domain = sessions->groups->entries[entry->group].domain;
    struct sessions_ended *ended = &sessions->ended[domain];
    const uint32_t latest = now + (uint32_t)remaining(entry, now) - sessions->rules[domain].window;
    histogram_observe(&ended->seconds, latest - first_second(entry));
    histogram_observe(&ended->received, entry->received);
    histogram_observe(&ended->sent, entry->sent);
}

static void leave(struct sessions *sessions, const struct session_entry *entry, uint32_t now)
{
    if (entry->counted) {
        groups_session_leave(sessions->groups, entry->group, entry->established);
        note_end(sessions, entry, now);
    }
}

static void let_go(struct sessions *sessions, uint64_t slot, uint32_t now)
{
    leave(sessions, &sessions->slots[slot], now);
    sessions->proved -= sessions->slots[slot].proved;
    take_out(sessions, slot);
}

/* Removes the unproved neighbour of a token that ends first. Returns false when there is none. */
static bool evict(struct sessions *sessions, uint64_t token, uint32_t now)
{
    uint64_t slot = table_home(token, sessions->slot_count);
    uint64_t left = sessions->used < SESSIONS_NEIGHBOURS ? sessions->used : SESSIONS_NEIGHBOURS;
    bool found = false;
    uint64_t first = 0;
    int first_remaining = 0;
    for (; left > 0; slot = table_next(slot, sessions->slot_count)) {
        const struct session_entry *entry = &sessions->slots[slot];
        if (entry->token == 0) {
            continue;
        }
        left--;
        int left_to_it = remaining(entry, now);
        if (!entry->proved && (!found || left_to_it < first_remaining)) {
            found = true;
            first = slot;
            first_remaining = left_to_it;
        }
    }
    if (found) {
        let_go(sessions, first, now);
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

static bool proves(const struct sessions_rule *rule, const struct wire_record *query)
{
    return rule->strong && wire_proves(query->strength);
}

/* Whether it is another query than the session's first. */
static bool differs(const struct session_entry *entry, const struct wire_record *query)
{
    return entry->fingerprint != (wire_fingerprint(query) & FINGERPRINT_MASK);
}

/* Whether the session, with this query of it, is proved by data. */
static bool is_data(const struct sessions_rule *rule, const struct session_entry *entry,
                    const struct wire_record *query)
{
    return rule->any_data ? entry->proved : wire_has_data(query->strength);
}

/* A session that is not in the table. Separate from take, as it is rare. */
__attribute__((noinline)) static void
admit(struct sessions *sessions, const struct wire_record *query, uint32_t group, uint32_t now)
{
    const struct sessions_rule *rule = &sessions->rules[query->domain];
    if (!make_room(sessions, query->token, now)) {
        return;
    }
    struct session_entry *entry = entry_of(sessions, query->token);
    *entry = (struct session_entry){.token = query->token,
                                    .ends = (uint16_t)(now + rule->window),
                                    .fingerprint = wire_fingerprint(query) & FINGERPRINT_MASK,
                                    .group = group & GROUP_MASK,
                                    .proved = proves(rule, query),
                                    .first_low = (uint16_t)now,
                                    .first_high = (uint16_t)(now >> 16),
                                    .received = query->bytes};
    entry->data = is_data(rule, entry, query);
    sessions->used++;
    sessions->proved += entry->proved;
    if (rule->first || entry->proved) {
        enter(sessions, entry, rule);
    }
}

int sessions_create(uint32_t limit, const struct sessions_rule *rules, uint32_t now,
                    struct distinct *distinct, struct groups *groups, struct sessions *out)
{
    uint64_t slot_count = table_slots_first(slots_for(limit));
    struct session_entry *slots = table_map(slot_count, ENTRY_SIZE);
    if (slots == NULL) {
        return -ENOMEM;
    }
    *out = (struct sessions){.slots = slots,
                             .slot_count = slot_count,
                             .limit = limit,
                             .rules = rules,
                             .swept = now,
                             .distinct = distinct,
                             .groups = groups};
    for (uint32_t i = 0; i < groups->domain_count; i++) {
        out->ended[i] = (struct sessions_ended){.seconds.bounds = histogram_seconds,
                                                .received.bounds = histogram_bytes,
                                                .sent.bounds = histogram_bytes};
        if (rules[i].window > out->window_max) {
            out->window_max = rules[i].window;
        }
    }
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

static void move(struct sessions *sessions, struct session_entry *entry, uint32_t group)
{
    if (entry->counted) {
        groups_session_move(sessions->groups, entry->group, group, entry->established);
    }
    entry->group = group & GROUP_MASK;
}

/* Whether it is established, but not marked so. */
static bool is_due(const struct session_entry *entry, uint32_t now)
{
    return (entry->counted & entry->data & !entry->established) &
           (now - first_second(entry) >= SESSIONS_ESTABLISHED);
}

static void establish(struct sessions *sessions, struct session_entry *entry)
{
    entry->established = 1;
    groups_session_establish(sessions->groups, entry->group);
}

/* A query of a session that is in the table and not yet proved, or not by data, or in another
 * group. Separate from take, as it is rare. */
__attribute__((noinline)) static void change(struct sessions *sessions,
                                             const struct wire_record *query, uint32_t group,
                                             uint32_t now, struct session_entry *entry)
{
    const struct sessions_rule *rule = &sessions->rules[query->domain];
    if (entry->group != group) {
        move(sessions, entry, group);
    }
    if (!entry->proved && (proves(rule, query) || (rule->second && differs(entry, query)))) {
        entry->proved = 1;
        sessions->proved++;
        if (!entry->counted) {
            enter(sessions, entry, rule);
        }
    }
    entry->data |= is_data(rule, entry, query);
    if (is_due(entry, now)) {
        establish(sessions, entry);
    }
}

/* Runs for every query. What it calls takes the same arguments in the same order, so that none has
 * to be kept. */
static inline void take(struct sessions *sessions, const struct wire_record *query, uint32_t group,
                        uint32_t now)
{
    struct session_entry *entry = entry_of(sessions, query->token);
    if (entry->token != query->token) {
        admit(sessions, query, group, now);
        return;
    }
    entry->ends = (uint16_t)(now + sessions->rules[query->domain].window);
    entry->received += query->bytes;
    if (!(entry->proved & entry->data) || entry->group != group) {
        change(sessions, query, group, now, entry);
    }
}

/* The first query of a second. */
__attribute__((noinline)) static void sweep_and_take(struct sessions *sessions,
                                                     const struct wire_record *query,
                                                     uint32_t group, uint32_t now)
{
    sessions_sweep(sessions, now);
    take(sessions, query, group, now);
}

void sessions_query(struct sessions *sessions, const struct wire_record *query, uint32_t group,
                    uint32_t now)
{
    if (now > sessions->swept) {
        sweep_and_take(sessions, query, group, now);
        return;
    }
    take(sessions, query, group, now);
}

void sessions_response(struct sessions *sessions, const struct wire_record *response)
{
    struct session_entry *entry = entry_of(sessions, response->token);
    if (entry->token == response->token) {
        entry->sent += response->bytes;
    }
}

/* `swept`: the second of the sweep before, as later than that a clock of 16 bits may be wrong. */
static void let_all_go(struct sessions *sessions, uint32_t swept)
{
    for (uint64_t slot = 0; slot < sessions->slot_count; slot++) {
        struct session_entry *entry = &sessions->slots[slot];
        if (entry->token != 0) {
            leave(sessions, entry, swept);
            *entry = (struct session_entry){0};
        }
    }
    sessions->used = 0;
    sessions->proved = 0;
}

/* One branch for both conditions: which slots are empty cannot be predicted. */
static bool is_over(const struct session_entry *entry, uint32_t now)
{
    return (entry->token != 0) & (remaining(entry, now) < 0);
}

/* And one branch for several slots, since of almost no session is anything new. */
static bool any_is_new(const struct session_entry *entries, uint32_t now)
{
    bool any = false;
    for (unsigned i = 0; i < SWEEP_SLOTS; i++) {
        any |= is_over(&entries[i], now);
        any |= is_due(&entries[i], now);
    }
    return any;
}

static void look_at_each(struct sessions *sessions, uint32_t now)
{
    uint64_t end;
    for (uint64_t slot = 0; slot < sessions->slot_count; slot = end) {
        end = slot + SWEEP_SLOTS;
        if (end > sessions->slot_count) {
            end = sessions->slot_count;
        } else if (!any_is_new(&sessions->slots[slot], now)) {
            continue;
        }
        /* take_out moves entries into this slot from a later one, or from one of the first, which
         * were checked already; check them here. Nothing moves back to an earlier slot. */
        for (; slot < end; slot++) {
            while (is_over(&sessions->slots[slot], now)) {
                let_go(sessions, slot, now);
            }
            if (is_due(&sessions->slots[slot], now)) {
                establish(sessions, &sessions->slots[slot]);
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
    const uint32_t before = sessions->swept;
    const bool all = now - before > sessions->window_max;
    sessions->swept = now;
    if (sessions->used != 0 && all) {
        let_all_go(sessions, before);
    } else if (sessions->used != 0) {
        look_at_each(sessions, now);
    }
    groups_settle(sessions->groups);
}
