#include "exporter/obituary.h"

#include "common/log.h"
#include "common/wire.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

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
        return "its sandbox could not be put on";
    default:
        return "it could not start";
    }
}

static void log_death(bool exited, int status)
{
    char cause[96];
    if (exited) {
        snprintf(cause, sizeof cause, "%s", exit_text(status));
    } else if (status == SIGSYS) {
        snprintf(cause, sizeof cause,
                 "killed by SIGSYS: a call outside the sniffer's syscall policy");
    } else {
        /* Real-time signals have no name. */
        const char *name = sigabbrev_np(status);
        snprintf(cause, sizeof cause, "killed by signal %d%s%s", status,
                 name != NULL ? ", SIG" : "", name != NULL ? name : "");
    }
    log_line(LOG_ERROR, "the sniffer has ended, so the exporter ends", "cause", cause, NULL);
}

void obituary_log(enum loop_end end, const struct loop *loop)
{
    switch (end) {
    case LOOP_DIED:
        log_death(loop->exited, loop->status);
        break;
    case LOOP_CLOSED:
        log_line(LOG_ERROR, "the channel from the sniffer ended, so the exporter ends", NULL);
        break;
    case LOOP_FAULT:
        log_line(LOG_ERROR, "the sniffer sent a wrong message, so the exporter ends", "cause",
                 intake_fault_text(loop->intake, loop->fault), NULL);
        break;
    case LOOP_SILENT:
        log_line(LOG_ERROR, "the sniffer did not report in time, so the exporter ends", NULL);
        break;
    case LOOP_FAILED:
        log_line(LOG_ERROR, "the event loop failed", "error", strerror(errno), NULL);
        break;
    case LOOP_RUNNING:
    case LOOP_STOPPED:
        break;
    }
}
