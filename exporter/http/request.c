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

bool request_host_is_loopback(const char *host)
{
    char name[HOST_MAX];
    struct in_addr address;
    size_t length = strlen(host);
    if (length >= sizeof name) {
        return false;
    }
    memcpy(name, host, length + 1);
    if (!cut_port(name)) {
        return false;
    }
    if (strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0) {
        return true;
    }
    return inet_pton(AF_INET, name, &address) == 1 && ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
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
