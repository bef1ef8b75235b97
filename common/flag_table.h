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
    /* An old name: given in place of the flag of this name, with a warning, for one version.
     * Nothing else of the row is used. NULL for a flag of its own. */
    const char *renamed_to;
    /*
     * Reads one value into options; a repeatable flag's is called once for each. Returns NULL, or
     * what is wrong and what to give instead: static text. Of a switch it is called without a value
     * when the switch is on. NULL in rows of FLAG_VERSION and FLAG_HELP, and of old names.
     */
    const char *(*set)(struct options *options, const char *value);
};

extern const struct flag flag_table[FLAG_TABLE_ROWS];

#endif
