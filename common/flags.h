/*
 * The command line. One table in flag_table.c holds each flag's name, argument, default and help
 * text; both programs parse the same argv with it, -help prints it, and the documents are tested
 * against it.
 *
 * Syntax as of Go's flag package: -x or --x, "-x v" or "-x=v"; a switch takes no value, or =true or
 * =false. A repeatable flag collects its values, and the first one given replaces the default; any
 * other flag takes its last value. -help and -version act as soon as they are read, so only what
 * comes before them must be right.
 */
#ifndef COMMON_FLAGS_H
#define COMMON_FLAGS_H

struct options;

enum flags_result {
    FLAGS_RUN,     /* options are complete */
    FLAGS_HELP,    /* -help or -h was given */
    FLAGS_VERSION, /* -version was given */
    FLAGS_WRONG,   /* `error` says what is wrong */
};

/* Enough for every message: flag, shortened value, remedy. */
struct flags_error {
    char text[256];
};

/*
 * Parses argv[1..argc-1]. On FLAGS_RUN `*options` is complete, defaults included; otherwise it is
 * untouched. On FLAGS_WRONG error->text is one line without newline that names flag, value and
 * remedy; an overlong value is shortened in it and what cannot be printed is shown as '?'.
 * options points into argv, which must outlive it, or to static text.
 */
enum flags_result flags_parse(int argc, char *const argv[], struct options *options,
                              struct flags_error *error);

/* Logs a warning for each flag that was given by an old name that will be removed. */
void flags_warn_of_renamed(const struct options *options);

/* Writes the usage text, with each flag's default and unit. Returns 0 or -errno. */
int flags_print_help(int descriptor);

#endif
