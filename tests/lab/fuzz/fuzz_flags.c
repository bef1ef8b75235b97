/*
 * Any command line: the bytes of the input, with a NUL behind each argument. Held: what is taken
 * is within the bounds of common/flags.h and says the same when it is written out and parsed again;
 * what is refused leaves the options alone and is told in one printable line.
 */
#include "common/address.h"
#include "common/domain.h"
#include "common/flags.h"
#include "common/log.h"
#include "common/options.h"
#include "common/tunnel.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    UNTOUCHED = 0xa5,  /* what the outputs hold before */
    WRITTEN_MAX = 400, /* bytes of an argument that is written out */
    WRITTEN_ARGUMENTS = DOMAINS_MAX + OPTIONS_PORTS_MAX + 32,
};

struct arguments {
    int count;
    char **texts;
};

/* Each argument in a block of its own, so that a read past its end is seen. */
static struct arguments take_apart(const uint8_t *data, size_t size)
{
    struct arguments arguments = {.count = 0, .texts = calloc(size + 3, sizeof(char *))};
    assert(arguments.texts != NULL);
    arguments.texts[arguments.count++] = strdup("dnstt_exporter");
    while (size > 0) {
        size_t length = strnlen((const char *)data, size);
        arguments.texts[arguments.count] = strndup((const char *)data, length);
        assert(arguments.texts[arguments.count] != NULL);
        arguments.count++;
        length += length < size; /* the NUL */
        data += length;
        size -= length;
    }
    return arguments;
}

static void release(struct arguments *arguments)
{
    for (int i = 0; i < arguments->count; i++) {
        free(arguments->texts[i]);
    }
    free(arguments->texts);
}

static bool is_untouched(const void *output, size_t size)
{
    const uint8_t *bytes = output;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != UNTOUCHED) {
            return false;
        }
    }
    return true;
}

static void check_error(const struct flags_error *error)
{
    size_t length = strnlen(error->text, sizeof error->text);
    assert(length > 0 && length < sizeof error->text);
    for (size_t i = 0; i < length; i++) {
        assert(error->text[i] >= ' ' && error->text[i] <= '~');
    }
    assert(strstr(error->text, ": ") != NULL);
}

static bool has_sizes(enum tunnel_format format)
{
    return format == TUNNEL_DNSTT || format == TUNNEL_NOIZDNS || format == TUNNEL_VAYDNS;
}

static bool has_type(enum tunnel_format format, enum tunnel_record_type type)
{
    switch (format) {
    case TUNNEL_VAYDNS:
        return type < TUNNEL_ANY;
    case TUNNEL_XDNS:
        return type == TUNNEL_TXT || type == TUNNEL_A || type == TUNNEL_AAAA || type == TUNNEL_ANY;
    case TUNNEL_DNSTT:
    case TUNNEL_NOIZDNS:
    case TUNNEL_DNSTTEX:
    case TUNNEL_SLIPSTREAM:
    case TUNNEL_OPAQUE:
    case TUNNEL_FORMATS:
        break;
    }
    return type == TUNNEL_TXT;
}

/* A key that the format does not have is as if it had not been given. */
static void check_tunnel(const struct tunnel *tunnel)
{
    assert(tunnel->format < TUNNEL_FORMATS);
    assert(has_type(tunnel->format, tunnel->record_type));
    if (tunnel->format == TUNNEL_VAYDNS) {
        assert(tunnel->clientid_size >= 1 && tunnel->clientid_size <= TUNNEL_CLIENT_ID_MAX);
    } else {
        assert(tunnel->clientid_size == 0);
    }
    if (has_sizes(tunnel->format)) {
        assert(tunnel->mtu <= UINT16_MAX);
    } else {
        assert(tunnel->mtu == (tunnel->format == TUNNEL_XDNS ? TUNNEL_XDNS_MTU : 0));
    }
    assert(tunnel->active_window <= TUNNEL_WINDOW_MAX);
    assert(tunnel->active_window == 0 || tunnel->format != TUNNEL_OPAQUE);
}

static void check_bounds(const struct options *options)
{
    assert(options->domain_count >= 1 || options->check_health);
    assert(options->domain_count <= DOMAINS_MAX);
    for (unsigned i = 0; i < options->domain_count; i++) {
        const struct domain *domain = &options->domains[i];
        assert(domain->wire_length >= 2 && domain->wire_length <= DOMAIN_WIRE_MAX);
        assert(domain->wire[domain->wire_length - 1] == 0);
        assert(strlen(domain->text) + 2 == domain->wire_length);
        check_tunnel(&options->tunnels[i]);
        assert(options_mtu(options, i) >= 1 && options_mtu(options, i) <= UINT16_MAX);
        assert(options_window(options, i) >= 1 && options_window(options, i) <= 3600);
    }
    assert(options->port_count >= 1 && options->port_count <= OPTIONS_PORTS_MAX);
    for (unsigned i = 0; i < options->port_count; i++) {
        assert(options->ports[i] > 0);
        for (unsigned j = 0; j < i; j++) {
            assert(options->ports[i] != options->ports[j]);
        }
    }
    assert(options->mtu >= 1 && options->mtu <= UINT16_MAX);
    assert(options->active_window >= 1 && options->active_window <= 3600);
    assert(options->framing == FRAMING_STRICT || options->framing == FRAMING_ANY);
    assert(strnlen(options->interface, sizeof options->interface) < sizeof options->interface);
    assert(options->ring_size >= 512 << 10 && options->ring_size <= 1 << 30);
    assert(options->ring_size % (256 << 10) == 0);
    assert(options->sessions_max >= 1000 && options->sessions_max <= 100000000);
    assert(options->sessions_remember >= 1000 && options->sessions_remember <= 100000000);
    assert(options->sessions_min_queries == 1 || options->sessions_min_queries == 2);
    assert(options->groups_max >= 1 && options->groups_max <= 1000000);
    assert(options->listen_count >= 1 && options->listen_count <= ADDRESSES_MAX);
    for (unsigned i = 0; i < options->listen_count; i++) {
        sa_family_t family = options->listen_addresses[i].socket.any.sa_family;
        assert(family == AF_INET || family == AF_INET6 || family == AF_UNIX);
    }
    assert(options->max_requests <= 1000);
    assert(options->web_config == NULL || options->web_config[0] != '\0');
    assert(options->telemetry_path[0] == '/' && strlen(options->telemetry_path) <= 128);
    assert(options->process_user[0] != '\0');
    assert(options->log_level >= LOG_DEBUG && options->log_level <= LOG_ERROR);
    assert(options->log_format == LOG_LOGFMT || options->log_format == LOG_JSON);
}

struct written {
    int count;
    char texts[WRITTEN_ARGUMENTS][WRITTEN_MAX];
    char *arguments[WRITTEN_ARGUMENTS + 1];
};

__attribute__((format(printf, 2, 3))) static void write_out(struct written *written,
                                                            const char *format, ...)
{
    assert(written->count < WRITTEN_ARGUMENTS);
    char *text = written->texts[written->count];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(text, WRITTEN_MAX, format, values);
    va_end(values);
    assert(length >= 0 && length < WRITTEN_MAX);
    written->arguments[written->count++] = text;
}

/* Dnstt by the flag for it where that says it all, else each key that was given. */
static void write_tunnel(struct written *written, const char *domain, const struct tunnel *tunnel)
{
    char keys[WRITTEN_MAX] = "";
    size_t length = 0;
    if (tunnel->format == TUNNEL_VAYDNS) {
        length += (size_t)snprintf(keys + length, sizeof keys - length, ",clientid-size=%u",
                                   tunnel->clientid_size);
    }
    if (tunnel->record_type != TUNNEL_TXT) {
        length += (size_t)snprintf(keys + length, sizeof keys - length, ",record-type=%s",
                                   tunnel_record_type_name(tunnel->record_type));
    }
    if (has_sizes(tunnel->format) && tunnel->mtu != 0) {
        length += (size_t)snprintf(keys + length, sizeof keys - length, ",mtu=%u", tunnel->mtu);
    }
    if (tunnel->active_window != 0) {
        length += (size_t)snprintf(keys + length, sizeof keys - length, ",active-window=%us",
                                   tunnel->active_window);
    }
    if (tunnel->format == TUNNEL_DNSTT && length == 0) {
        write_out(written, "-dnstt.domain=%s", domain);
    } else {
        write_out(written, "-dnstt.tunnel=%s,format=%s%s", domain,
                  tunnel_format_name(tunnel->format), keys);
    }
}

static bool same_tunnel(const struct tunnel *one, const struct tunnel *other)
{
    return one->format == other->format && one->record_type == other->record_type &&
           one->clientid_size == other->clientid_size && one->mtu == other->mtu &&
           one->active_window == other->active_window;
}

/* The numbers, names and words of the options as a command line. What goes into argv is left out:
 * it may be of any length. */
static void check_written_out(const struct options *options)
{
    static struct written written;
    static struct options again;
    struct flags_error error;
    written.count = 0;
    write_out(&written, "dnstt_exporter");
    for (unsigned i = 0; i < options->domain_count; i++) {
        write_tunnel(&written, options->domains[i].text, &options->tunnels[i]);
    }
    for (unsigned i = 0; i < options->port_count; i++) {
        write_out(&written, "-dnstt.port=%u", options->ports[i]);
    }
    write_out(&written, "-dnstt.mtu=%u", options->mtu);
    write_out(&written, "-dnstt.active-window=%us", options->active_window);
    write_out(&written, "-dnstt.framing=%s", options->framing == FRAMING_ANY ? "any" : "strict");
    write_out(&written, "-capture.interface=%s",
              options->interface[0] != '\0' ? options->interface : "all");
    write_out(&written, "-capture.ring-size=%zu", options->ring_size);
    write_out(&written, "-sessions.max=%u", options->sessions_max);
    write_out(&written, "-sessions.remember=%u", options->sessions_remember);
    write_out(&written, "-sessions.min-queries=%u", options->sessions_min_queries);
    write_out(&written, "-groups.max=%u", options->groups_max);
    write_out(&written, "-web.telemetry-path=%s", options->telemetry_path);
    write_out(&written, "-check.health=%s", options->check_health ? "true" : "false");
    written.arguments[written.count] = NULL;
    assert(flags_parse(written.count, written.arguments, &again, &error) == FLAGS_RUN);
    assert(again.domain_count == options->domain_count);
    assert(memcmp(again.domains, options->domains,
                  options->domain_count * sizeof options->domains[0]) == 0);
    for (unsigned i = 0; i < options->domain_count; i++) {
        assert(same_tunnel(&again.tunnels[i], &options->tunnels[i]));
    }
    assert(again.port_count == options->port_count);
    assert(memcmp(again.ports, options->ports, sizeof again.ports) == 0);
    assert(again.mtu == options->mtu && again.active_window == options->active_window);
    assert(again.framing == options->framing && again.ring_size == options->ring_size);
    assert(strcmp(again.interface, options->interface) == 0);
    assert(again.sessions_max == options->sessions_max);
    assert(again.sessions_remember == options->sessions_remember);
    assert(again.sessions_min_queries == options->sessions_min_queries);
    assert(again.groups_max == options->groups_max);
    assert(strcmp(again.telemetry_path, options->telemetry_path) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct options options;
    struct flags_error error;
    struct arguments arguments = take_apart(data, size);
    memset(&options, UNTOUCHED, sizeof options);
    memset(&error, UNTOUCHED, sizeof error);
    enum flags_result result = flags_parse(arguments.count, arguments.texts, &options, &error);
    assert(result == FLAGS_WRONG || is_untouched(&error, sizeof error));
    assert(result == FLAGS_RUN || is_untouched(&options, sizeof options));
    switch (result) {
    case FLAGS_RUN:
        check_bounds(&options);
        check_written_out(&options);
        break;
    case FLAGS_WRONG:
        check_error(&error);
        break;
    case FLAGS_HELP:
    case FLAGS_VERSION:
        break;
    default:
        abort();
    }
    release(&arguments);
    return 0;
}
