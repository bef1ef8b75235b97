#include "exporter/status/ranking.h"

#include "exporter/counts/groups.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Sums by key: open addressing, at most half full. An empty slot has no active sessions. */
struct sums {
    struct ranking_row *slots;
    uint32_t mask;
    uint32_t secret; /* odd, of the hash: senders cannot choose slots by country and ASN */
};

static uint32_t count_active(const struct groups *groups)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < groups->group_count; i++) {
        count += groups->entries[i].active > 0;
    }
    return count;
}

static int make_sums(const struct groups *groups, struct sums *out)
{
    uint32_t slots = 2;
    for (uint32_t count = count_active(groups); slots < 2 * count;) {
        slots *= 2;
    }
    out->slots = calloc(slots, sizeof *out->slots);
    out->mask = slots - 1;
    out->secret = (uint32_t)groups->secret[0] | 1;
    return out->slots != NULL ? 0 : -ENOMEM;
}

static void add(struct sums *sums, uint32_t key, uint32_t active)
{
    uint32_t hash = key * sums->secret;
    uint32_t slot = (hash ^ hash >> 16) & sums->mask;
    while (sums->slots[slot].active != 0 && sums->slots[slot].key != key) {
        slot = (slot + 1) & sums->mask;
    }
    sums->slots[slot].key = key;
    sums->slots[slot].active += active;
}

static bool before(const struct ranking_row *a, const struct ranking_row *b)
{
    return a->active != b->active ? a->active > b->active : a->key < b->key;
}

/* Inserts a row in order; if the list is full, the lowest one goes to the rest. */
static void rank(struct ranking *ranking, struct ranking_row row)
{
    unsigned at = ranking->count;
    if (at == RANKING_ROWS) {
        if (!before(&row, &ranking->rows[RANKING_ROWS - 1])) {
            ranking->rest += row.active;
            return;
        }
        ranking->rest += ranking->rows[RANKING_ROWS - 1].active;
        at--;
    } else {
        ranking->count++;
    }
    for (; at > 0 && before(&row, &ranking->rows[at - 1]); at--) {
        ranking->rows[at] = ranking->rows[at - 1];
    }
    ranking->rows[at] = row;
}

int ranking_make(const struct groups *groups, enum ranking_kind kind, struct ranking *out)
{
    struct sums sums;
    int error = make_sums(groups, &sums);
    if (error != 0) {
        return error;
    }
    struct ranking ranking = {.count = 0};
    for (uint32_t i = 0; i < groups->group_count; i++) {
        const struct group *group = &groups->entries[i];
        if (group->other) {
            ranking.other += group->active;
        } else if (group->active > 0) {
            add(&sums, kind == RANKING_ASNS ? group->geo.asn : group->geo.country, group->active);
        }
    }
    for (uint32_t i = 0; i <= sums.mask; i++) {
        if (sums.slots[i].active > 0) {
            rank(&ranking, sums.slots[i]);
        }
    }
    free(sums.slots);
    *out = ranking;
    return 0;
}
