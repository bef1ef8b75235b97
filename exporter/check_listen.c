#include "exporter/check_listen.h"

#include "common/address.h"
#include "common/number.h"

#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ADDRESS_WORDS = 4,
    WORD_DIGITS = 8,
    ADDRESS_DIGITS = ADDRESS_WORDS * WORD_DIGITS,
    V4_PREFIX_DIGITS = ADDRESS_DIGITS - WORD_DIGITS,
    UNPRIVILEGED_PORT = 1024, /* where the kernel does not tell another one */
};

/* A socket's end as /proc/net/tcp6 writes it, "32 hexadecimal digits:port"; IPv4 as
 * ::ffff:a.b.c.d. */
struct end {
    char text[ADDRESS_DIGITS + sizeof ":FFFF"];
};

static struct end end_of(const struct in6_addr *address, in_port_t port)
{
    struct end end;
    uint32_t words[ADDRESS_WORDS];
    memcpy(words, address, sizeof words);
    snprintf(end.text, sizeof end.text, "%08" PRIX32 "%08" PRIX32 "%08" PRIX32 "%08" PRIX32 ":%04X",
             words[0], words[1], words[2], words[3], (unsigned)ntohs(port));
    return end;
}

static struct in6_addr mapped(const struct in_addr *address)
{
    struct in6_addr mapped = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&mapped.s6_addr[12], address, sizeof *address);
    return mapped;
}

static struct in6_addr in6_of(const struct address *address)
{
    return address->socket.any.sa_family == AF_INET ? mapped(&address->socket.v4.sin_addr)
                                                    : address->socket.v6.sin6_addr;
}

static struct end end_of_address(const struct address *address)
{
    struct in6_addr in6 = in6_of(address);
    /* The port has one place in both families. */
    return end_of(&in6, address->socket.v4.sin_port);
}

_Static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
               "as end_of_address reads it");

static bool is_v4(const struct end *end, const struct end *every_v4)
{
    return memcmp(end->text, every_v4->text, V4_PREFIX_DIGITS) == 0;
}

static bool ends_overlap(const struct end *one, const struct end *other)
{
    const struct end every = end_of(&in6addr_any, 0);
    const struct in6_addr any4 = mapped(&(struct in_addr){.s_addr = INADDR_ANY});
    const struct end every_v4 = end_of(&any4, 0);
    if (strcmp(one->text + ADDRESS_DIGITS, other->text + ADDRESS_DIGITS) != 0) {
        return false; /* another port */
    }
    if (memcmp(one->text, other->text, ADDRESS_DIGITS) == 0 ||
        memcmp(one->text, every.text, ADDRESS_DIGITS) == 0 ||
        memcmp(other->text, every.text, ADDRESS_DIGITS) == 0) {
        return true;
    }
    return is_v4(one, &every_v4) && is_v4(other, &every_v4) &&
           (memcmp(one->text, every_v4.text, ADDRESS_DIGITS) == 0 ||
            memcmp(other->text, every_v4.text, ADDRESS_DIGITS) == 0);
}

bool check_listen_overlap(const struct address *one, const struct address *other)
{
    if (one->socket.any.sa_family == AF_UNIX || other->socket.any.sa_family == AF_UNIX) {
        return address_equal(one, other);
    }
    const struct end ends[] = {end_of_address(one), end_of_address(other)};
    return ends_overlap(&ends[0], &ends[1]);
}

bool check_listen_line_overlaps(const struct address *address, const char *line)
{
    /* "  0: 0100007F:25F1 00000000:0000 0A …": the local end, the peer's and the state. */
    static const char listening[] = "0A";
    char local[sizeof((struct end *)NULL)->text];
    char state[sizeof listening];
    if (sscanf(line, "%*s %37s %*s %2s", local, state) != 2 || strcmp(state, listening) != 0) {
        return false;
    }
    const struct in6_addr any4 = mapped(&(struct in_addr){.s_addr = INADDR_ANY});
    struct end end = end_of(&any4, 0);
    if (strlen(local) == WORD_DIGITS + strlen(":FFFF")) { /* IPv4 */
        memcpy(end.text + V4_PREFIX_DIGITS, local, sizeof end.text - V4_PREFIX_DIGITS);
    } else if (strlen(local) == sizeof end.text - 1) {
        memcpy(end.text, local, sizeof end.text);
    } else {
        return false;
    }
    const struct end own = end_of_address(address);
    return ends_overlap(&own, &end);
}

/* Whether a path has a listening socket, by a line of /proc/net/unix: "number references protocol
 * flags type state inode path", where the flags say that it accepts connections. */
static bool unix_line_is(const struct address *address, const char *line)
{
    static const char accepting[] = "00010000";
    char flags[sizeof accepting];
    int path = 0;
    if (sscanf(line, "%*s %*s %*s %8s %*s %*s %*s %n", flags, &path) != 1 || path == 0 ||
        strcmp(flags, accepting) != 0) {
        return false;
    }
    size_t length = strcspn(line + path, "\n");
    const char *own = address->socket.local.sun_path;
    return strlen(own) == length && memcmp(own, line + path, length) == 0;
}

typedef bool line_test(const struct address *address, const char *line);

/* Whether any line of the file is one of the address. Returns 1 or 0, or -errno without the file.
 */
static int search(const char *file, line_test *test, const struct address *address)
{
    char *line = NULL;
    size_t size = 0;
    int found = 0;
    FILE *stream = fopen(file, "re");
    if (stream == NULL) {
        return -errno;
    }
    while (found == 0 && getline(&line, &size, stream) > 0) {
        found = test(address, line) ? 1 : 0;
    }
    free(line);
    fclose(stream);
    return found;
}

/* A number that the kernel tells, or what it is where it does not. */
static uint64_t setting(const char *file, uint64_t otherwise)
{
    char text[16] = "";
    uint64_t value = otherwise;
    FILE *stream = fopen(file, "re");
    if (stream == NULL) {
        return otherwise;
    }
    if (fgets(text, sizeof text, stream) != NULL) {
        text[strcspn(text, "\n")] = '\0';
        (void)number_parse(text, 0, UINT16_MAX + 1, &value);
    }
    fclose(stream);
    return value;
}

static bool is_of_interface(const struct in6_addr *address)
{
    struct ifaddrs *all;
    bool found = false;
    if (getifaddrs(&all) != 0) {
        return true; /* not known: nothing to say against it */
    }
    for (const struct ifaddrs *one = all; one != NULL && !found; one = one->ifa_next) {
        const void *socket = one->ifa_addr;
        struct in6_addr own = in6addr_any;
        if (socket != NULL && one->ifa_addr->sa_family == AF_INET) {
            own = mapped(&((const struct sockaddr_in *)socket)->sin_addr);
        } else if (socket != NULL && one->ifa_addr->sa_family == AF_INET6) {
            own = ((const struct sockaddr_in6 *)socket)->sin6_addr;
        }
        found = IN6_ARE_ADDR_EQUAL(&own, address);
    }
    freeifaddrs(all);
    return found;
}

/* Whether this host has the address: one of an interface, all of them, or one of 127.0.0.0/8. */
static bool is_own(const struct address *address)
{
    const struct in6_addr in6 = in6_of(address);
    const bool v4 = IN6_IS_ADDR_V4MAPPED(&in6) != 0;
    if (IN6_IS_ADDR_UNSPECIFIED(&in6) ||
        (v4 && (in6.s6_addr[12] == IN_LOOPBACKNET || memcmp(&in6.s6_addr[12], "\0\0\0", 4) == 0))) {
        return true;
    }
    return setting(v4 ? "/proc/sys/net/ipv4/ip_nonlocal_bind"
                      : "/proc/sys/net/ipv6/ip_nonlocal_bind",
                   0) != 0 ||
           is_of_interface(&in6);
}

static int look_at_port(const struct address *address, enum check_place *place)
{
    if (!is_own(address)) {
        return -EADDRNOTAVAIL;
    }
    if (ntohs(address->socket.v4.sin_port) <
        setting("/proc/sys/net/ipv4/ip_unprivileged_port_start", UNPRIVILEGED_PORT)) {
        return -EACCES;
    }
    int found = search("/proc/net/tcp", check_listen_line_overlaps, address);
    if (found == 0) { /* without IPv6 there is no such file */
        found = search("/proc/net/tcp6", check_listen_line_overlaps, address) > 0;
    }
    *place = found < 0 ? CHECK_PLACE_UNKNOWN : found != 0 ? CHECK_PLACE_IN_USE : CHECK_PLACE_FREE;
    return 0;
}

/* Whether this user may make and remove files in the folder of a path. */
static int may_write_beside(const char *path)
{
    char folder[sizeof((struct sockaddr_un *)NULL)->sun_path];
    snprintf(folder, sizeof folder, "%s", path);
    *(strrchr(folder, '/') + 1) = '\0'; /* the path is absolute */
    return access(folder, W_OK | X_OK) == 0 ? 0 : -errno;
}

static int look_at_path(const struct address *address, enum check_place *place)
{
    const char *path = address->socket.local.sun_path;
    struct stat status;
    if (lstat(path, &status) != 0) {
        *place = CHECK_PLACE_FREE;
        return may_write_beside(path);
    }
    if (!S_ISSOCK(status.st_mode)) {
        return -EEXIST;
    }
    int found = search("/proc/net/unix", unix_line_is, address);
    if (found != 0) {
        *place = found < 0 ? CHECK_PLACE_UNKNOWN : CHECK_PLACE_IN_USE;
        return 0;
    }
    *place = CHECK_PLACE_STALE;
    /* A start asks whether somebody listens, which takes the right to write to it. */
    return access(path, W_OK) == 0 ? may_write_beside(path) : -errno;
}

int check_listen(const struct address *address, enum check_place *place)
{
    return address->socket.any.sa_family == AF_UNIX ? look_at_path(address, place)
                                                    : look_at_port(address, place);
}
