#include "exporter/status/ranking.h"

#include "exporter/counts/rounding.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Sums by key: open addressing, at most four fifths full. An empty slot has no active sessions. */
struct sums {
    struct ranking_row *slots;
    uint32_t mask;
    uint32_t secret; /* odd, of the hash: senders cannot choose slots by country and ASN */
};

static int make_sums(size_t count, uint64_t secret, struct sums *out)
{
    uint32_t slots = 2;
    while (slots / 5 * 4 < count) {
        slots *= 2;
    }
    out->slots = calloc(slots, sizeof *out->slots);
    out->mask = slots - 1;
    out->secret = (uint32_t)secret | 1;
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

enum { COUNTRIES_MAX = 26 * 26 }; /* two letters each */

int ranking_make(const struct ranking_group *groups, size_t count, enum ranking_kind kind,
                 uint64_t secret, uint32_t round, struct ranking *out)
{
    const uint64_t step = rounding_step(ROUNDING_SESSIONS, round);
    struct sums sums;
    const bool few = kind == RANKING_COUNTRIES && count > COUNTRIES_MAX;
    int error = make_sums(few ? COUNTRIES_MAX : count, secret, &sums);
    if (error != 0) {
        return error;
    }
    for (size_t i = 0; i < count; i++) {
        const struct geo *geo = &groups[i].geo;
        add(&sums, kind == RANKING_ASNS ? geo->asn : geo->country, groups[i].active);
    }
    struct ranking ranking = {.count = 0};
    for (uint32_t i = 0; i <= sums.mask; i++) {
        if (sums.slots[i].active > 0) {
            const uint64_t active = rounding_up(sums.slots[i].active, step);
            rank(&ranking, (struct ranking_row){sums.slots[i].key, (uint32_t)active});
        }
    }
    free(sums.slots);
    *out = ranking;
    return 0;
}
