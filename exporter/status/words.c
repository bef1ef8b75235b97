#include "exporter/status/words.h"

#include "common/options.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/recent.h"
#include "exporter/counts/rounding.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

enum {
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR,
    PERCENT_MAX = 999,
};

void words_answered(const struct recent_totals *recent, char out[WORDS_BYTES])
{
    if (recent->queries == 0) {
        snprintf(out, WORDS_BYTES, "no queries");
    } else {
        const double percent = 100.0 * (double)recent->responses / (double)recent->queries;
        const bool many = percent >= (double)PERCENT_MAX + 0.5;
        snprintf(out, WORDS_BYTES, "%s%.0f %%", many ? "> " : "",
                 many ? (double)PERCENT_MAX : percent);
    }
}

void words_duration(uint64_t seconds, char out[WORDS_BYTES])
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{DAY, "days"}, {HOUR, "h"}, {MINUTE, "min"}, {1, "s"}};
    unsigned unit = 0;
    while (units[unit].seconds > 1 && seconds < 2 * units[unit].seconds) {
        unit++;
    }
    snprintf(out, WORDS_BYTES, "%" PRIu64 " %s", seconds / units[unit].seconds, units[unit].name);
}

/* Three digits in the first unit that leaves less than `step` of it. */
static void put_scaled(double value, double step, const char *const units[], char *out)
{
    unsigned unit = 0;
    while (value >= step - 0.5 && units[unit + 1] != NULL) {
        value /= step;
        unit++;
    }
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(out, WORDS_BYTES, "%.*f%s", decimals, value, units[unit]);
}

void words_count(uint64_t count, char out[WORDS_BYTES])
{
    static const char *const units[] = {"k", "M", "G", "T", "P", "E", NULL};
    if (count < 100000) {
        snprintf(out, WORDS_BYTES, "%" PRIu64, count);
    } else {
        put_scaled((double)count / 1000, 1000, units, out);
    }
}

void words_bytes(uint64_t bytes, char out[WORDS_BYTES])
{
    static const char *const units[] = {" KiB", " MiB", " GiB", " TiB", " PiB", " EiB", NULL};
    if (bytes < 1024) {
        snprintf(out, WORDS_BYTES, "%" PRIu64 " B", bytes);
    } else {
        put_scaled((double)bytes / 1024, 1024, units, out);
    }
}

void words_moment(uint64_t seconds, char out[WORDS_BYTES])
{
    const time_t moment = (time_t)seconds;
    struct tm utc;
    if (gmtime_r(&moment, &utc) == NULL ||
        strftime(out, WORDS_BYTES, "%Y-%m-%d %H:%M UTC", &utc) == 0) {
        snprintf(out, WORDS_BYTES, "unknown");
    }
}

void words_key(enum ranking_kind kind, uint32_t key, char out[WORDS_BYTES])
{
    if (kind == RANKING_ASNS ? key == GEO_UNKNOWN.asn : key == GEO_UNKNOWN.country) {
        snprintf(out, WORDS_BYTES, "unknown");
    } else if (kind == RANKING_ASNS) {
        snprintf(out, WORDS_BYTES, "AS%" PRIu32, key);
    } else {
        snprintf(out, WORDS_BYTES, "%c%c", (int)(key >> 8), (int)(key & 0xff));
    }
}

void words_privacy(const struct options *options, char out[WORDS_PRIVACY_BYTES])
{
    const uint32_t min_clients = options_min_clients(options);
    const uint32_t round = options->privacy_round;
    int length = 0;
    out[0] = '\0';
    if (min_clients != 0) {
        length = snprintf(out, WORDS_PRIVACY_BYTES,
                          "Places with fewer than %" PRIu32 " active sessions are in other.%s",
                          min_clients, round != 0 ? " " : "");
    }
    if (round != 0) {
        snprintf(out + length, WORDS_PRIVACY_BYTES - (size_t)length,
                 "Sessions are rounded up to multiples of %" PRIu32 ", packets of %" PRIu64 ".",
                 round, rounding_step(ROUNDING_PACKETS, round));
    }
}
