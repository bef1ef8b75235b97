#include "exporter/text/terminal.h"

#include "exporter/text/utf8.h"
#include "exporter/text/width.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ellipsis {
    const char *text;
    unsigned columns;
};

static const struct ellipsis ellipses[] = {
    [TERMINAL_UTF8] = {"\xe2\x80\xa6", 1},
    [TERMINAL_ASCII] = {"...", 3},
};

/* Returns the bytes of the next character, 0 at the end. */
static size_t next(const char *text, enum terminal_characters characters, unsigned *columns)
{
    uint32_t character = 0;
    const size_t size = utf8_decode(text, strlen(text), &character);
    *columns = characters == TERMINAL_ASCII ? 1 : width_of(character);
    return size;
}

static const char *skip_marks(const char *text, enum terminal_characters characters)
{
    unsigned columns;
    size_t size;
    while ((size = next(text, characters, &columns)) > 0 && columns == 0) {
        text += size;
    }
    return text;
}

static unsigned measure(const char *text, enum terminal_characters characters)
{
    unsigned sum = 0;
    unsigned columns;
    size_t size;
    while ((size = next(text, characters, &columns)) > 0) {
        sum += columns;
        text += size;
    }
    return sum;
}

static char *put_repeated(char *at, char byte, unsigned count)
{
    memset(at, byte, count);
    return at + count;
}

/* Puts what fits into the columns, and takes its columns off. */
static char *put_fitting(char *at, const char *text, enum terminal_characters characters,
                         unsigned *left)
{
    unsigned columns;
    size_t size;
    while ((size = next(text, characters, &columns)) > 0 && columns <= *left) {
        if (characters == TERMINAL_ASCII && size > 1) {
            *at++ = '?';
        } else {
            memcpy(at, text, size);
            at += size;
        }
        text += size;
        *left -= columns;
    }
    return at;
}

char *terminal_put_foreign(char *at, const struct foreign_text *text, unsigned columns,
                           enum terminal_characters characters)
{
    const struct ellipsis *ellipsis = &ellipses[characters];
    const char *from = skip_marks(text->text, characters);
    unsigned left = columns < TERMINAL_COLUMNS_MAX ? columns : TERMINAL_COLUMNS_MAX;
    const bool cut = measure(from, characters) > left;
    if (cut && left < ellipsis->columns) {
        return put_repeated(at, '.', left);
    }
    left -= cut ? ellipsis->columns : 0;
    at = put_fitting(at, from, characters, &left);
    if (cut) {
        const size_t size = strlen(ellipsis->text);
        memcpy(at, ellipsis->text, size);
        at += size;
    }
    return put_repeated(at, ' ', left);
}
