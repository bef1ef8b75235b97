/*
 * Prints what the documents show of the code's tables: print NAME, a row of `parts` below. `make
 * docs` puts each part in its place (docs/generate/write).
 */
#include "common/flag_table.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "docs/generate/schema.h"
#include "exporter/exposition/metrics.h"
#include "exporter/geoip/key_names.h"
#include "exporter/geoip/layout.h"
#include "exporter/state/hints.h"
#include "exporter/state/http_counters.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* --- Texts. */

/* In a table of Markdown; a line's end is a space there. */
static void put_cell(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            fputs("\\|", stdout);
        } else {
            putchar(*text == '\n' ? ' ' : *text);
        }
    }
}

/* In mdoc(7): each sentence begins a line, and no line begins as a request would. */
static void put_manual(const char *text)
{
    enum { COLUMNS = 78 };
    size_t column = 0;
    while (*text != '\0') {
        const size_t length = strcspn(text, " \n");
        if (column > 0 && column + 1 + length > COLUMNS) {
            putchar('\n');
            column = 0;
        }
        if (column > 0) {
            putchar(' ');
        } else if (*text == '.' || *text == '\'') {
            fputs("\\&", stdout);
        }
        printf("%.*s", (int)length, text);
        column += 1 + length;
        if (text[length - 1] == '.') {
            putchar('\n');
            column = 0;
        }
        text += length + (text[length] != '\0');
    }
    fputs(column > 0 ? "\n" : "", stdout);
}

/* --- Flags. */

static bool is_current(const struct flag *flag)
{
    return flag->renamed_to == NULL;
}

/* A sentence: its first letter is a capital, its last character a full stop. */
static void sentence_of(const char *text, char *out, size_t size)
{
    snprintf(out, size, "%s%s", text, text[strlen(text) - 1] == '.' ? "" : ".");
    if (out[0] >= 'a' && out[0] <= 'z') {
        out[0] = (char)(out[0] - 'a' + 'A');
    }
}

static const char *repeats(const struct flag *flag)
{
    return !flag->repeatable           ? ""
           : flag->kind == FLAG_TUNNEL ? " Repeatable."
                                       : " Repeatable, or separated by commas.";
}

static void meaning_of(const struct flag *flag, char *out, size_t size)
{
    char help[1024];
    sentence_of(flag->help, help, sizeof help);
    snprintf(out, size, "%s%s%s%s", help, repeats(flag), flag->notes != NULL ? " " : "",
             flag->notes != NULL ? flag->notes : "");
}

static void print_flags(void)
{
    puts("| flag | default | meaning |\n|---|---|---|");
    for (size_t i = 0; i < FLAG_TABLE_ROWS; i++) {
        const struct flag *flag = &flag_table[i];
        char meaning[2048];
        if (!is_current(flag)) {
            continue;
        }
        meaning_of(flag, meaning, sizeof meaning);
        printf("| `-%s", flag->name);
        if (flag->argument != NULL) {
            putchar(' ');
            put_cell(flag->argument);
        }
        printf("` | %s%s%s | ", flag->default_text != NULL ? "`" : "",
               flag->default_text != NULL ? flag->default_text : "",
               flag->default_text != NULL ? "`" : "");
        put_cell(meaning);
        puts(" |");
    }
}

static void print_flags_manual(void)
{
    for (size_t i = 0; i < FLAG_TABLE_ROWS; i++) {
        const struct flag *flag = &flag_table[i];
        char meaning[2048];
        if (!is_current(flag)) {
            continue;
        }
        meaning_of(flag, meaning, sizeof meaning);
        printf(".It Fl %s", flag->name);
        if (flag->argument != NULL) {
            printf(" Ar %s", flag->argument);
        }
        putchar('\n');
        put_manual(meaning);
        if (flag->default_text != NULL) {
            printf("The default is %s.\n", flag->default_text);
        }
    }
}

/* Cases of the completion: flags whose values are words. */
static void print_choices(void)
{
    for (size_t i = 0; i < FLAG_TABLE_ROWS; i++) {
        const struct flag *flag = &flag_table[i];
        if (!is_current(flag) || flag->argument == NULL || strchr(flag->argument, '|') == NULL) {
            continue;
        }
        char words[256];
        snprintf(words, sizeof words, "%s", flag->argument);
        for (char *bar = words; (bar = strchr(bar, '|')) != NULL;) {
            *bar = ' ';
        }
        printf("        -%s)\n            mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\")\n"
               "            return\n            ;;\n",
               flag->name, words);
    }
}

static void print_tunnel_words(void)
{
    printf("        format=*) words='");
    for (unsigned i = 0; i < TUNNEL_FORMATS; i++) {
        printf("%s%s", i > 0 ? " " : "", tunnel_format_name((enum tunnel_format)i));
    }
    printf("' ;;\n        record-type=*) words='");
    for (unsigned i = 0; i <= TUNNEL_ANY; i++) {
        printf("%s%s", i > 0 ? " " : "", tunnel_record_type_name((enum tunnel_record_type)i));
    }
    puts("' ;;");
}

/* --- Metrics. */

static const char *labels_of(const struct metric *metric)
{
    switch (metric->source) {
    case METRICS_OF_GROUP:
    case METRICS_OF_GROUP_COPIED:
    case METRICS_OF_GROUP_SPLIT:
        return "`domain`, `country`, `asn`";
    case METRICS_OF_GROUP_SUM:
    case METRICS_OF_DOMAIN:
    case METRICS_OF_ENDED_SESSIONS:
        return "`domain`";
    case METRICS_OF_TUNNEL:
        return "`domain`, `format`, `clientid_size`, `record_type`";
    case METRICS_OF_DATABASE:
        return "`database`";
    case METRICS_OF_NETWORK:
        return "`asn`, `organization`";
    case METRICS_OF_BUILD:
        return "`version`, `revision`, `branch`, `compiler`";
    case METRICS_OF_STATE:
    case METRICS_OF_STATE_SPLIT:
    case METRICS_OF_OUTCOMES:
        break;
    }
    return "";
}

/* As HELP has it, without what a label's values mean: these have tables of their own. */
static void help_of(const struct metric *metric, char *out, size_t size)
{
    const bool lists = metric->label != NULL && metric->label->meaning != NULL;
    const char *end = metric->help_end != NULL ? metric->help_end : "";
    size_t length = strlen(metric->help);
    if (lists && length > 2 && strcmp(metric->help + length - 2, ": ") == 0) {
        length -= 2;
    }
    snprintf(out, size, "%.*s%s", (int)length, metric->help, end);
}

static void print_metrics(void)
{
    puts("| metric | type | labels | meaning |\n|---|---|---|---|");
    for (size_t i = 0; i < metric_count; i++) {
        const struct metric *metric = &metric_table[i];
        const char *labels = labels_of(metric);
        char help[1024];
        help_of(metric, help, sizeof help);
        printf("| `%s` | %s | %s", metric->name, metric->type, labels);
        if (metric->label != NULL) {
            printf("%s`%s`", labels[0] != '\0' ? ", " : "", metric->label->name);
        }
        fputs(" | ", stdout);
        put_cell(help);
        puts(" |");
    }
}

static void print_metrics_manual(void)
{
    for (size_t i = 0; i < metric_count; i++) {
        char help[1024];
        help_of(&metric_table[i], help, sizeof help);
        printf(".It Li %s\n", metric_table[i].name);
        put_manual(help);
    }
}

static void print_outcomes(void)
{
    puts("| `outcome` | `reason` | when |\n|---|---|---|");
    for (unsigned i = 0; i < WIRE_OUTCOMES; i++) {
        const struct wire_outcome_text *text = &wire_outcome_texts[i];
        printf("| `%s` | %s%s%s | %s |\n", text->outcome, text->reason != NULL ? "`" : "",
               text->reason != NULL ? text->reason : "", text->reason != NULL ? "`" : "",
               text->meaning);
    }
}

static void print_drops(void)
{
    puts("| `reason` | when |\n|---|---|");
    for (unsigned i = 0; i < HTTP_DROPS; i++) {
        printf("| `%s` | %s |\n", http_drop_value(i), http_drop_meaning(i));
    }
}

static void print_hints(void)
{
    puts("| `hint` | what is seen | what to do |\n|---|---|---|");
    for (unsigned i = 0; i < HINTS; i++) {
        printf("| `%s` | %s | %s |\n", hint_name(i), hint_seen(i), hint_remedy(i));
    }
}

/* --- Databases. */

static void print_keys_of(const char *what, geoip_layout_namer *add)
{
    struct key_names names = {.text = ""};
    add(&names);
    printf("| %s | ", what);
    for (const char *name = names.text; *name != '\0';) {
        const size_t length = strcspn(name, ",");
        const bool last = name[length] == '\0';
        /* The last one is no key, but words. */
        printf(last ? "%.*s" : "`%.*s`, ", (int)length, name);
        name += length + (last ? 0 : sizeof ", " - 1);
    }
    puts(" |");
}

static void print_keys(void)
{
    puts("| for | keys |\n|---|---|");
    print_keys_of("country", geoip_layout_country_keys);
    print_keys_of("ASN", geoip_layout_asn_keys);
}

/* --- By name. */

static const struct {
    const char *name;
    void (*print)(void);
} parts[] = {
    {"flags", print_flags},       {"flags-manual", print_flags_manual},
    {"choices", print_choices},   {"tunnel-words", print_tunnel_words},
    {"metrics", print_metrics},   {"metrics-manual", print_metrics_manual},
    {"outcomes", print_outcomes}, {"drops", print_drops},
    {"hints", print_hints},       {"keys", print_keys},
    {"schema", print_schema},
};

int main(int argc, char *argv[])
{
    for (size_t i = 0; argc == 2 && i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(parts[i].name, argv[1]) == 0) {
            parts[i].print();
            return 0;
        }
    }
    fputs("usage: print PART\n", stderr);
    return 2;
}
