#include "exporter/interface_warnings.h"

#include "common/link.h"
#include "common/log.h"
#include "common/rtnetlink.h"
#include "exporter/system/link_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <sys/socket.h>

static int know(void *owner, struct nlmsghdr *header)
{
    struct link link;
    if (link_parse(header, &link) == 0) {
        interfaces_know(owner, &link);
    }
    return 0;
}

static void take(void *owner, const struct nlmsghdr *header, uint32_t now)
{
    interfaces_take(owner, header, now);
}

/* The list is asked for on a socket of its own, once the other one listens: what changes meanwhile
 * is told there, and says the same or more. */
int interface_warnings_open(uint64_t *changed, struct interface_warnings *out)
{
    out->changed = changed;
    out->descriptor = link_socket_open();
    if (out->descriptor < 0) {
        return out->descriptor;
    }
    int error = rtnetlink_dump(RTM_GETLINK, AF_UNSPEC, know, &out->interfaces);
    if (error == 0 && out->interfaces.too_many) {
        log_line(LOG_WARN,
                 "more than 4096 interfaces: changes of the others, and new ones, are not noticed",
                 NULL);
    }
    return error;
}

_Static_assert(INTERFACES_MAX == 4096, "as the log tells");

void interface_warnings_none(struct interface_warnings *out)
{
    out->descriptor = -1;
}

static void log_missed(struct interface_warnings *warnings)
{
    if (!warnings->missed) {
        log_line(LOG_WARN,
                 "changes of interfaces were missed, so packets may count twice or not at all; "
                 "restart",
                 NULL);
    }
    warnings->missed = true;
    *warnings->changed = 1;
}

void interface_warnings_take(struct interface_warnings *warnings, uint32_t now)
{
    for (unsigned i = 0; i < INTERFACE_WARNINGS_READS; i++) {
        int error = link_socket_read(warnings->descriptor, take, &warnings->interfaces, now);
        if (error == -EAGAIN) {
            break;
        }
        if (error != 0 && error != -EINTR) {
            log_missed(warnings);
        }
    }
}

static void log_change(const struct interface *interface)
{
    static const char *const texts[] = {
        [INTERFACE_UNCHANGED] = "",
        [INTERFACE_DOUBLED] = "another interface shows the same packets now, so that they count "
                              "twice; restart",
        [INTERFACE_MISSED] = "no other interface shows the same packets now, so that they do not "
                             "count; restart",
        [INTERFACE_BORN] = "a new interface shows packets that another one shows too, so that they "
                           "count twice; restart",
    };
    log_line(LOG_WARN, texts[interface->change], "interface", interface->name,
             interface->shown_by[0] != '\0' ? "shown_by" : NULL, interface->shown_by, NULL);
}

/* A container may make any number of interfaces, and the log has to stay readable. */
static void log_bounded(struct interface_warnings *warnings, const struct interface *interface)
{
    if (warnings->lines < INTERFACE_WARNINGS_LINES) {
        log_change(interface);
    } else if (warnings->lines == INTERFACE_WARNINGS_LINES) {
        log_line(LOG_WARN, "more interfaces change, and are not named any more; restart", NULL);
    } else {
        return;
    }
    warnings->lines++;
}

static void tell(void *owner, struct timer_now now)
{
    struct interface_warnings *warnings = owner;
    const struct interface *interface;
    while ((interface = interfaces_tell(&warnings->interfaces, now.second)) != NULL) {
        log_bounded(warnings, interface);
        *warnings->changed = 1;
    }
}

static int wait(const void *owner, struct timer_now now)
{
    const struct interface_warnings *warnings = owner;
    return interfaces_wait(&warnings->interfaces, now);
}

struct timer interface_warnings_timer(struct interface_warnings *warnings)
{
    return (struct timer){.owner = warnings, .wait = wait, .run = tell};
}
