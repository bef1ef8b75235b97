/* Reading UTF-8 as RFC 3629 has it: no longer form than needed, no surrogate, nothing above
 * U+10FFFF. */
#ifndef EXPORTER_TEXT_UTF8_H
#define EXPORTER_TEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Reads the character that begins `length` bytes. Returns how many of them it has, or 0 where there
 * is none; `character` is then left alone. */
size_t utf8_decode(const void *bytes, size_t length, uint32_t *character);

#endif
