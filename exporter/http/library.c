#include "exporter/http/library.h"

#include <stdlib.h>

/* Not in the header of 0.9.75, though the library that is loaded may be a later one. */
static const unsigned use_no_thread_safety = 1U << 19;

unsigned library_flags(const char *version)
{
    /* From 1.0 on, a connection is otherwise queued. When memory is short later, it is closed
     * without notice, and its place in our table would be lost. */
    return strtoul(version, NULL, 10) >= 1 ? use_no_thread_safety : 0;
}
