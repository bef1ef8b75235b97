/*
 * The look of the status page. The page's Content-Security-Policy lets this style in by its hash
 * and nothing else at all: whoever changes the style changes the hash, as the test of the page
 * says.
 */
#ifndef EXPORTER_STATUS_STYLE_H
#define EXPORTER_STATUS_STYLE_H

extern const char status_style[];

/* Value of the header: Content Security Policy Level 3, W3C. */
extern const char status_policy[];

#endif
