#include "exporter/exit_reason.h"

#include "common/log.h"
#include "common/wire.h"
#include "exporter/state/intake.h"
#include "exporter/state/state.h"
#include "exporter/system/systemd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { CAUSE_MAX = 96 };

static const char *exit_text(int status)
{
    switch (status) {
    case WIRE_EXIT_CHANNEL_CLOSED:
        return "it found the channel closed";
    case WIRE_EXIT_CHANNEL_BROKEN:
        return "it could not send";
    case WIRE_EXIT_INTERFACE_GONE:
        return "the watched interface was removed";
    case WIRE_EXIT_SOCKET_BROKEN:
        return "the packet socket failed";
    case WIRE_EXIT_SETUP:
        return "its sandbox could not be set up";
    default:
        return "it could not start";
    }
}

static void describe_death(bool exited, int status, char *cause, size_t size)
{
    if (exited) {
        snprintf(cause, size, "%s", exit_text(status));
    } else if (status == SIGSYS) {
        snprintf(cause, size, "killed by SIGSYS: a call outside the sniffer's syscall policy");
    } else {
        /* Real-time signals have no name. */
        const char *name = sigabbrev_np(status);
        snprintf(cause, size, "killed by signal %d%s%s", status, name != NULL ? ", SIG" : "",
                 name != NULL ? name : "");
    }
}

static const char *cause_of(enum loop_end end, const struct loop *loop, char *buffer, size_t size)
{
    switch (end) {
    case LOOP_DIED:
        describe_death(loop->exited, loop->status, buffer, size);
        return buffer;
    case LOOP_CLOSED:
        return "it closed the channel";
    case LOOP_FAULT:
        return intake_fault_text(&loop->state->intake, loop->fault);
    case LOOP_SILENT:
        return "no report within five seconds of the start";
    case LOOP_FAILED:
        return strerror(errno);
    case LOOP_RUNNING:
    case LOOP_STOPPED:
        break;
    }
    return "";
}

void exit_reason_log(enum loop_end end, const struct loop *loop)
{
    char buffer[CAUSE_MAX];
    const char *cause = cause_of(end, loop, buffer, sizeof buffer);
    const char *what = end == LOOP_DIED ? "the sniffer ended, so the exporter stops"
                       : end == LOOP_FAULT
                           ? "the sniffer sent an invalid message, so the exporter stops"
                       : end == LOOP_FAILED ? "the event loop failed, so the exporter stops"
                                            : "the sniffer was lost, so the exporter stops";
    log_line(LOG_ERROR, what, "cause", cause, NULL);
    systemd_failed(loop->systemd, what, cause);
}
