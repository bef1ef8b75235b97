/*
 * The look of the status page. The page's Content-Security-Policy allows this style by its hash,
 * and nothing else. Change the hash with the style: the test of the page shows the new one.
 */
#ifndef EXPORTER_STATUS_STYLE_H
#define EXPORTER_STATUS_STYLE_H

extern const char status_style[];

/* Value of the header: Content Security Policy Level 3, W3C. */
extern const char status_policy[];

#endif
