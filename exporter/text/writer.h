/*
 * Writing text into a buffer. Nothing is written past its end: `full` says that something did not
 * fit, and the text is not whole.
 */
#ifndef EXPORTER_TEXT_WRITER_H
#define EXPORTER_TEXT_WRITER_H

#include <stdbool.h>
#include <stddef.h>

struct writer {
    char *start;
    size_t size;   /* of the buffer; one byte of it is for a NUL */
    size_t length; /* of what is written */
    bool full;     /* something did not fit */
};

/* Text as it is. No argument may be text of others. */
void writer_put(struct writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends a line, without the spaces before its end. */
void writer_end_line(struct writer *writer);

/* Room for at most so many bytes more, or NULL. Call writer_end with where they ended. */
char *writer_begin(struct writer *writer, size_t size);
void writer_end(struct writer *writer, const char *end);

#endif
