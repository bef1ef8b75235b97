#include "capture/refusal.h"

#include "capture/needs.h"
#include "capture/socket.h"
#include "capture/user.h"
#include "common/log.h"
#include "common/notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

void refusal_tell(const char *what, int error)
{
    log_line(LOG_ERROR, what, "error", strerror(-error), NULL);
    notify_failed_start(what, strerror(-error));
}

void refusal_tell_flag(const char *what, const char *flag, const char *value, const char *why)
{
    log_line(LOG_ERROR, what, "flag", flag, "value", value, "error", why, NULL);
    notify_failed_start(what, why);
}

/* The sniffer could not say it: it has no standard error any more when it finds out. */
bool refusal_of_kernel(void)
{
    static const char what[] = "this system cannot confine the programs";
    char text[NEEDS_TEXT_MAX];
    if (needs_check(text) == 0) {
        return false;
    }
    log_line(LOG_ERROR, what, "error", text, NULL);
    notify_failed_start(what, text);
    return true;
}

void refusal_tell_interface(const char *name, int error)
{
    refusal_tell_flag("cannot watch this interface; `ip link` lists those that exist",
                      "-capture.interface", name, strerror(-error));
}

void refusal_tell_list(int error)
{
    refusal_tell("cannot list the interfaces; name one by -capture.interface", error);
}

void refusal_tell_filter(int error)
{
    refusal_tell("cannot make the kernel filter; name one interface by -capture.interface", error);
}

/* What says more than the stage does, or NULL. */
static const char *socket_text(int error, const char *stage)
{
    if (error == -EPERM && user_is_in_namespace()) {
        return "cannot capture packets: in a user namespace, as in a rootless container, "
               "CAP_NET_RAW does not hold for the host's network; run as the host's root or grant "
               "it there";
    }
    if (error == -EPERM) {
        return "cannot capture packets; run as root or grant CAP_NET_RAW";
    }
    if (error == -ENOMEM && strcmp(stage, SOCKET_STAGE_FILTER) == 0) {
        return "the kernel cannot hold the filter; name one interface by -capture.interface, or "
               "raise net.core.optmem_max";
    }
    if (error == -ENOMEM) {
        return "cannot allocate the ring; give a smaller -capture.ring-size";
    }
    return NULL;
}

void refusal_tell_socket(int error, const char *stage)
{
    const char *text = socket_text(error, stage);
    if (text != NULL) {
        refusal_tell(text, error);
        return;
    }
    log_line(LOG_ERROR, "cannot capture packets", "stage", stage, "error", strerror(-error), NULL);
    notify_failed_start("cannot capture packets", strerror(-error));
}
