#include "exporter/http/request.h"

#include "common/number.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 64 }; /* bytes: longer than any address in brackets with a port */

struct findings {
    unsigned hosts;
    bool body;
    const char *host;
};

static enum MHD_Result look_at(void *context, enum MHD_ValueKind kind, const char *name,
                               const char *value)
{
    struct findings *findings = context;
    (void)kind;
    if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) {
        findings->hosts++;
        findings->host = value;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 ||
               strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        findings->body = true;
    }
    return MHD_YES;
}

/* Cuts a port off; false when the text after the colon is not a port. */
static bool cut_port(char *host)
{
    uint64_t port;
    char *colon = strrchr(host, ':');
    if (colon == NULL || strchr(colon, ']') != NULL) {
        return true;
    }
    *colon = '\0';
    return number_parse(colon + 1, 0, UINT16_MAX, &port) == 0;
}

/* An IPv4 address in any form that inet_aton(3) reads, such as 127.1. No browser asks DNS for a
 * name that ends in a number, so no DNS can make such a name. */
static bool is_ipv4_loopback(const char *name)
{
    struct in_addr address;
    /* inet_aton itself takes anything behind a space. */
    return name[strspn(name, "0123456789abcdefABCDEFxX.")] == '\0' &&
           inet_aton(name, &address) != 0 && ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* An IPv6 address in brackets: ::1, or 127.0.0.0/8 mapped into IPv6. */
static bool is_ipv6_loopback(char *name)
{
    struct in6_addr address;
    size_t length = strlen(name);
    if (length < 2 || name[0] != '[' || name[length - 1] != ']') {
        return false;
    }
    name[length - 1] = '\0';
    return inet_pton(AF_INET6, name + 1, &address) == 1 &&
           (IN6_IS_ADDR_LOOPBACK(&address) ||
            (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == IN_LOOPBACKNET));
}

/* Cuts off the dot that ends a full name. */
static void cut_root(char *name)
{
    size_t length = strlen(name);
    if (length > 0 && name[length - 1] == '.') {
        name[length - 1] = '\0';
    }
}

bool request_host_is_loopback(const char *host)
{
    char name[HOST_MAX];
    size_t length = strlen(host);
    if (length >= sizeof name) {
        return false;
    }
    memcpy(name, host, length + 1);
    if (!cut_port(name)) {
        return false;
    }
    if (is_ipv6_loopback(name)) {
        return true;
    }
    cut_root(name);
    return strcasecmp(name, "localhost") == 0 || is_ipv4_loopback(name);
}

enum page request_check(struct MHD_Connection *connection, const char *target, const char *method,
                        bool loopback)
{
    struct findings findings = {.hosts = 0};
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return PAGE_WRONG_METHOD;
    }
    MHD_get_connection_values(connection, MHD_HEADER_KIND, look_at, &findings);
    if (findings.body || findings.hosts > 1 || target[0] != '/') {
        return PAGE_BAD_REQUEST;
    }
    bool foreign = findings.host != NULL && !request_host_is_loopback(findings.host);
    return loopback && foreign ? PAGE_FORBIDDEN : PAGE_NONE;
}
