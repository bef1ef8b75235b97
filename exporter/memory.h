/* Whether the address space is enough for the limits. */
#ifndef EXPORTER_MEMORY_H
#define EXPORTER_MEMORY_H

struct options;

/*
 * The tables grow as they fill. Found at the start, not in a flood: a table that cannot grow evicts
 * sessions that its limit would allow. Returns 0 or -errno; nothing stays reserved.
 */
int memory_try(const struct options *options);

#endif
