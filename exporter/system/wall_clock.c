#include "exporter/system/wall_clock.h"

#include <stdbool.h>
#include <time.h>

static int64_t milliseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t wall_clock_moment(void)
{
    return (uint64_t)milliseconds(CLOCK_BOOTTIME);
}

static int64_t distance(int64_t one, int64_t other)
{
    return one > other ? one - other : other - one;
}

void wall_clock_look(struct wall_clock *clock)
{
    int64_t before = milliseconds(CLOCK_BOOTTIME);
    int64_t ahead = milliseconds(CLOCK_REALTIME) - before;
    /* A process that was stopped between the two readings has learned nothing. */
    bool together = milliseconds(CLOCK_BOOTTIME) - before <= WALL_CLOCK_STEP_MS;
    if (together && distance(ahead, clock->ahead) > WALL_CLOCK_STEP_MS) {
        clock->ahead = ahead;
    }
}

uint64_t wall_clock_of(const struct wall_clock *clock, uint64_t moment)
{
    int64_t shown = (int64_t)moment + clock->ahead;
    return shown > 0 ? (uint64_t)shown : 0;
}
