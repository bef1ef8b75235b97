/* Where a row of a table keeps its value. */
#ifndef COMMON_TYPED_OFFSET_H
#define COMMON_TYPED_OFFSET_H

#include <stddef.h>

/* Offset of a field of exactly this type; with any other the row does not compile. A constant. */
#define TYPED_OFFSET(structure, field, type)                                                       \
    (offsetof(structure, field) +                                                                  \
     0 * _Generic(((structure *)0)->field, type : 0)) // NOLINT(bugprone-macro-parentheses)

#endif
