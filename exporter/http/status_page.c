#include "exporter/http/status_page.h"

#include "exporter/http/negotiate.h"
#include "exporter/status/status.h"
#include "exporter/status/style.h"
#include "exporter/web_config/headers.h"

#include <microhttpd.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* --- Which form is asked for. */

static enum MHD_Result take_field(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    if (value != NULL && strcasecmp(name, MHD_HTTP_HEADER_ACCEPT) == 0) {
        negotiate_accept(context, value);
    }
    return MHD_YES;
}

/* What the text form can be asked for. */
struct wish {
    bool ascii;
    bool color;
};

static enum MHD_Result take_argument(void *context, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    struct wish *wish = context;
    (void)kind;
    (void)value;
    wish->ascii |= strcmp(name, "ascii") == 0;
    wish->color |= strcmp(name, "color") == 0;
    return MHD_YES;
}

static enum status_form form_of(struct MHD_Connection *connection, enum page page)
{
    static const enum status_form text_forms[2][2] = {{STATUS_TEXT, STATUS_TEXT_COLOR},
                                                      {STATUS_TEXT_ASCII, STATUS_TEXT_ASCII_COLOR}};
    enum status_form form = page == PAGE_STATUS_HTML   ? STATUS_HTML
                            : page == PAGE_STATUS_JSON ? STATUS_JSON
                                                       : STATUS_TEXT;
    if (page == PAGE_STATUS) {
        struct negotiate negotiate = {.items = 0};
        MHD_get_connection_values(connection, MHD_HEADER_KIND, take_field, &negotiate);
        form = negotiate_status(&negotiate);
    }
    if (form != STATUS_TEXT) {
        return form;
    }
    struct wish wish = {.ascii = false};
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_argument, &wish);
    return text_forms[wish.ascii][wish.color];
}

/* --- The reply. */

static const char *content_type(enum status_form form)
{
    return form == STATUS_HTML   ? "text/html; charset=utf-8"
           : form == STATUS_JSON ? "application/json"
                                 : "text/plain; charset=utf-8";
}

static struct MHD_Response *make(const struct status_page *reply, enum status_form form,
                                 uint32_t now)
{
    static char page[STATUS_BYTES];
    const char *const fields[][2] = {
        {MHD_HTTP_HEADER_CONTENT_TYPE, content_type(form)},
        {MHD_HTTP_HEADER_CONNECTION, "close"},
        {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
        {MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT},
        {"Content-Security-Policy", status_policy},
        {"Referrer-Policy", "no-referrer"},
        {"X-Content-Type-Options", "nosniff"},
    };
    long length = status_render(reply->state, form, now, (uint64_t)time(NULL), page);
    if (length < 0) {
        return NULL;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer((size_t)length, page, MHD_RESPMEM_MUST_COPY);
    for (size_t i = 0; response != NULL && i < sizeof fields / sizeof *fields; i++) {
        if (MHD_add_response_header(response, fields[i][0], fields[i][1]) != MHD_YES) {
            MHD_destroy_response(response);
            response = NULL;
        }
    }
    if (response != NULL && !headers_add(reply->headers, response)) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

static void release(struct MHD_Response **response)
{
    if (*response != NULL) {
        MHD_destroy_response(*response);
    }
    *response = NULL;
}

bool status_page_serve(struct status_page *reply, struct MHD_Connection *connection, enum page page,
                       uint32_t now)
{
    const enum status_form form = form_of(connection, page);
    struct MHD_Response **response = &reply->responses[form];
    if (*response == NULL || reply->seconds[form] != now) {
        release(response);
        *response = make(reply, form, now);
        reply->seconds[form] = now;
    }
    if (*response == NULL) {
        return false;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, *response) == MHD_YES;
}

void status_page_end(struct status_page *reply)
{
    for (unsigned form = 0; form < STATUS_FORMS; form++) {
        release(&reply->responses[form]);
    }
}
