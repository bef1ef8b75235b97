/*
 * Which formats the rejected queries of a domain prove by their data: a few at a time. A sender who
 * forges evidence can put wrong ones there, but never takes the place of one with more queries.
 */
#ifndef EXPORTER_COUNTS_EVIDENCE_H
#define EXPORTER_COUNTS_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    EVIDENCE_CANDIDATES = 4,
    EVIDENCE_QUERIES = 20, /* of two sessions or more: so many prove a format */
};

struct evidence_candidate {
    uint32_t queries; /* 0: none */
    uint32_t code;    /* of the record: its fingerprint */
    uint64_t token;   /* of the first session */
    bool several;     /* another session was seen too */
};

struct evidence {
    struct evidence_candidate candidates[EVIDENCE_CANDIDATES];
};

/* A rejected query whose data proves the format of `code`, of a session. */
void evidence_note(struct evidence *evidence, uint32_t code, uint64_t token);

/* The proved format with the most queries. Returns false when there is none. */
bool evidence_find(const struct evidence *evidence, uint32_t *code);

/* Half as many queries of each: what does not come again is forgotten after some calls. */
void evidence_fade(struct evidence *evidence);

#endif
