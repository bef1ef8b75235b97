#include "exporter/status/curve.h"

#include "exporter/counts/history.h"
#include "exporter/status/view.h"
#include "exporter/text/writer.h"

#include <inttypes.h>
#include <stdint.h>

enum {
    COLUMNS = 60,
    ROWS = 6,
    COLUMN_SAMPLES = HISTORY_SAMPLES / COLUMNS,
    CELL_STEPS = 8, /* of which a cell is filled: UTF-8 has a character for each */
};

/* The most of the samples that a column shows. */
static uint32_t value_of(const struct view_history *history, unsigned column)
{
    uint32_t most = HISTORY_NOTHING;
    for (unsigned i = 0; i < COLUMN_SAMPLES; i++) {
        const uint32_t sample = history->samples[column * COLUMN_SAMPLES + i];
        if (sample != HISTORY_NOTHING && (most == HISTORY_NOTHING || sample > most)) {
            most = sample;
        }
    }
    return most;
}

/* How many steps a column is high: at least one, where anything is known. */
static unsigned height_of(const struct view_history *history, unsigned column, unsigned rows)
{
    const uint32_t value = value_of(history, column);
    if (value == HISTORY_NOTHING) {
        return 0;
    }
    const uint64_t steps =
        history->peak > 0 ? (uint64_t)value * rows * CELL_STEPS / history->peak : 0;
    return steps > 0 ? (unsigned)steps : 1;
}

/* A cell that is filled up to so many steps. */
static const char *cell(unsigned steps, enum terminal_characters characters)
{
    static const char *const blocks[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                         "\u2585", "\u2586", "\u2587", "\u2588"};
    if (characters == TERMINAL_UTF8) {
        return blocks[steps];
    }
    return steps == 0               ? " "
           : steps == 1             ? "_"
           : steps < CELL_STEPS / 2 ? "."
           : steps < CELL_STEPS     ? ":"
                                    : "#";
}

static void put_row(struct writer *page, const struct view_history *history, unsigned row,
                    unsigned rows, enum terminal_characters characters)
{
    for (unsigned column = 0; column < COLUMNS; column++) {
        const unsigned below = row * CELL_STEPS;
        const unsigned height = height_of(history, column, rows);
        const unsigned steps = height > below ? height - below : 0;
        writer_put(page, "%s", cell(steps < CELL_STEPS ? steps : CELL_STEPS, characters));
    }
}

void curve_put(struct writer *page, const struct view_history *history,
               enum terminal_characters characters)
{
    for (unsigned row = ROWS; row-- > 0;) {
        if (row == ROWS - 1) {
            writer_put(page, "%10" PRIu32 " |", history->peak);
        } else {
            writer_put(page, "%10s |", row == 0 ? "0" : "");
        }
        put_row(page, history, row, ROWS, characters);
        writer_end_line(page);
    }
    writer_put(page, "%12s-60 min%22s-30 min%22snow\n", "", "", "");
}

void curve_put_line(struct writer *page, const char *name, const struct view_history *history,
                    enum terminal_characters characters)
{
    writer_put(page, "%10s |", name);
    put_row(page, history, 0, 1, characters);
    writer_end_line(page);
}
