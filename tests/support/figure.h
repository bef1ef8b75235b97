/* A line for people beside a test's verdict: tests/run shows what is written to $FIGURES. */
#ifndef TESTS_SUPPORT_FIGURE_H
#define TESTS_SUPPORT_FIGURE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((format(printf, 1, 2))) static inline void figure(const char *format, ...)
{
    const char *path = getenv("FIGURES");
    FILE *file = path != NULL ? fopen(path, "a") : stdout;
    if (file == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("# ", file);
    (void)vfprintf(file, format, arguments);
    (void)fputc('\n', file);
    va_end(arguments);
    (void)fflush(file);
    if (path != NULL) {
        (void)fclose(file);
    }
}

#endif
