/* The rows of tests/data/formats, and what the rules of a tunnel make of their messages. Include
 * after cmocka. */
#ifndef TESTS_UNIT_FORMAT_ROWS_H
#define TESTS_UNIT_FORMAT_ROWS_H

#include "capture/sniffer/tunnels/rules.h"
#include "capture/sniffer/tunnels/tunnels.h"
#include "common/domain.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include "tests/unit/message.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4096 };

static struct options options;
static struct tunnels_rules rules;
static struct tunnels_findings findings;

/* A row, taken apart; texts are in the line that it was read from. */
struct row {
    char line[LINE_MAX_BYTES];
    struct message message;
    const char *name;
    const char *flags;
    const char *domain;
    bool session; /* the format's own decoder takes it as one */
    const char *note;
};

static void configure(const char *domain, struct tunnel tunnel)
{
    memset(&options, 0, sizeof options);
    assert_int_equal(domain_parse(domain, &options.domains[0]), 0);
    options.domain_count = 1;
    options.tunnels[0] = tunnel;
    options.mtu = 1232;
    memset(&rules, 0xa5, sizeof rules);
    tunnels_rules_make(&options, &rules);
}

static inline enum wire_outcome judge(const struct message *message, bool response)
{
    uint8_t *copy = exact_copy(message->octets, message->length);
    memset(&findings, 0xa5, sizeof findings);
    enum wire_outcome outcome =
        response ? tunnels_classify_response(&rules, copy, message->length, &findings)
                 : tunnels_classify_query(&rules, copy, message->length, true, &findings);
    free(copy);
    return outcome;
}

/* Reads the next row; false at the end. */
static inline bool read_row(FILE *file, struct row *row)
{
    do {
        if (fgets(row->line, sizeof row->line, file) == NULL) {
            return false;
        }
        assert_non_null(strchr(row->line, '\n'));
    } while (row->line[0] == '#');
    char *rest = row->line;
    row->name = strsep(&rest, "\t");
    const char *hex = strsep(&rest, "\t");
    row->flags = strsep(&rest, "\t");
    row->domain = strsep(&rest, "\t");
    const char *decoded = strsep(&rest, "\t");
    const char *id = strsep(&rest, "\t");
    row->note = strsep(&rest, "\n");
    assert_true(hex != NULL && decoded != NULL && id != NULL && row->note != NULL);
    /* The second word is of Slipstream's, which looks no further than at the name. */
    row->session = strcmp(decoded, "session") == 0 || strcmp(decoded, "accepted") == 0;
    row->message = (struct message){0};
    for (; *hex != '\0'; hex += 2) {
        unsigned octet;
        assert_int_equal(sscanf(hex, "%2x", &octet), 1);
        put8(&row->message, octet);
    }
    return true;
}

/* The word behind this text in the note, up to a space. */
static inline void read_verdict(const struct row *row, const char *before, char *out, size_t size)
{
    const char *found = strstr(row->note, before);
    assert_non_null(found);
    found += strlen(before);
    (void)snprintf(out, size, "%.*s", (int)strcspn(found, " "), found);
}

static inline struct tunnel parse_tunnel(const char *keys)
{
    struct tunnel tunnel = {0};
    const char *part;
    assert_null(tunnel_parse(keys, &tunnel, &part));
    return tunnel;
}

#endif
