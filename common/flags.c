#include "common/flags.h"

#include "common/flag_table.h"
#include "common/log.h"
#include "common/options.h"
#include "common/tunnel.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    /* Bytes of a flag or value that an error message shows. Two of these, "..." each and the
     * longest remedy fit struct flags_error. */
    SHOWN_MAX = 60,
    /* Bytes of one comma-separated value: longer than any domain. */
    ITEM_MAX = 255,
};

/* A part of an argument, safe to print. */
struct shown {
    char text[SHOWN_MAX + sizeof "..."];
};

/* An argument taken apart. */
struct written {
    const char *name;
    size_t name_length;
    const char *value; /* NULL without '=' */
};

/* What has been parsed so far. */
struct parse {
    struct options options;
    bool given[FLAG_TABLE_ROWS];
    struct flags_error *error;
};

static struct shown show(const char *text, size_t length)
{
    if (length == 0) {
        return (struct shown){.text = "\"\""};
    }
    struct shown shown = {.text = ""};
    const size_t kept = length > SHOWN_MAX ? SHOWN_MAX : length;
    for (size_t i = 0; i < kept; i++) {
        shown.text[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    }
    if (kept < length) {
        memcpy(shown.text + kept, "...", strlen("..."));
    }
    return shown;
}

/* The message shows the flag's name with one dash, however many were given. */
static enum flags_result wrong_flag(struct parse *parse, const char *name, size_t length,
                                    const char *remedy)
{
    snprintf(parse->error->text, sizeof parse->error->text, "-%s: %s", show(name, length).text,
             remedy);
    return FLAGS_WRONG;
}

static enum flags_result wrong_value(struct parse *parse, const char *name, const char *value,
                                     size_t length, const char *remedy)
{
    snprintf(parse->error->text, sizeof parse->error->text, "-%s %s: %s", name,
             show(value, length).text, remedy);
    return FLAGS_WRONG;
}

static enum flags_result wrong_argument(struct parse *parse, const char *argument,
                                        const char *remedy)
{
    snprintf(parse->error->text, sizeof parse->error->text, "%s: %s",
             show(argument, strlen(argument)).text, remedy);
    return FLAGS_WRONG;
}

/* Returns false for text that looks like a flag but is not one, such as "-=x" or "---x". */
static bool take_apart(const char *argument, struct written *out)
{
    out->name = argument + (argument[1] == '-' ? 2 : 1);
    out->name_length = strcspn(out->name, "=");
    out->value = out->name[out->name_length] == '=' ? out->name + out->name_length + 1 : NULL;
    return out->name_length > 0 && out->name[0] != '-';
}

/* Returns the row of a name, or FLAG_TABLE_ROWS. */
static size_t find_name(const char *name, size_t length)
{
    size_t row = 0;
    while (row < FLAG_TABLE_ROWS && (strlen(flag_table[row].name) != length ||
                                     memcmp(flag_table[row].name, name, length) != 0)) {
        row++;
    }
    return row;
}

/* Returns the row of a flag, given its current or old name, or FLAG_TABLE_ROWS. */
static size_t find(struct parse *parse, const char *name, size_t length)
{
    if (length == 1 && name[0] == 'h') {
        return find_name("help", strlen("help"));
    }
    size_t row = find_name(name, length);
    if (row < FLAG_TABLE_ROWS && flag_table[row].renamed_to != NULL) {
        parse->options.renamed |= (uint64_t)1 << row;
        row = find_name(flag_table[row].renamed_to, strlen(flag_table[row].renamed_to));
    }
    return row;
}

static enum flags_result set_each(struct parse *parse, const struct flag *flag, const char *values)
{
    const char *next = values;
    do {
        size_t length = strcspn(next, ",");
        if (length > ITEM_MAX) {
            return wrong_value(parse, flag->name, next, strlen(next),
                               "too long; -help says what to give");
        }
        char item[ITEM_MAX + 1];
        memcpy(item, next, length);
        item[length] = '\0';
        const char *part;
        const char *remedy = flag_set(flag, &parse->options, item, &part);
        if (remedy != NULL) {
            return wrong_value(parse, flag->name, item, length, remedy);
        }
        next += length;
    } while (*next++ == ',');
    return FLAGS_RUN;
}

static enum flags_result set(struct parse *parse, size_t row, const char *value)
{
    const struct flag *flag = &flag_table[row];
    parse->given[row] = true;
    if (flag->repeatable && flag->kind != FLAG_TUNNEL) {
        return set_each(parse, flag, value);
    }

    const char *part;
    const char *remedy = flag_set(flag, &parse->options, value, &part);
    if (remedy == NULL) {
        return FLAGS_RUN;
    }
    size_t length = flag->kind == FLAG_TUNNEL ? strcspn(part, ",") : strlen(part);
    if (length == 0) { /* nothing to show of an empty part: show what it is in */
        part = value;
        length = strlen(value);
    }
    return wrong_value(parse, flag->name, part, length, remedy);
}

static enum flags_result set_switch(struct parse *parse, const struct flag *flag, const char *value)
{
    if (value == NULL || strcmp(value, "true") == 0) {
        if (flag->kind == FLAG_HELP) {
            return FLAGS_HELP;
        }
        if (flag->kind == FLAG_VERSION) {
            return FLAGS_VERSION;
        }
        const char *part;
        flag_set(flag, &parse->options, NULL, &part);
        return FLAGS_RUN;
    }
    if (strcmp(value, "false") == 0) {
        return FLAGS_RUN;
    }
    return wrong_value(parse, flag->name, value, strlen(value),
                       "not for a switch; give true or false");
}

static enum flags_result set_defaults(struct parse *parse)
{
    for (size_t row = 0; row < FLAG_TABLE_ROWS; row++) {
        const char *value = flag_table[row].default_text;
        if (parse->given[row] || value == NULL) {
            continue;
        }
        enum flags_result result = set(parse, row, value);
        if (result != FLAGS_RUN) {
            return result;
        }
    }
    return FLAGS_RUN;
}

static enum flags_result parse_arguments(struct parse *parse, int argc, char *const argv[])
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0 && i + 1 == argc) {
            break;
        }
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            return wrong_argument(parse, argv[i], "unexpected argument; -help lists the flags");
        }
        if (strcmp(argv[i], "--") == 0) {
            return wrong_argument(parse, argv[i + 1], "unexpected argument; -help lists the flags");
        }

        struct written written;
        if (!take_apart(argv[i], &written)) {
            return wrong_argument(parse, argv[i], "bad flag syntax; -help lists the flags");
        }
        size_t row = find(parse, written.name, written.name_length);
        if (row == FLAG_TABLE_ROWS) {
            return wrong_flag(parse, written.name, written.name_length,
                              "unknown flag; -help lists the flags");
        }

        enum flags_result result = FLAGS_RUN;
        const struct flag *flag = &flag_table[row];
        if (flag->argument == NULL) {
            result = set_switch(parse, flag, written.value);
        } else if (written.value != NULL) {
            result = set(parse, row, written.value);
        } else if (i + 1 < argc) {
            result = set(parse, row, argv[++i]);
        } else {
            result = wrong_flag(parse, flag->name, strlen(flag->name),
                                "value missing; give one, as -help shows");
        }
        if (result != FLAGS_RUN) {
            return result;
        }
    }
    return FLAGS_RUN;
}

static bool has_dnstt(const struct options *options)
{
    for (unsigned i = 0; i < options->domain_count; i++) {
        if (options->tunnels[i].format == TUNNEL_DNSTT) {
            return true;
        }
    }
    return false;
}

enum flags_result flags_parse(int argc, char *const argv[], struct options *options,
                              struct flags_error *error)
{
    struct parse parse = {.error = error};
    enum flags_result result = parse_arguments(&parse, argc, argv);
    if (result == FLAGS_RUN && parse.options.systemd_socket && parse.options.listen_count > 0 &&
        !parse.options.check_health) {
        static const char name[] = "web.systemd-socket";
        return wrong_flag(&parse, name, strlen(name),
                          "the .socket unit names the addresses; leave out -web.listen-address");
    }
    if (result == FLAGS_RUN) {
        result = set_defaults(&parse);
    }
    if (result != FLAGS_RUN) {
        return result;
    }

    if (parse.options.domain_count == 0 && !parse.options.check_health) {
        static const char name[] = "dnstt.domain";
        return wrong_flag(
            &parse, name, strlen(name),
            "missing; give the domain of a dnstt tunnel, or -dnstt.tunnel for another");
    }
    if (parse.options.framing == FRAMING_ANY && !has_dnstt(&parse.options) &&
        !parse.options.check_health) {
        static const char name[] = "dnstt.framing";
        return wrong_value(&parse, name, "any", strlen("any"),
                           "for dnstt tunnels alone, and there is none; leave the flag out");
    }
    *options = parse.options;
    return FLAGS_RUN;
}

void flags_warn_of_renamed(const struct options *options)
{
    for (size_t row = 0; row < FLAG_TABLE_ROWS; row++) {
        if ((options->renamed >> row & 1) == 0) {
            continue;
        }
        char old[SHOWN_MAX];
        char new[SHOWN_MAX];
        snprintf(old, sizeof old, "-%s", flag_table[row].name);
        snprintf(new, sizeof new, "-%s", flag_table[row].renamed_to);
        log_line(LOG_WARN, "this flag was renamed; the next version accepts only the new name",
                 "flag", old, "new", new, NULL);
    }
}

/* Writes the help with each line indented, and what the table leaves out. */
static int print_flag(int descriptor, const struct flag *flag)
{
    bool value = flag->argument != NULL;
    if (dprintf(descriptor, "  -%s%s%s\n", flag->name, value ? " " : "",
                value ? flag->argument : "") < 0) {
        return -errno;
    }

    const char *line = flag->help;
    bool last = false;
    while (!last) {
        size_t length = strcspn(line, "\n");
        last = line[length] == '\0';
        if (dprintf(descriptor, "        %.*s\n", (int)length, line) < 0) {
            return -errno;
        }
        line += length + 1;
    }
    const char *repeatable =
        flag->kind == FLAG_TUNNEL ? "repeatable" : "repeatable, or comma-separated";
    if (flag->repeatable && dprintf(descriptor, "        %s\n", repeatable) < 0) {
        return -errno;
    }
    if (flag->default_text != NULL &&
        dprintf(descriptor, "        (default %s)\n", flag->default_text) < 0) {
        return -errno;
    }
    return 0;
}

int flags_print_help(int descriptor)
{
    if (dprintf(descriptor,
                "dnstt_exporter counts the sessions and the traffic of a dnstt server by\n"
                "watching its DNS packets, and serves metrics to Prometheus.\n\n"
                "Usage: dnstt_exporter -dnstt.domain NAME [flags]\n"
                "       dnstt_exporter -dnstt.tunnel DOMAIN[,KEY=VALUE]... [flags]\n\n"
                "Flags, with one dash or two, as -flag value or -flag=value:\n") < 0) {
        return -errno;
    }
    for (size_t row = 0; row < FLAG_TABLE_ROWS; row++) {
        if (flag_table[row].renamed_to != NULL) {
            continue;
        }
        int result = print_flag(descriptor, &flag_table[row]);
        if (result != 0) {
            return result;
        }
    }
    return 0;
}
