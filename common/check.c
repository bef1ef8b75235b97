#include "common/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int check_line(const char *format, ...)
{
    char line[CHECK_LINE_MAX + 1];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return -errno;
    }
    if (length > CHECK_LINE_MAX) {
        memcpy(line + CHECK_LINE_MAX - strlen("..."), "...", sizeof "...");
    }
    for (char *at = line; *at != '\0'; at++) {
        *at = *at >= ' ' && *at <= '~' ? *at : '?';
    }
    return dprintf(STDOUT_FILENO, "%s\n", line) < 0 ? -errno : 0;
}

enum check_status check_end(enum check_status status)
{
    int error = check_line("%s", status == CHECK_OK ? "ok" : "not ok: see the errors");
    return error == 0 ? status : check_worse(status, CHECK_REFUSED);
}
