/* The table of flags, for flags.c alone. */
#ifndef COMMON_FLAG_TABLE_H
#define COMMON_FLAG_TABLE_H

#include "common/flags.h"

enum { FLAG_TABLE_ROWS = 19 };

struct flag {
    struct flags_entry entry;
    /*
     * Reads one value into options; a repeatable flag's is called once for each. Returns NULL, or
     * what is wrong and what to give instead: static text. NULL in a switch.
     */
    const char *(*set)(struct options *options, const char *value);
    enum flags_result ends; /* of a switch: what parsing ends with when it is on */
};

extern const struct flag flag_table[FLAG_TABLE_ROWS];

#endif
