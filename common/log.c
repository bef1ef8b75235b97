#include "common/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    /* Kept free while a line is filled: the quote that closes a cut value, '}' and '\n'. */
    TAIL = 3,
    /* The longest form of one character: the two bytes of a C1 control as "\xc2\x9b", or
     * "\ufffd", with room for the NUL. */
    UNIT_MAX = 12,
    KEY_MAX = 40,
};

struct line {
    char text[LOG_LINE_MAX];
    size_t length;
    bool first; /* the next field is the line's first */
    bool full;  /* something did not fit: only the tail follows */
};

struct level {
    const char *name;
    const char *priority; /* sd-daemon(3) */
};

static const struct level levels[] = {
    [LOG_DEBUG] = {"debug", "<7>"},
    [LOG_INFO] = {"info", "<6>"},
    [LOG_WARN] = {"warn", "<4>"},
    [LOG_ERROR] = {"error", "<3>"},
};

static struct {
    enum log_level level;
    enum log_format format;
    bool journal;
} state = {.level = LOG_INFO, .format = LOG_LOGFMT, .journal = false};

/* systemd.exec(5): JOURNAL_STREAM is device:inode of the stream that goes to the journal. */
static bool is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0) {
        return false;
    }
    char expected[64];
    snprintf(expected, sizeof expected, "%ju:%ju", (uintmax_t)status.st_dev,
             (uintmax_t)status.st_ino);
    return strcmp(stream, expected) == 0;
}

void log_configure(enum log_level level, enum log_format format)
{
    /* The first gmtime_r(3) of a process opens /etc/localtime, which a sandbox forbids: call it
     * now. */
    tzset();
    state.level = level;
    state.format = format;
    state.journal = is_journal();
}

/* Appends the whole of `text`, or nothing and closes the line. */
static bool put(struct line *line, const char *text, size_t length)
{
    if (line->full || line->length + length > sizeof line->text - TAIL) {
        line->full = true;
        return false;
    }
    memcpy(line->text + line->length, text, length);
    line->length += length;
    return true;
}

/* Uses the space that put leaves free. */
static void put_tail(struct line *line, char c)
{
    line->text[line->length++] = c;
}

/* Bytes of the character that begins at `text`, or 0 where it is not valid UTF-8 (RFC 3629): no
 * overlong form, no surrogate, nothing above U+10FFFF. Stops at a NUL. */
static size_t character_length(const unsigned char *text)
{
    const unsigned char first = text[0];
    if (first < 0x80) {
        return 1;
    }

    size_t length = 0;
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
    } else {
        return 0;
    }

    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    for (size_t i = 1; i < length; i++) {
        if (text[i] < low || text[i] > high) {
            return 0;
        }
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

/* C0, DEL and C1: a terminal might act on these. */
static bool is_control(const unsigned char *text, size_t length)
{
    return length == 1 ? text[0] < 0x20 || text[0] == 0x7f
                       : length == 2 && text[0] == 0xc2 && text[1] < 0xa0;
}

/* Puts one character of `length` bytes (0: a byte that is not valid), escaped as within quotes. */
static void put_character(struct line *line, const unsigned char *text, size_t length)
{
    const bool json = state.format == LOG_JSON;
    char unit[UNIT_MAX];

    if (length == 0 && json) {
        snprintf(unit, sizeof unit, "\\ufffd");
    } else if (text[0] == '"' || text[0] == '\\') {
        snprintf(unit, sizeof unit, "\\%c", text[0]);
    } else if (text[0] == '\n') {
        snprintf(unit, sizeof unit, "\\n");
    } else if (text[0] == '\t') {
        snprintf(unit, sizeof unit, "\\t");
    } else if (length != 0 && !is_control(text, length)) {
        snprintf(unit, sizeof unit, "%.*s", (int)length, (const char *)text);
    } else if (json) {
        snprintf(unit, sizeof unit, "\\u%04x", text[length - 1]);
    } else if (length < 2) {
        snprintf(unit, sizeof unit, "\\x%02x", text[0]);
    } else {
        snprintf(unit, sizeof unit, "\\x%02x\\x%02x", text[0], text[1]);
    }

    put(line, unit, strlen(unit));
}

static bool needs_quotes(const char *value)
{
    const unsigned char *at = (const unsigned char *)value;
    if (*at == '\0' || strpbrk(value, " \"=\\") != NULL) {
        return true;
    }
    while (*at != '\0') {
        size_t length = character_length(at);
        if (length == 0 || is_control(at, length)) {
            return true;
        }
        at += length;
    }
    return false;
}

static void put_field(struct line *line, const char *key, const char *value)
{
    const bool json = state.format == LOG_JSON;
    const bool quoted = json || needs_quotes(value);
    const char *separator = line->first ? "" : json ? "," : " ";
    line->first = false;

    /* Keys come from this program itself; longer ones are cut. */
    char opening[KEY_MAX + sizeof ",\"\":\""];
    snprintf(opening, sizeof opening, json ? "%s\"%.*s\":%s" : "%s%.*s=%s", separator, KEY_MAX, key,
             quoted ? "\"" : "");
    if (!put(line, opening, strlen(opening))) {
        return;
    }

    const unsigned char *at = (const unsigned char *)value;
    while (*at != '\0' && !line->full) {
        size_t bytes = character_length(at);
        put_character(line, at, bytes);
        at += bytes == 0 ? 1 : bytes;
    }
    if (quoted) {
        put_tail(line, '"');
    }
}

/* RFC 3339 in UTC, to the millisecond. */
static void put_time(struct line *line)
{
    struct timespec now = {0};
    struct tm utc = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);

    char text[64];
    size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + length, sizeof text - length, ".%03ldZ", now.tv_nsec / 1000000);
    put_field(line, "time", text);
}

/* Writes only if that neither blocks nor raises SIGPIPE for lack of a reader: poll(2) promises a
 * pipe PIPE_BUF bytes, which is more than a line. */
static void write_line(const struct line *line)
{
    struct pollfd standard_error = {.fd = STDERR_FILENO, .events = POLLOUT};
    const struct timespec no_wait = {0};
    if (ppoll(&standard_error, 1, &no_wait, NULL) != 1 || standard_error.revents != POLLOUT) {
        return;
    }
    if (write(STDERR_FILENO, line->text, line->length) < 0) {
        return; /* there is nowhere to report it */
    }
}

void log_line(enum log_level level, const char *message, ...)
{
    if (level < state.level) {
        return;
    }
    const int saved_errno = errno;
    struct line line = {.first = true};

    if (state.journal) {
        put(&line, levels[level].priority, strlen(levels[level].priority));
    }
    if (state.format == LOG_JSON) {
        put(&line, "{", 1);
    }
    if (!state.journal) {
        put_time(&line);
    }
    put_field(&line, "level", levels[level].name);
    put_field(&line, "msg", message);

    va_list pairs;
    va_start(pairs, message);
    const char *key = NULL;
    const char *value = NULL;
    while (!line.full && (key = va_arg(pairs, const char *)) != NULL &&
           (value = va_arg(pairs, const char *)) != NULL) {
        put_field(&line, key, value);
    }
    va_end(pairs);

    if (state.format == LOG_JSON) {
        put_tail(&line, '}');
    }
    put_tail(&line, '\n');
    write_line(&line);
    errno = saved_errno;
}
