#include "exporter/replies.h"

#include <microhttpd.h>

enum { OTHER = REPLIES_CODES - 1 };

static const unsigned statuses[OTHER] = {
    MHD_HTTP_OK,
    MHD_HTTP_BAD_REQUEST,
    MHD_HTTP_UNAUTHORIZED,
    MHD_HTTP_FORBIDDEN,
    MHD_HTTP_NOT_FOUND,
    MHD_HTTP_METHOD_NOT_ALLOWED,
    MHD_HTTP_CONTENT_TOO_LARGE,
    MHD_HTTP_TOO_MANY_REQUESTS,
    MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
    MHD_HTTP_SERVICE_UNAVAILABLE,
};

const char *const replies_codes[REPLIES_CODES] = {
    "200", "400", "401", "403", "404", "405", "413", "429", "431", "503", "other",
};

void replies_count(struct replies *replies, unsigned status)
{
    unsigned code = 0;
    while (code < OTHER && statuses[code] != status) {
        code++;
    }
    replies->counts[code]++;
}
