#include "exporter/status/page.h"

#include "common/build.h"
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/history.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/organizations.h"
#include "exporter/state/hints.h"
#include "exporter/state/state.h"
#include "exporter/status/curve.h"
#include "exporter/status/ranking.h"
#include "exporter/status/view.h"
#include "exporter/status/words.h"
#include "exporter/text/foreign_text.h"
#include "exporter/text/terminal.h"
#include "exporter/text/writer.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

enum {
    NAME_COLUMNS = 24, /* of a domain and a space; a longer one has its own line */
    BAR_COLUMNS = 20,
    ORGANIZATION_COLUMNS = 38,
    MARK_COLUMNS = 4,    /* before what a check found */
    REASON_COLUMNS = 18, /* before what a reason means */
};

struct text {
    struct writer *page;
    struct page_style style;
};

/* --- Parts of a line. */

static void put_bold(const struct text *text, bool begins)
{
    if (text->style.color) {
        writer_put(text->page, begins ? "\033[1m" : "\033[0m");
    }
}

static void put_heading(const struct text *text, const char *heading)
{
    writer_put(text->page, "\n");
    put_bold(text, true);
    writer_put(text->page, "%s", heading);
    put_bold(text, false);
    writer_put(text->page, "\n");
}

/* Words of our own in lines that are not too long, from a column on. The later lines begin at
 * `indent`. Returns the column where they end. */
static unsigned put_words(const struct text *text, unsigned column, unsigned indent,
                          const char *words)
{
    while (*words != '\0') {
        const unsigned length = (unsigned)strcspn(words, " ");
        if (column > indent && column + length >= PAGE_TEXT_COLUMNS) {
            writer_end_line(text->page);
            writer_put(text->page, "%*s", (int)indent, "");
            column = indent;
        }
        writer_put(text->page, "%.*s%s", (int)length, words, words[length] == ' ' ? " " : "");
        column += length + 1;
        words += length + (words[length] == ' ');
    }
    return column;
}

static void put_mark(const struct text *text, bool good)
{
    if (text->style.color) {
        writer_put(text->page, "\033[%sm%s\033[0m", good ? "32" : "1;31", good ? "ok  " : "BAD ");
    } else {
        writer_put(text->page, good ? "ok  " : "BAD ");
    }
}

/* A domain of the command line is ASCII. */
static void put_name(struct writer *page, const char *name)
{
    if (strlen(name) < NAME_COLUMNS) {
        writer_put(page, "%-*s", NAME_COLUMNS, name);
    } else if (strlen(name) <= PAGE_TEXT_COLUMNS) {
        writer_put(page, "%s\n%*s", name, NAME_COLUMNS, "");
    } else {
        writer_put(page, "%.*s...\n%*s", PAGE_TEXT_COLUMNS - 3, name, NAME_COLUMNS, "");
    }
}

static void put_bar(const struct text *text, uint64_t value, uint64_t most)
{
    const unsigned length = most > 0 ? (unsigned)(value * BAR_COLUMNS / most) : 0;
    for (unsigned i = 0; i < BAR_COLUMNS; i++) {
        const char *full = text->style.characters == TERMINAL_ASCII ? "#" : "\u2588";
        writer_put(text->page, "%s", i < length ? full : " ");
    }
}

static void put_foreign(const struct text *text, const struct foreign_text *name, unsigned columns)
{
    char *at = writer_begin(text->page, TERMINAL_FOREIGN_MAX);
    if (at != NULL) {
        writer_end(text->page, terminal_put_foreign(at, name, columns, text->style.characters));
    }
}

/* --- The parts of the page. */

static void put_head(const struct text *text, const struct view *view)
{
    char since[WORDS_BYTES];
    char up[WORDS_BYTES];
    words_moment(view->started, since);
    words_duration(view->up_seconds, up);
    writer_put(text->page, "dnstt_exporter %s, counting since %s (%s)\n", build_version(), since,
               up);
}

static void put_tunnels(const struct text *text, const struct view *view)
{
    static const char format[] = "%-10s%8s%9s%11s%16s";
    writer_put(text->page, "\n");
    put_bold(text, true);
    writer_put(text->page, "%-*s", NAME_COLUMNS, "Tunnels");
    writer_put(text->page, format, "format", "active", "establ.", "answered", "median session");
    put_bold(text, false);
    writer_put(text->page, "\n");
    for (unsigned i = 0; i < view->domain_count; i++) {
        const struct view_domain *domain = &view->domains[i];
        char active[WORDS_BYTES];
        char established[WORDS_BYTES];
        char answered[WORDS_BYTES];
        char median[WORDS_BYTES];
        words_count(domain->active, active);
        words_count(domain->established, established);
        words_answered(&domain->recent, answered);
        words_duration(domain->median_seconds, median);
        put_name(text->page, domain->name);
        writer_put(text->page, format, domain->format, active, established, answered,
                   domain->ended > 0 ? median : "none ended");
        writer_put(text->page, "\n");
    }
}

static void put_totals(const struct text *text, const struct view *view)
{
    static const char format[] = "%8s%9s%9s%10s%10s%10s";
    writer_put(text->page, "\n");
    put_bold(text, true);
    writer_put(text->page, "%-*s", NAME_COLUMNS, "Since the start");
    writer_put(text->page, format, "sessions", "queries", "repeated", "responses", "in", "out");
    put_bold(text, false);
    writer_put(text->page, "\n");
    for (unsigned i = 0; i < view->domain_count; i++) {
        const struct view_totals *totals = &view->domains[i].totals;
        char words[6][WORDS_BYTES];
        words_count(totals->sessions, words[0]);
        words_count(totals->queries, words[1]);
        words_count(totals->repeated, words[2]);
        words_count(totals->responses, words[3]);
        words_bytes(totals->bytes_in, words[4]);
        words_bytes(totals->bytes_out, words[5]);
        put_name(text->page, view->domains[i].name);
        writer_put(text->page, format, words[0], words[1], words[2], words[3], words[4], words[5]);
        writer_put(text->page, "\n");
    }
}

static void put_clients(const struct text *text, const struct view *view)
{
    put_heading(text, "Active clients");
    writer_put(text->page,
               "%" PRIu64 " now, %" PRIu64 " of them established\n"
               "peak of the last hour %" PRIu32 ", day %" PRIu32 ", week %" PRIu32 "\n",
               view->active, view->established, view->histories[HISTORY_HOUR].peak,
               view->histories[HISTORY_DAY].peak, view->histories[HISTORY_WEEK].peak);
    curve_put(text->page, &view->histories[HISTORY_HOUR], text->style.characters);
    curve_put_line(text->page, "day", &view->histories[HISTORY_DAY], text->style.characters);
    curve_put_line(text->page, "week", &view->histories[HISTORY_WEEK], text->style.characters);
}

/* `name`: of a database, or NULL. */
static void put_row(const struct text *text, const char *key, uint64_t value, uint64_t most,
                    const struct foreign_text *name)
{
    char count[WORDS_BYTES];
    words_count(value, count);
    writer_put(text->page, "%-12s%6s ", key, count);
    put_bar(text, value, most);
    if (name != NULL && name->text[0] != '\0') {
        writer_put(text->page, " ");
        put_foreign(text, name, ORGANIZATION_COLUMNS);
    }
    writer_end_line(text->page);
}

static void put_ranking(const struct text *text, const struct view *view, enum ranking_kind kind)
{
    const bool networks = kind == RANKING_ASNS;
    const struct ranking *ranking = networks ? &view->networks : &view->countries;
    const struct organizations *names = geoip_organizations(view->state->geoip);
    const uint64_t most = view_longest_bar(view, ranking);
    put_heading(text, networks ? "Networks of the resolvers" : "Countries of the resolvers");
    for (unsigned i = 0; i < ranking->count; i++) {
        const struct ranking_row *row = &ranking->rows[i];
        char key[WORDS_BYTES];
        words_key(kind, row->key, key);
        put_row(text, key, row->active, most,
                networks ? organizations_find(names, row->key) : NULL);
    }
    if (ranking->rest > 0) {
        put_row(text, "all others", ranking->rest, most, NULL);
    }
    if (view->other > 0) {
        put_row(text, "other", view->other, most, NULL);
    }
    if (most == 0) {
        writer_put(text->page, "nobody is active\n");
    }
}

static void put_health(const struct text *text, const struct view *view)
{
    put_heading(text, "Health");
    for (unsigned i = 0; i < view->check_count; i++) {
        const struct view_check *check = &view->checks[i];
        put_mark(text, check->good);
        writer_put(text->page, "%s: ", check->name);
        put_words(text, MARK_COLUMNS + (unsigned)strlen(check->name) + 2, MARK_COLUMNS,
                  check->text);
        writer_end_line(text->page);
    }
}

/* First of all, since an operator looks for them. */
static void put_hints(const struct text *text, const struct hints *hints)
{
    for (uint32_t i = 0; i < HINTS; i++) {
        if (hints->on[i] == 0) {
            continue;
        }
        writer_put(text->page, "\n");
        put_mark(text, false);
        (void)put_words(text, MARK_COLUMNS, MARK_COLUMNS, hints->texts[i].seen);
        writer_end_line(text->page);
        writer_put(text->page, "%*s", MARK_COLUMNS, "");
        (void)put_words(text, MARK_COLUMNS, MARK_COLUMNS, hints->texts[i].advice);
        writer_end_line(text->page);
    }
}

static void put_rejected(const struct text *text, const struct view *view)
{
    put_heading(text, "Rejected queries since the start");
    for (unsigned i = 0; i < WIRE_REJECTED_COUNT; i++) {
        const struct wire_outcome_text *outcome = &wire_outcome_texts[WIRE_REJECTED_FIRST + i];
        char count[WORDS_BYTES];
        words_count(view->rejected[i], count);
        writer_put(text->page, "%-9s%7s  ", outcome->reason, count);
        put_words(text, REASON_COLUMNS, REASON_COLUMNS, outcome->meaning);
        writer_end_line(text->page);
    }
}

static void put_watched(const struct text *text, const struct options *options)
{
    const bool all = options->interface[0] == '\0';
    char where[OPTIONS_PORTS_MAX * sizeof "65535," + sizeof "on all interfaces"] = "";
    size_t length = 0;
    for (unsigned i = 0; i < options->port_count; i++) {
        length += (size_t)snprintf(where + length, sizeof where - length, "%u%s", options->ports[i],
                                   i + 1 < options->port_count ? ", " : " ");
    }
    snprintf(where + length, sizeof where - length, "%s", all ? "on all interfaces" : "on ");
    writer_put(text->page, "\nWatching UDP port ");
    const unsigned column = put_words(text, sizeof "Watching UDP port", MARK_COLUMNS, where);
    if (!all) {
        struct foreign_text name; /* the kernel takes any character */
        foreign_text_clean(options->interface, strlen(options->interface), &name);
        if (column + IF_NAMESIZE > PAGE_TEXT_COLUMNS) {
            writer_end_line(text->page);
            writer_put(text->page, "%*s", MARK_COLUMNS, "");
        }
        put_foreign(text, &name, IF_NAMESIZE);
    }
    writer_end_line(text->page);
}

static void put_foot(const struct text *text, const struct view *view)
{
    writer_put(text->page, "Active: with a query in the last %" PRIu32, view->window_least);
    if (view->window_most != view->window_least) {
        writer_put(text->page, " to %" PRIu32, view->window_most);
    }
    writer_put(text->page,
               " s.\nEstablished: with data, for a minute or longer.\n"
               "A restart begins all values again. Countries and networks are those of the\n"
               "resolvers, not of the people behind them.\n");
    char privacy[WORDS_PRIVACY_BYTES];
    words_privacy(&view->state->options, privacy);
    if (privacy[0] != '\0') {
        (void)put_words(text, 0, 0, privacy);
        writer_end_line(text->page);
    }
}

void page_text(const struct view *view, struct page_style style, struct writer *page)
{
    const struct text text = {page, style};
    const struct options *options = &view->state->options;
    put_head(&text, view);
    put_hints(&text, &view->state->hints);
    put_tunnels(&text, view);
    put_totals(&text, view);
    put_clients(&text, view);
    if (options->country_database != NULL) {
        put_ranking(&text, view, RANKING_COUNTRIES);
    }
    if (options->asn_database != NULL) {
        put_ranking(&text, view, RANKING_ASNS);
    }
    put_health(&text, view);
    put_rejected(&text, view);
    put_watched(&text, options);
    put_foot(&text, view);
}
