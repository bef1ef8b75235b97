#include "exporter/text/writer.h"

#include <stdarg.h>
#include <stdio.h>

void writer_put(struct writer *writer, const char *format, ...)
{
    size_t room = writer->size - writer->length;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(writer->start + writer->length, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room) {
        writer->full = true;
    } else {
        writer->length += (size_t)length;
    }
}

void writer_end_line(struct writer *writer)
{
    while (writer->length > 0 && writer->start[writer->length - 1] == ' ') {
        writer->length--;
    }
    writer_put(writer, "\n");
}

char *writer_begin(struct writer *writer, size_t size)
{
    if (size >= writer->size - writer->length) {
        writer->full = true;
        return NULL;
    }
    return writer->start + writer->length;
}

void writer_end(struct writer *writer, const char *end)
{
    writer->length = (size_t)(end - writer->start);
}
