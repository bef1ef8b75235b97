#include "exporter/check_text.h"

#include "common/options.h"
#include "common/tunnel.h"
#include "exporter/text/terminal.h"
#include "exporter/text/writer.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_SECONDS = 86400 };

/* The end of the year 9999: what is later is no time of a build. */
static const uint64_t built_max = UINT64_C(253402300799);

static bool has_mtu(enum tunnel_format format)
{
    return format == TUNNEL_DNSTT || format == TUNNEL_VAYDNS || format == TUNNEL_NOIZDNS ||
           format == TUNNEL_XDNS;
}

static bool has_record_type(enum tunnel_format format)
{
    return format == TUNNEL_VAYDNS || format == TUNNEL_XDNS;
}

void check_text_tunnel(const struct options *options, unsigned number, struct check_tunnel *out)
{
    const struct tunnel *tunnel = &options->tunnels[number];
    const enum tunnel_format format = tunnel->format;
    struct writer writer = {.start = out->text, .size = sizeof out->text};
    writer_put(&writer, "%s", tunnel_format_name(format));
    if (format == TUNNEL_OPAQUE) {
        writer_put(&writer, ", no sessions");
        return;
    }
    if (format == TUNNEL_DNSTT && options->framing == FRAMING_ANY) {
        writer_put(&writer, ", any framing");
    }
    if (format == TUNNEL_VAYDNS) {
        writer_put(&writer, ", clientid-size %" PRIu32, tunnel->clientid_size);
    }
    if (has_record_type(format)) {
        writer_put(&writer, ", record-type %s", tunnel_record_type_name(tunnel->record_type));
    }
    if (has_mtu(format)) {
        writer_put(&writer, ", mtu %" PRIu32, options_mtu(options, number));
    }
    writer_put(&writer, ", active window %" PRIu32 "s", options_window(options, number));
}

void check_text_age(uint64_t built, uint64_t now, struct check_age *out)
{
    const time_t seconds = (time_t)built;
    struct tm date;
    char day[16];
    if (built == 0 || built > built_max || gmtime_r(&seconds, &date) == NULL) {
        snprintf(out->text, sizeof out->text, "built at an unknown time");
        return;
    }
    strftime(day, sizeof day, "%Y-%m-%d", &date);
    const uint64_t days = built > now ? 0 : (now - built) / DAY_SECONDS;
    if (built > now) {
        snprintf(out->text, sizeof out->text, "built %s, in the future", day);
    } else if (days == 0) {
        snprintf(out->text, sizeof out->text, "built %s, less than a day ago", day);
    } else {
        snprintf(out->text, sizeof out->text, "built %s, %" PRIu64 " day%s ago", day, days,
                 days == 1 ? "" : "s");
    }
}

void check_text_type(const struct foreign_text *type, struct check_type *out)
{
    char columns[TERMINAL_FOREIGN_MAX];
    char *end = terminal_put_foreign(columns, type, FOREIGN_TEXT_MAX, TERMINAL_ASCII);
    while (end > columns && end[-1] == ' ') { /* the columns behind a shorter text */
        end--;
    }
    if (end == columns) {
        snprintf(out->text, sizeof out->text, "no type");
        return;
    }
    snprintf(out->text, sizeof out->text, "%.*s", (int)(end - columns), columns);
}
