/* The table of flags. */
#ifndef COMMON_FLAG_TABLE_H
#define COMMON_FLAG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options;

enum { FLAG_TABLE_ROWS = 29 };

enum flag_kind {
    FLAG_OWN,     /* a value that its own function reads; each of a repeatable flag's */
    FLAG_TUNNEL,  /* a tunnel: a domain and its keys, with commas of its own */
    FLAG_NUMBER,  /* a number from low to high, into a uint32_t */
    FLAG_SECONDS, /* a duration from low to high whole seconds, into a uint32_t */
    FLAG_BYTES,   /* a size from low to high bytes, a multiple of step, into a size_t */
    FLAG_CHOICE,  /* one of the words between the bars of `argument`, its index into an enum */
    FLAG_TEXT,    /* a text that is not empty, pointed to by a const char * */
    FLAG_SWITCH,  /* on or off, a bool */
    FLAG_VERSION, /* print the version and end */
    FLAG_HELP,    /* print the help and end */
};

struct flag {
    const char *name; /* without a dash */
    enum flag_kind kind;
    const char *argument;     /* of a value: its placeholder in the help */
    const char *default_text; /* parsed like a given value; NULL: none */
    bool repeatable;          /* and comma-separated, but for a tunnel */
    const char *help;         /* lines of at most 71 characters, so that they fit indented */
    const char *notes;        /* sentences that the documents add to it; NULL: none */
    size_t offset;            /* of the field in struct options */
    uint64_t low, high, step;
    const char *wrong; /* what is wrong with any other value, and what to give instead */
    /* Of FLAG_OWN: reads one value. Returns NULL, or the same: static text. */
    const char *(*read)(struct options *options, const char *value);
    /* An old name: sets the flag of this name, with a warning, for one version. Other fields of the
     * row are unused. NULL for a flag of its own. */
    const char *renamed_to;
};

/* Sets the field of one flag: one value, or NULL to turn a switch on. Returns NULL, or what is
 * wrong and what to give instead: static text, and in `*part` what of the value, up to a comma in a
 * tunnel's. Not for FLAG_VERSION, FLAG_HELP and old names. */
const char *flag_set(const struct flag *flag, struct options *options, const char *value,
                     const char **part);

extern const struct flag flag_table[FLAG_TABLE_ROWS];

#endif
