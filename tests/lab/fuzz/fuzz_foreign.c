/*
 * Any bytes as a name from a database. The first byte of the input is a number of columns; the
 * others are cleaned, and every writer of foreign text writes what is left.
 * tests/lab/fuzz/oracle.py, which runs beside, reads each output back by a parser of that output's
 * own. Held: no crash; the cleaned text is what its contract says; each parser gets it back, or the
 * form that the contract of its writer gives it, and nothing else.
 */
#include "common/log.h"
#include "common/notify.h"
#include "exporter/exposition/format.h"
#include "exporter/status/html.h"
#include "exporter/text/foreign_text.h"
#include "exporter/text/json.h"
#include "exporter/text/terminal.h"
#include "exporter/text/writer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    INPUT_MAX = 16 * 1024,
    HTML_MAX = 512,
    NOTIFY_MAX = 512,
    QUESTION_MAX = INPUT_MAX + 8 * 1024,
};

#include "tests/lab/fuzz/oracle.h" /* needs QUESTION_MAX */

/* --- The outputs. Buffers are as large as the contracts promise: a sanitizer sees what is more. */

static void add_metrics(const struct foreign_text *text)
{
    static char written[FORMAT_FOREIGN_MAX];
    add(written, (size_t)(format_put_foreign(written, text) - written));
}

static void add_html(const struct foreign_text *text)
{
    static char written[HTML_MAX];
    struct writer page = {.start = written, .size = sizeof written};
    html_put_foreign(&page, text);
    assert(!page.full);
    add(written, page.length);
}

static void add_json(const struct foreign_text *text)
{
    static char written[JSON_FOREIGN_MAX];
    add(written, (size_t)(json_put_foreign(written, text) - written));
}

static void add_terminal(const struct foreign_text *text, unsigned columns,
                         enum terminal_characters characters)
{
    static char written[TERMINAL_FOREIGN_MAX];
    add(written, (size_t)(terminal_put_foreign(written, text, columns, characters) - written));
}

/* A line of the log, from a file in place of standard error. */
static void add_log(const struct foreign_text *text, enum log_format format)
{
    static int file = -1;
    static int standard_error = -1;
    char line[LOG_LINE_MAX];
    if (file < 0) {
        file = memfd_create("log", MFD_CLOEXEC);
        standard_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    }
    if (ftruncate(file, 0) != 0 || lseek(file, 0, SEEK_SET) != 0 || dup2(file, STDERR_FILENO) < 0) {
        abort();
    }
    log_configure(LOG_INFO, format);
    ssize_t length;
    do { /* a line is dropped when libFuzzer's timer interrupts it */
        log_line(LOG_INFO, "a name", "name", text->text, "after", "it", NULL);
        length = pread(file, line, sizeof line, 0);
    } while (length == 0);
    dup2(standard_error, STDERR_FILENO);
    assert(length > 0);
    add(line, (size_t)length);
}

static void add_notification(const struct foreign_text *text)
{
    static int ends[2] = {-1, -1};
    char state[NOTIFY_MAX];
    if (ends[0] < 0 && socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) {
        abort();
    }
    notify_failure(ends[0], "a name", text->text);
    ssize_t length = recv(ends[1], state, sizeof state, 0);
    assert(length > 0);
    add(state, (size_t)length);
}

/* In the order of oracle.py. */
static void write_all(const uint8_t *bytes, size_t size, unsigned columns)
{
    struct foreign_text text;
    foreign_text_clean(bytes, size, &text);
    assert(memchr(text.text, '\0', sizeof text.text) != NULL);
    question.length = 0;
    add(bytes, size);
    add(text.text, strlen(text.text));
    add_metrics(&text);
    add_html(&text);
    add_json(&text);
    add(&(uint8_t){(uint8_t)columns}, 1);
    add_terminal(&text, columns, TERMINAL_UTF8);
    add_terminal(&text, columns, TERMINAL_ASCII);
    add_log(&text, LOG_LOGFMT);
    add_log(&text, LOG_JSON);
    add_notification(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > INPUT_MAX) {
        return 0;
    }
    if (oracle.process == 0) {
        start_oracle("foreign");
    }
    write_all(data + 1, size - 1, data[0] % (TERMINAL_COLUMNS_MAX + 1));
    ask_oracle();
    return 0;
}
