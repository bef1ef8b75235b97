#include "capture/check.h"

#include "capture/filter.h"
#include "capture/interface.h"
#include "capture/refusal.h"
#include "capture/socket.h"
#include "common/check.h"
#include "common/link.h"
#include "common/options.h"
#include "common/rtnetlink.h"
#include "common/sandbox.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* What is shown, and of which interface: 0: of all. */
struct shown {
    int named;
    struct interface_list list;
};

static bool is_down(struct nlmsghdr *header)
{
    struct ifinfomsg message;
    memcpy(&message, NLMSG_DATA(header), sizeof message);
    return (message.ifi_flags & IFF_UP) == 0;
}

/* What shows the same packets as an interface that is left out, or NULL. */
static const char *shown_by(const struct interface_list *list, int index)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (list->indexes[i] == index) {
            return list->shown_by[i];
        }
    }
    return NULL;
}

static void show_what_is_wrong(const struct interface_list *list, const struct link *link)
{
    for (unsigned i = 0; i < list->station_count; i++) {
        if (list->stations[i].index == link->index && interface_tells_station(list, i)) {
            check_line("interface %s: takes packets for another link-layer address, as for a "
                       "macvlan of another network namespace; what that sends is not counted",
                       link->name);
        }
    }
    for (unsigned i = 0; i < list->warning_count; i++) {
        if (list->warned[i] == link->index) {
            check_line("interface %s: cannot be counted right, it %s", link->name,
                       list->warnings[i]);
        }
    }
}

static int show_link(void *owner, struct nlmsghdr *header)
{
    const struct shown *shown = owner;
    struct link link;
    if (link_parse(header, &link) != 0 || (shown->named != 0 && link.index != shown->named)) {
        return 0;
    }
    const char *by = shown_by(&shown->list, link.index);
    if (by != NULL) {
        check_line("interface %s: left out, its packets are shown by %s", link.name, by);
    } else {
        check_line("interface %s: watched%s", link.name, is_down(header) ? ", down now" : "");
    }
    show_what_is_wrong(&shown->list, &link);
    return 0;
}

static enum check_status show_interfaces(const struct options *options, struct shown *shown)
{
    const char *name = options->interface;
    if (name[0] != '\0') {
        shown->named = (int)if_nametoindex(name);
        if (shown->named == 0) {
            refusal_tell_interface(name, -errno);
            check_line("interface %s: refused", name);
            return CHECK_REFUSED;
        }
    }
    int error = interface_list(shown->named, &shown->list);
    if (error == 0) {
        error = rtnetlink_dump(RTM_GETLINK, AF_UNSPEC, show_link, shown);
    }
    if (error != 0 && shown->named == 0) {
        refusal_tell_list(error);
        check_line("interfaces: refused");
        return CHECK_REFUSED;
    }
    if (error != 0) { /* as at a start, which does without the list */
        check_line("interface %s: watched", name);
    }
    if (shown->list.stations_too_many) {
        check_line("interfaces: too many macvlan interfaces, responses of some count twice, or "
                   "without their queries; name the interface by -capture.interface");
    }
    return CHECK_OK;
}

static enum check_status show_socket(const struct options *options, const struct shown *shown)
{
    static struct filter_program filter;
    const char *stage = "raise CAP_NET_RAW";
    int error = interface_filter(options, shown->named, &shown->list, &filter);
    if (error != 0) {
        refusal_tell_filter(error);
    } else {
        error = sandbox_raise(CAP_NET_RAW);
        if (error == 0) {
            error = socket_try(&filter, &stage);
        }
        if (error != 0) {
            refusal_tell_socket(error, stage);
        }
    }
    check_line("packet socket: %s", error == 0 ? "may be opened" : "refused");
    return error == 0 ? CHECK_OK : CHECK_REFUSED;
}

enum check_status check_capture(const struct options *options)
{
    static struct shown shown;
    enum check_status status = show_interfaces(options, &shown);
    return check_worse(status, show_socket(options, &shown));
}
