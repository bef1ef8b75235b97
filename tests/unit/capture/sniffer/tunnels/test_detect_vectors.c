/* The messages of tests/data/formats, each read as those of every format: what is rejected proves
 * what it is, or nothing. */
#include "capture/sniffer/parse/dns.h"
#include "capture/sniffer/tunnels/detect.h"
#include "capture/sniffer/tunnels/rules.h"
#include "capture/sniffer/tunnels/tunnels.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include "tests/unit/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/format_rows.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct detect_proof proof;

static const char *const configured[] = {
    "format=dnstt",
    "format=noizdns",
    "format=vaydns,clientid-size=1",
    "format=vaydns",
    "format=vaydns,record-type=a",
    "format=vaydns,clientid-size=4,record-type=null",
    "format=vaydns,clientid-size=8",
    "format=xdns",
    "format=xdns,record-type=a",
    "format=xdns,record-type=any",
    "format=dnsttex",
    "format=slipstream",
};

/* Judges a message, and says what it proves where it is rejected. */
static bool detect_rejected(const struct message *message)
{
    uint8_t *copy = exact_copy(message->octets, message->length);
    memset(&findings, 0xa5, sizeof findings);
    enum wire_outcome outcome =
        tunnels_classify_query(&rules, copy, message->length, true, &findings);
    bool proved = wire_is_rejected(outcome) && outcome != WIRE_REJECTED_OPCODE &&
                  outcome != WIRE_REJECTED_EDNS &&
                  detect_format(&findings, outcome, copy + message->length, &proof);
    free(copy);
    return proved;
}

/* What the rows of a file are of. */
static struct wire_evidence true_evidence(const char *file, const struct row *row)
{
    struct wire_evidence evidence = {0};
    if (strcmp(row->name, "dnstt-client-data") == 0) {
        evidence.format = TUNNEL_DNSTT;
    } else if (strcmp(row->name, "vaydns-client-data") == 0) {
        evidence = (struct wire_evidence){TUNNEL_VAYDNS, 2, TUNNEL_TXT};
    } else if (strcmp(file, "vaydns") == 0) {
        unsigned size;
        assert_int_equal(sscanf(row->flags, "record-type=%*s clientid-size=%u", &size), 1);
        /* Of no client: the id, a mark and three octets of padding are as good as an id. */
        size += strcmp(row->name, "data-dnstt-frame") == 0 ? 4 : 0;
        evidence.format = TUNNEL_VAYDNS;
        evidence.clientid_size = (uint8_t)size;
        /* A resolver may ask for another type than the client. */
        evidence.record_type = (uint8_t)tunnels_record_type(findings.question.type);
    } else if (strcmp(file, "dnsttex") == 0) {
        evidence.format = TUNNEL_DNSTTEX;
    } else if (strcmp(file, "slipstream") == 0) {
        evidence.format = TUNNEL_SLIPSTREAM;
    } else {
        evidence.format = TUNNEL_DNSTT;
    }
    return evidence;
}

/* Returns how many rows of a file prove what they are under this configuration. */
static unsigned detect_rows(const char *file, const char *keys)
{
    static struct row row;
    char path[64];
    unsigned proved = 0;
    (void)snprintf(path, sizeof path, "tests/data/formats/%s.tsv", file);
    FILE *rows = fopen(path, "r");
    assert_non_null(rows);
    while (read_row(rows, &row)) {
        configure(row.domain, parse_tunnel(keys));
        if (detect_rejected(&row.message)) {
            struct wire_evidence evidence = true_evidence(file, &row);
            assert_memory_equal(&proof.evidence, &evidence, sizeof evidence);
            proved++;
        }
    }
    (void)fclose(rows);
    return proved;
}

static void test_vectors(void **state)
{
    (void)state;
    /* How many of a file prove what they are where none of them is taken. */
    static const struct {
        const char *file, *keys;
        unsigned count;
    } proving[] = {
        {"vaydns", "format=dnstt", 117},   {"vaydns-compat", "format=dnsttex", 11},
        {"noizdns", "format=dnsttex", 20}, {"xdnstt", "format=slipstream", 9},
        {"dnsttex", "format=dnstt", 12},   {"slipstream", "format=dnstt", 6},
        {"xdns", "format=vaydns", 0},      {"slipgate-verify", "format=dnstt", 0},
    };
    for (size_t i = 0; i < sizeof proving / sizeof *proving; i++) {
        assert_int_equal(detect_rows(proving[i].file, proving[i].keys), proving[i].count);
        for (size_t j = 0; j < sizeof configured / sizeof *configured; j++) {
            unsigned proved = detect_rows(proving[i].file, configured[j]);
            assert_true(proving[i].count > 0 || proved == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
