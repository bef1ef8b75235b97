/* How many columns of a terminal a character takes. wcwidth(3) needs a locale, which is read from
 * files. */
#ifndef EXPORTER_TEXT_WIDTH_H
#define EXPORTER_TEXT_WIDTH_H

#include <stdint.h>

/* 0 for marks that are shown on the character before and for what is not shown, 2 for wide ones of
 * East Asia and for emoji, else 1. */
unsigned width_of(uint32_t character);

#endif
