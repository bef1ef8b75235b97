/* The table of flags. */
#ifndef COMMON_FLAG_TABLE_H
#define COMMON_FLAG_TABLE_H

#include <stdbool.h>

struct options;

enum { FLAG_TABLE_ROWS = 24 };

enum flag_kind {
    FLAG_VALUE,   /* takes a value */
    FLAG_SWITCH,  /* on or off */
    FLAG_VERSION, /* print the version and end */
    FLAG_HELP,    /* print the help and end */
};

struct flag {
    const char *name; /* without a dash */
    enum flag_kind kind;
    const char *argument;     /* of a value: its placeholder in the help */
    const char *default_text; /* parsed like a given value; NULL: none */
    bool repeatable;          /* and comma-separated */
    const char *help;         /* lines of at most 71 characters, so that they fit indented */
    /* For an old name: the flag that it now means, accepted with a warning for one version. Nothing
     * else of the row is used. NULL for a current flag. */
    const char *renamed_to;
    /*
     * Reads one value into options; for a repeatable flag it is called once per value. Returns
     * NULL, or static text: what is wrong and what to give instead. For a switch it is called
     * without a value when the switch is on. NULL in rows of FLAG_VERSION and FLAG_HELP, and of old
     * names.
     */
    const char *(*set)(struct options *options, const char *value);
};

extern const struct flag flag_table[FLAG_TABLE_ROWS];

#endif
