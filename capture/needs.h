/* What the confinement takes of the kernel. A kernel may be too old for it, and a container engine
 * may refuse calls that its seccomp profile does not know. */
#ifndef CAPTURE_NEEDS_H
#define CAPTURE_NEEDS_H

#include <stddef.h>

enum { NEEDS_TEXT_MAX = 192 };

/*
 * Tries each, without an effect. Returns 0 when all are there; otherwise -errno of the first that
 * is not, and `text` says what that is, and since which Linux it exists or who refuses it.
 */
int needs_check(char text[NEEDS_TEXT_MAX]);

#endif
