#include "exporter/counts/histogram.h"

#include "exporter/counts/rounding.h"

enum {
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    KIB = 1024,
    MIB = 1024 * KIB,
    GIB = 1024 * MIB,
};

const uint64_t histogram_seconds[HISTOGRAM_BUCKETS] = {
    10,   30,       MINUTE,   5 * MINUTE, 15 * MINUTE, 30 * MINUTE,
    HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR,  24 * HOUR,
};

const uint64_t histogram_bytes[HISTOGRAM_BUCKETS] = {
    KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB, 256 * MIB, GIB,
};

void histogram_observe(struct histogram *histogram, uint64_t value)
{
    unsigned bucket = 0;
    while (bucket < HISTOGRAM_BUCKETS && value > histogram->bounds[bucket]) {
        bucket++;
    }
    histogram->counts[bucket]++;
    histogram->sum += value;
}

struct histogram histogram_rounded(const struct histogram *histogram, uint64_t step)
{
    struct histogram shown = *histogram;
    uint64_t least = 0;
    if (step == 1) {
        return shown;
    }
    shown.sum = 0;
    for (unsigned i = 0; i <= HISTOGRAM_BUCKETS; i++) {
        shown.counts[i] = rounding_up(histogram->counts[i], step);
        shown.sum += shown.counts[i] * least;
        least = i < HISTOGRAM_BUCKETS ? histogram->bounds[i] : 0;
    }
    return shown;
}

uint64_t histogram_up_to(const struct histogram *histogram, unsigned bucket)
{
    uint64_t count = 0;
    for (unsigned i = 0; i <= bucket; i++) {
        count += histogram->counts[i];
    }
    return count;
}

uint64_t histogram_median(const struct histogram *histogram)
{
    const double half = (double)histogram_up_to(histogram, HISTOGRAM_BUCKETS) / 2;
    double below = 0;
    uint64_t least = 0;
    if (half == 0) {
        return 0;
    }
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        const uint64_t most = histogram->bounds[i];
        const double in_it = (double)histogram->counts[i];
        if (below + in_it >= half) {
            return least + (uint64_t)((double)(most - least) * (half - below) / in_it);
        }
        below += in_it;
        least = most;
    }
    return least;
}
