#include "exporter/counts/evidence.h"

#include <stddef.h>

/* The candidate of a code, or the one with the fewest queries. */
static struct evidence_candidate *candidate_of(struct evidence *evidence, uint32_t code)
{
    struct evidence_candidate *fewest = &evidence->candidates[0];
    for (unsigned i = 0; i < EVIDENCE_CANDIDATES; i++) {
        struct evidence_candidate *candidate = &evidence->candidates[i];
        if (candidate->queries > 0 && candidate->code == code) {
            return candidate;
        }
        if (candidate->queries < fewest->queries) {
            fewest = candidate;
        }
    }
    return fewest;
}

void evidence_note(struct evidence *evidence, uint32_t code, uint64_t token)
{
    struct evidence_candidate *candidate = candidate_of(evidence, code);
    if (candidate->queries > 0 && candidate->code != code) {
        /* All places are taken: this one loses a query, so that forged ones do not stay. */
        candidate->queries--;
        return;
    }
    if (candidate->queries == 0) {
        *candidate = (struct evidence_candidate){.code = code, .token = token};
    }
    candidate->several |= candidate->token != token;
    candidate->queries += candidate->queries < UINT32_MAX;
}

bool evidence_find(const struct evidence *evidence, uint32_t *code)
{
    const struct evidence_candidate *best = NULL;
    for (unsigned i = 0; i < EVIDENCE_CANDIDATES; i++) {
        const struct evidence_candidate *candidate = &evidence->candidates[i];
        if (candidate->queries >= EVIDENCE_QUERIES && candidate->several &&
            (best == NULL || candidate->queries > best->queries)) {
            best = candidate;
        }
    }
    if (best != NULL) {
        *code = best->code;
    }
    return best != NULL;
}

void evidence_fade(struct evidence *evidence)
{
    for (unsigned i = 0; i < EVIDENCE_CANDIDATES; i++) {
        evidence->candidates[i].queries /= 2;
    }
}
