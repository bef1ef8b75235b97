#include "exporter/counts/repeats.h"

#include "exporter/counts/table.h"

#include <errno.h>
#include <string.h>

/* A second after the epoch that is later than any that an empty entry, 0, stands for. */
enum { FIRST_SECOND = REPEATS_SECONDS + 1 };

static uint32_t epoch_of(uint32_t now)
{
    return now - FIRST_SECOND;
}

int repeats_create(uint32_t now, struct repeats *out)
{
    struct repeats_place *places = table_map(REPEATS_PLACES, sizeof *places);
    if (places == NULL) {
        return -ENOMEM;
    }
    *out = (struct repeats){.places = places, .epoch = epoch_of(now)};
    return 0;
}

void repeats_destroy(struct repeats *repeats)
{
    table_unmap(repeats->places, REPEATS_PLACES, sizeof *repeats->places);
    *repeats = (struct repeats){0};
}

void repeats_restart(struct repeats *repeats, uint32_t now)
{
    memset(repeats->places, 0, REPEATS_MEMORY);
    repeats->epoch = epoch_of(now);
}

bool repeats_again(struct repeats_place *place, unsigned way, uint64_t entry)
{
    const bool recent = entry - place->entries[way] <= REPEATS_SECONDS;
    for (; way > 0; way--) {
        place->entries[way] = place->entries[way - 1];
    }
    place->entries[0] = entry;
    return recent;
}
