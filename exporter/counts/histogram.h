/* How values are spread, in the fixed buckets of a Prometheus histogram. */
#ifndef EXPORTER_COUNTS_HISTOGRAM_H
#define EXPORTER_COUNTS_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 11 }; /* without the one of all larger values */

/* Upper bounds, included in their buckets: 10 s to 24 h, and 1 KiB to 1 GiB by fours. */
extern const uint64_t histogram_seconds[HISTOGRAM_BUCKETS];
extern const uint64_t histogram_bytes[HISTOGRAM_BUCKETS];

struct histogram {
    const uint64_t *bounds;
    uint64_t counts[HISTOGRAM_BUCKETS + 1]; /* of each bucket alone; the last: of larger values */
    uint64_t sum;                           /* of all values */
};

void histogram_observe(struct histogram *histogram, uint64_t value);

/* As it is shown: each bucket's own values rounded up to multiples of `step` (1: as it is). With a
 * step above 1 the sum is that of the buckets' lower bounds, so it never falls. */
struct histogram histogram_rounded(const struct histogram *histogram, uint64_t step);

/* How many values are in the buckets up to this one; in all with HISTOGRAM_BUCKETS. */
uint64_t histogram_up_to(const struct histogram *histogram, unsigned bucket);

/* About half of the values are below: as histogram_quantile of Prometheus takes it, the values of a
 * bucket evenly spread, and at most the largest bound. 0 without a value. */
uint64_t histogram_median(const struct histogram *histogram);

#endif
