/* Numbers that look random, from a seed that is printed and can be given again: SEED=… */
#ifndef TESTS_UNIT_RANDOM_H
#define TESTS_UNIT_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t random_state;

static inline void random_start(void)
{
    const char *text = getenv("SEED");
    random_state = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    printf("SEED=%llu\n", (unsigned long long)random_state);
    (void)fflush(stdout);
}

/* SplitMix64's mixing: one to one, and 0 for 0 alone. */
static inline uint64_t random_mix(uint64_t mixed)
{
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

static inline uint64_t random_next(void)
{
    random_state += 0x9e3779b97f4a7c15u;
    return random_mix(random_state);
}

/* 0 to below - 1. */
static inline uint32_t random_below(uint32_t below)
{
    return (uint32_t)(random_next() % below);
}

/* A token for each number: distinct, not 0, and the same each time. */
static inline uint64_t random_token(uint64_t number)
{
    return random_mix((number + 1) * 0x9e3779b97f4a7c15u);
}

#endif
