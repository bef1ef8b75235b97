/* Replies that never change: made at the start, served any number of times. */
#ifndef EXPORTER_PAGES_H
#define EXPORTER_PAGES_H

#include <microhttpd.h>

enum page {
    PAGE_HEALTHY,
    PAGE_READY,
    PAGE_NOT_READY,
    PAGE_BAD_REQUEST,
    PAGE_FORBIDDEN,
    PAGE_NOT_FOUND,
    PAGE_BUSY,
    PAGE_WRONG_METHOD,
    PAGES, /* how many */
};

struct pages {
    struct MHD_Response *replies[PAGES];
};

/* Returns 0 or -ENOMEM. Destroying one that is all zero, or made in part, does no harm. */
int pages_make(struct pages *out);
void pages_destroy(struct pages *pages);

enum MHD_Result pages_serve(const struct pages *pages, struct MHD_Connection *connection,
                            enum page page);

#endif
