/* What becomes of a request: the page that answers it, from where that is decided to the reply. */
#ifndef EXPORTER_WEB_CONFIG_PAGE_H
#define EXPORTER_WEB_CONFIG_PAGE_H

enum page {
    PAGE_NONE, /* not decided yet: nothing speaks against the request so far */
    PAGE_METRICS,
    PAGE_STATUS, /* in the form that the request asks for */
    PAGE_STATUS_HTML,
    PAGE_STATUS_TEXT,
    PAGE_STATUS_JSON,
    PAGE_HEALTHY, /* from here on a line of text */
    PAGE_READY,
    PAGE_NOT_READY,    /* 503: the sniffer is silent */
    PAGE_BAD_REQUEST,  /* 400 */
    PAGE_UNAUTHORIZED, /* 401 */
    PAGE_FORBIDDEN,    /* 403: the Host does not name loopback */
    PAGE_NOT_FOUND,    /* 404 */
    PAGE_BUSY,         /* 503: -web.max-requests */
    PAGE_WRONG_METHOD, /* 405 */
    PAGE_TOO_MANY,     /* 429 */
    PAGES,             /* how many */
};

#endif
