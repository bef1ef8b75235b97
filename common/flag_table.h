/* The table of flags, for flags.c alone. */
#ifndef COMMON_FLAG_TABLE_H
#define COMMON_FLAG_TABLE_H

#include "common/flags.h"

enum { FLAG_TABLE_ROWS = 23 };

struct flag {
    struct flags_entry entry;
    /*
     * Reads one value into options; a repeatable flag's is called once for each. Returns NULL, or
     * what is wrong and what to give instead: static text. Of a
     * switch it is called without a value when the switch is on; NULL in one that ends parsing.
     */
    const char *(*set)(struct options *options, const char *value);
    enum flags_result ends; /* of a switch without `set`: what parsing ends with when it is on */
};

extern const struct flag flag_table[FLAG_TABLE_ROWS];

#endif
