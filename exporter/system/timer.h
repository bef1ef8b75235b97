/* What has to be done at a time. Owners register theirs with the event loop, which knows no owner.
 */
#ifndef EXPORTER_SYSTEM_TIMER_H
#define EXPORTER_SYSTEM_TIMER_H

#include <stdint.h>

/* CLOCK_BOOTTIME: a step of the wall clock changes nothing, and time that the host slept counts. */
struct timer_now {
    uint32_t second;
    uint32_t millisecond; /* of it: 0 to 999 */
};

struct timer {
    void *owner;
    /* Milliseconds until run has something to do; below 0: nothing for now. */
    int (*wait)(const void *owner, struct timer_now now);
    /* Called in every turn of the loop, however early: it does what is due. */
    void (*run)(void *owner, struct timer_now now);
};

/* Milliseconds until a second begins, 0 when it has begun. `second` is at most some days ahead. */
static inline int timer_until(struct timer_now now, uint32_t second)
{
    return now.second >= second ? 0 : (int)((second - now.second) * 1000 - now.millisecond);
}

#endif
