/*
 * Text of a file or a peer that anybody may have written, as a database's names. It is cleaned
 * once, when it is read; each output has one function that writes it.
 */
#ifndef EXPORTER_TEXT_FOREIGN_TEXT_H
#define EXPORTER_TEXT_FOREIGN_TEXT_H

#include <stddef.h>

enum {
    FOREIGN_TEXT_MAX = 64, /* bytes: longer names of networks are rare, and say nothing more */
    /* Bytes that are looked at for these: bounds the work for a text of nothing but spaces. */
    FOREIGN_TEXT_READ_MAX = 1024,
};

/* Valid UTF-8 (RFC 3629) without a control character or an invisible one that changes how a line is
 * shown; no space begins or ends it, and none follows another. May be empty. */
struct foreign_text {
    char text[FOREIGN_TEXT_MAX + 1]; /* ended by a NUL */
};

/*
 * Cleans `length` bytes. Each run of these becomes one space: bytes that are not UTF-8, spaces,
 * C0, C1 and DEL, the marks of direction and width (U+061C, U+200B to U+200F, U+2028 to U+202E,
 * U+2060 to U+206F) and U+FEFF. A longer text is cut between two characters.
 */
void foreign_text_clean(const void *bytes, size_t length, struct foreign_text *out);

#endif
