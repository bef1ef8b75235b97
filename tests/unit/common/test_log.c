#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    /* "time=2026-11-23T05:56:00.123Z " and {"time":"2026-11-23T05:56:00.123Z",". */
    LOGFMT_TIME = 30,
    JSON_TIME = 35,
    TIME_TEXT = 24,
    TIME_AT = 5,
    JSON_TIME_AT = 9,
    HANG_SECONDS = 100, /* it takes some ten under valgrind, more where others work too */
};

static int real_standard_error = -1;
static char captured[8192];

/* Puts `descriptor`, which it takes over, in standard error's place. */
static void replace_standard_error(int descriptor)
{
    assert_true(descriptor >= 0);
    fflush(stderr);
    real_standard_error = dup(STDERR_FILENO);
    assert_true(real_standard_error >= 0);
    assert_int_equal(dup2(descriptor, STDERR_FILENO), STDERR_FILENO);
    close(descriptor);
}

static void restore_standard_error(void)
{
    assert_int_equal(dup2(real_standard_error, STDERR_FILENO), STDERR_FILENO);
    close(real_standard_error);
}

static void capture_begin(void)
{
    replace_standard_error(memfd_create("log", MFD_CLOEXEC));
}

/* Returns all that was written. */
static const char *capture_end(void)
{
    ssize_t length = pread(STDERR_FILENO, captured, sizeof captured - 1, 0);
    restore_standard_error();
    assert_true(length >= 0);
    captured[length] = '\0';
    return captured;
}

static void name_journal(void)
{
    struct stat status;
    char text[64];
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", text, 1);
}

static int reset(void **state)
{
    (void)state;
    unsetenv("JOURNAL_STREAM");
    log_configure(LOG_INFO, LOG_LOGFMT);
    alarm(HANG_SECONDS);
    return 0;
}

static void assert_time_is_now(const char *text, const struct timespec *before)
{
    struct timespec after;
    clock_gettime(CLOCK_REALTIME, &after);

    /* Through the calendar in the other direction. */
    struct tm utc = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    assert_non_null(rest);
    assert_int_equal(rest[0], '.');
    char *end = NULL;
    long milliseconds = strtol(rest + 1, &end, 10);
    assert_int_equal(end - rest, 4);
    assert_int_equal(*end, 'Z');

    long long logged = (long long)timegm(&utc) * 1000 + milliseconds;
    assert_true(logged >= (long long)before->tv_sec * 1000 + before->tv_nsec / 1000000);
    assert_true(logged <= (long long)after.tv_sec * 1000 + after.tv_nsec / 1000000);
}

static void unconfigured(void **state)
{
    /* Runs first: nothing has called log_configure. */
    (void)state;
    capture_begin();
    log_line(LOG_DEBUG, "not shown", NULL);
    log_line(LOG_INFO, "shown", NULL);
    const char *line = capture_end();
    assert_memory_equal(line, "time=", TIME_AT);
    assert_string_equal(line + LOGFMT_TIME, "level=info msg=shown\n");
}

static void logfmt(void **state)
{
    (void)state;
    struct timespec before;
    clock_gettime(CLOCK_REALTIME, &before);
    capture_begin();
    log_line(LOG_WARN, "watching the net", "domain", "t.example.com", "interface", "all", NULL);
    const char *line = capture_end();
    assert_memory_equal(line, "time=", TIME_AT);
    assert_time_is_now(line + TIME_AT, &before);
    assert_string_equal(line + LOGFMT_TIME,
                        "level=warn msg=\"watching the net\" domain=t.example.com interface=all\n");
}

static void json(void **state)
{
    (void)state;
    struct timespec before;
    clock_gettime(CLOCK_REALTIME, &before);
    log_configure(LOG_INFO, LOG_JSON);
    capture_begin();
    log_line(LOG_ERROR, "watching the net", "domain", "t.example.com", "empty", "", NULL);
    const char *line = capture_end();
    assert_memory_equal(line, "{\"time\":\"", JSON_TIME_AT);
    assert_time_is_now(line + JSON_TIME_AT, &before);
    assert_string_equal(line + JSON_TIME, "\"level\":\"error\",\"msg\":\"watching the net\","
                                          "\"domain\":\"t.example.com\",\"empty\":\"\"}\n");
}

static void levels(void **state)
{
    (void)state;
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (int lowest = LOG_DEBUG; lowest <= LOG_ERROR; lowest++) {
        log_configure((enum log_level)lowest, LOG_LOGFMT);
        for (int level = LOG_DEBUG; level <= LOG_ERROR; level++) {
            char expected[64] = "";
            if (level >= lowest)
                snprintf(expected, sizeof expected, "level=%s msg=x\n", names[level]);
            capture_begin();
            log_line((enum log_level)level, "x", NULL);
            const char *line = capture_end();
            assert_string_equal(level >= lowest ? line + LOGFMT_TIME : line, expected);
        }
    }
}

static void journal(void **state)
{
    (void)state;
    capture_begin();
    name_journal();
    log_configure(LOG_DEBUG, LOG_LOGFMT);
    log_line(LOG_DEBUG, "a b", "k", "v", NULL);
    log_line(LOG_INFO, "i", NULL);
    log_line(LOG_WARN, "w", NULL);
    log_configure(LOG_DEBUG, LOG_JSON);
    log_line(LOG_ERROR, "e", "k", "v", NULL);
    assert_string_equal(capture_end(), "<7>level=debug msg=\"a b\" k=v\n"
                                       "<6>level=info msg=i\n"
                                       "<4>level=warn msg=w\n"
                                       "<3>{\"level\":\"error\",\"msg\":\"e\",\"k\":\"v\"}\n");
}

static void another_journal(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "1:1", "x", "8:999999999999999999999999"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        capture_begin();
        setenv("JOURNAL_STREAM", cases[i], 1);
        log_configure(LOG_INFO, LOG_LOGFMT);
        log_line(LOG_INFO, "x", NULL);
        assert_memory_equal(capture_end(), "time=", TIME_AT);
    }

    /* The right stream with something behind it. */
    capture_begin();
    name_journal();
    char text[80];
    snprintf(text, sizeof text, "%s0", getenv("JOURNAL_STREAM"));
    setenv("JOURNAL_STREAM", text, 1);
    log_configure(LOG_INFO, LOG_LOGFMT);
    log_line(LOG_INFO, "x", NULL);
    assert_memory_equal(capture_end(), "time=", TIME_AT);
}

struct escape_case {
    const char *value;
    const char *logfmt;
    const char *json;
};

static void escapes(void **state)
{
    (void)state;
    static const struct escape_case cases[] = {
        {"plain-1.2/3:[x],{y}", "plain-1.2/3:[x],{y}", "\"plain-1.2/3:[x],{y}\""},
        {"", "\"\"", "\"\""},
        {" ", "\" \"", "\" \""},
        {"a=b", "\"a=b\"", "\"a=b\""},
        {"a\"b", "\"a\\\"b\"", "\"a\\\"b\""},
        {"a\\b", "\"a\\\\b\"", "\"a\\\\b\""},
        {"a\nb\tc", "\"a\\nb\\tc\"", "\"a\\nb\\tc\""},
        {"\r\x01\x1b[0m\x7f", "\"\\x0d\\x01\\x1b[0m\\x7f\"", "\"\\u000d\\u0001\\u001b[0m\\u007f\""},
        /* UTF-8 at the edges of each length, and either side of the surrogates. */
        {"\xc2\xa0\xdf\xbf", "\xc2\xa0\xdf\xbf", "\"\xc2\xa0\xdf\xbf\""},
        {"\xe0\xa0\x80\xef\xbf\xbf", "\xe0\xa0\x80\xef\xbf\xbf", "\"\xe0\xa0\x80\xef\xbf\xbf\""},
        {"\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80", "\"\xed\x9f\xbf\xee\x80\x80\""},
        {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
         "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
        /* C1 controls: what begins a terminal's commands in one character. */
        {"\xc2\x80\xc2\x9b\xc2\x9f", "\"\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\"",
         "\"\\u0080\\u009b\\u009f\""},
        /* Stray, overlong, surrogate, too high, cut by another character or by the end. */
        {"\x80", "\"\\x80\"", "\"\\ufffd\""},
        {"\xff\xfe", "\"\\xff\\xfe\"", "\"\\ufffd\\ufffd\""},
        {"\xc0\x80", "\"\\xc0\\x80\"", "\"\\ufffd\\ufffd\""},
        {"\xc1\xbf", "\"\\xc1\\xbf\"", "\"\\ufffd\\ufffd\""},
        {"\xe0\x9f\xbf", "\"\\xe0\\x9f\\xbf\"", "\"\\ufffd\\ufffd\\ufffd\""},
        {"\xed\xa0\x80", "\"\\xed\\xa0\\x80\"", "\"\\ufffd\\ufffd\\ufffd\""},
        {"\xf0\x8f\xbf\xbf", "\"\\xf0\\x8f\\xbf\\xbf\"", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
        {"\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\"", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
        {"\xf5\x80\x80\x80", "\"\\xf5\\x80\\x80\\x80\"", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
        {"\xc3(", "\"\\xc3(\"", "\"\\ufffd(\""},
        {"\xe2\x82(", "\"\\xe2\\x82(\"", "\"\\ufffd\\ufffd(\""},
        {"\xf0\x9f\x98", "\"\\xf0\\x9f\\x98\"", "\"\\ufffd\\ufffd\\ufffd\""},
        {"\xc3", "\"\\xc3\"", "\"\\ufffd\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[256];
        log_configure(LOG_INFO, LOG_LOGFMT);
        capture_begin();
        log_line(LOG_INFO, cases[i].value, "k", cases[i].value, NULL);
        snprintf(expected, sizeof expected, "level=info msg=%s k=%s\n", cases[i].logfmt,
                 cases[i].logfmt);
        assert_string_equal(capture_end() + LOGFMT_TIME, expected);

        log_configure(LOG_INFO, LOG_JSON);
        capture_begin();
        log_line(LOG_INFO, cases[i].value, "k", cases[i].value, NULL);
        snprintf(expected, sizeof expected, "\"level\":\"info\",\"msg\":%s,\"k\":%s}\n",
                 cases[i].json, cases[i].json);
        assert_string_equal(capture_end() + JSON_TIME, expected);
    }
}

struct unit {
    const char *given;
    const char *logfmt;
    const char *json;
};

/* Logs `count` times the unit: the whole line, or one that is cut between two units and closed. */
static void assert_cut(enum log_format format, const struct unit *unit, size_t count)
{
    const bool is_json = format == LOG_JSON;
    const bool quoted = is_json || strcmp(unit->given, unit->logfmt) != 0 ||
                        strcmp(unit->given, " ") == 0 || count == 0;
    const char *shown = is_json ? unit->json : unit->logfmt;
    const char *tail = is_json ? "\"}\n" : quoted ? "\"\n" : "\n";

    char value[4096] = "";
    char whole[16384] = "";
    size_t head = (size_t)snprintf(whole, sizeof whole,
                                   is_json ? "\"level\":\"info\",\"msg\":%s" : "level=info msg=%s",
                                   quoted ? "\"" : "");
    for (size_t i = 0; i < count; i++) {
        memcpy(value + i * strlen(unit->given), unit->given, strlen(unit->given));
        memcpy(whole + head + i * strlen(shown), shown, strlen(shown));
    }
    memcpy(whole + strlen(whole), tail, strlen(tail));

    log_configure(LOG_INFO, format);
    capture_begin();
    log_line(LOG_INFO, value, NULL);
    const char *line = capture_end() + (is_json ? JSON_TIME : LOGFMT_TIME);
    const size_t room = LOG_LINE_MAX - (is_json ? JSON_TIME : LOGFMT_TIME);
    const size_t length = strlen(line);

    if (strlen(whole) <= room - strlen("\"}\n")) {
        assert_string_equal(line, whole);
        return;
    }
    assert_in_range(length, room - strlen("\"}\n") - strlen(shown), room);
    const size_t cut = length - strlen(tail);
    assert_memory_equal(line, whole, cut);
    assert_string_equal(line + cut, tail);
    assert_int_equal((cut - head) % strlen(shown), 0);
}

static void long_lines(void **state)
{
    (void)state;
    static const struct unit units[] = {
        {"a", "a", "a"},
        {" ", " ", " "},
        {"\"", "\\\"", "\\\""},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"\xc2\x9b", "\\xc2\\x9b", "\\u009b"},
        {"\xff", "\\xff", "\\ufffd"},
    };

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        /* From well below what fits, in its longest form, to as many as bytes are allowed. */
        for (size_t count = 100; count < LOG_LINE_MAX; count++) {
            assert_cut(LOG_LOGFMT, &units[i], count);
            assert_cut(LOG_JSON, &units[i], count);
            if (count > LOG_LINE_MAX / strlen(units[i].logfmt))
                count += 50;
        }
    }
}

/* Once something is left out nothing follows it, even where it would fit. */
static void nothing_after_a_cut(void **state)
{
    (void)state;
    bool cut = false;
    bool whole = false;
    for (size_t count = LOG_LINE_MAX - 120; count < LOG_LINE_MAX; count++) {
        char value[LOG_LINE_MAX + 8] = "";
        memset(value, ' ', count);
        memcpy(value + count, "\xf0\x9f\x98\x80.", sizeof "\xf0\x9f\x98\x80.");

        log_configure(LOG_INFO, LOG_JSON);
        capture_begin();
        log_line(LOG_INFO, "m", "a", value, "b", "", "c", "", NULL);
        const char *line = capture_end();
        const size_t length = strlen(line);
        assert_in_range(length, LOG_LINE_MAX - 120, LOG_LINE_MAX);
        assert_string_equal(line + length - 3, "\"}\n");

        const bool first = strstr(line, "\xf0\x9f\x98\x80.\"") != NULL;
        const bool second = strstr(line, ",\"b\":\"\"") != NULL;
        const bool third = strstr(line, ",\"c\":\"\"}") != NULL;
        assert_true(first || strchr(line + JSON_TIME, '.') == NULL);
        assert_true(first || !second);
        assert_true(second || !third);
        cut = cut || !first;
        whole = whole || third;
    }
    assert_true(cut && whole);
}

static void many_fields(void **state)
{
    (void)state;
    static const char value[] = "0123456789012345678901234567890123456789";
    log_configure(LOG_INFO, LOG_JSON);
    capture_begin();
    log_line(LOG_INFO, "m", "a", value, "b", value, "c", value, "d", value, "e", value, "f", value,
             "g", value, "h", value, "i", value, "j", value, "k", value, "l", value, "m", value,
             "n", value, "o", value, "p", value, "q", value, "r", value, "s", value, "t", value,
             "u", value, "v", value, "w", value, "x", value, "y", value, "z", value, NULL);
    const char *line = capture_end();
    const size_t length = strlen(line);
    assert_true(length <= LOG_LINE_MAX && length > LOG_LINE_MAX - 16);
    assert_string_equal(line + length - 3, "\"}\n");
    assert_null(strstr(line, "\"z\""));
}

static void long_key(void **state)
{
    (void)state;
    capture_begin();
    log_line(LOG_INFO, "m", "k123456789012345678901234567890123456789012345678901234567890", "v",
             NULL);
    assert_string_equal(capture_end() + LOGFMT_TIME,
                        "level=info msg=m k123456789012345678901234567890123456789=v\n");
}

static void one_write_a_line(void **state)
{
    (void)state;
    /* Each write(2) is one packet here. */
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    replace_standard_error(pair[1]);
    log_line(LOG_INFO, "a", "k", "v", NULL);
    log_line(LOG_INFO, "b", NULL);
    restore_standard_error();

    char packet[LOG_LINE_MAX];
    ssize_t length = recv(pair[0], packet, sizeof packet, 0);
    assert_int_equal(length, LOGFMT_TIME + (ssize_t)strlen("level=info msg=a k=v\n"));
    length = recv(pair[0], packet, sizeof packet, 0);
    assert_int_equal(length, LOGFMT_TIME + (ssize_t)strlen("level=info msg=b\n"));
    assert_int_equal(recv(pair[0], packet, sizeof packet, 0), 0);
    close(pair[0]);
}

/* A reader that has stopped: the alarm would end a line that waits for it. */
static void nobody_reads(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    replace_standard_error(ends[1]);
    for (int i = 0; i < 2000; i++)
        log_line(LOG_INFO, "0123456789012345678901234567890123456789", NULL);
    restore_standard_error();

    /* What did go in are whole lines. */
    static char content[1 << 20];
    size_t length = 0;
    ssize_t got;
    while ((got = read(ends[0], content + length, sizeof content - length)) > 0)
        length += (size_t)got;
    assert_int_equal(got, 0);
    const size_t line =
        LOGFMT_TIME + strlen("level=info msg=0123456789012345678901234567890123456789\n");
    assert_true(length > 0 && length < 2000 * line);
    assert_int_equal(length % line, 0);
    assert_int_equal(content[length - 1], '\n');
    close(ends[0]);
}

static void no_reader(void **state)
{
    (void)state;
    /* SIGPIPE would end the test. */
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    replace_standard_error(ends[1]);
    errno = ENOTNAM;
    log_line(LOG_INFO, "x", NULL);
    const int left = errno;
    restore_standard_error();
    assert_int_equal(left, ENOTNAM);

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    close(ends[0]);
    replace_standard_error(ends[1]);
    log_line(LOG_INFO, "x", NULL);
    restore_standard_error();
}

static void failing(void **state)
{
    (void)state;
    replace_standard_error(open("/dev/full", O_WRONLY | O_CLOEXEC));
    errno = ENOTNAM;
    log_line(LOG_INFO, "x", NULL);
    int left = errno;
    restore_standard_error();
    assert_int_equal(left, ENOTNAM);

    replace_standard_error(open("/dev/null", O_WRONLY | O_CLOEXEC));
    close(STDERR_FILENO);
    errno = ENOTNAM;
    log_line(LOG_INFO, "x", NULL);
    left = errno;
    restore_standard_error();
    assert_int_equal(left, ENOTNAM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unconfigured),
        cmocka_unit_test_setup(logfmt, reset),
        cmocka_unit_test_setup(json, reset),
        cmocka_unit_test_setup(levels, reset),
        cmocka_unit_test_setup(journal, reset),
        cmocka_unit_test_setup(another_journal, reset),
        cmocka_unit_test_setup(escapes, reset),
        cmocka_unit_test_setup(long_lines, reset),
        cmocka_unit_test_setup(nothing_after_a_cut, reset),
        cmocka_unit_test_setup(many_fields, reset),
        cmocka_unit_test_setup(long_key, reset),
        cmocka_unit_test_setup(one_write_a_line, reset),
        cmocka_unit_test_setup(nobody_reads, reset),
        cmocka_unit_test_setup(no_reader, reset),
        cmocka_unit_test_setup(failing, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
