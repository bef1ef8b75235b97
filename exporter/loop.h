/*
 * The event loop: one epoll(7) set over the channel, the listening socket, the HTTP server, the
 * signals and what the kernel tells of interfaces. One thread, and nothing blocks. Each turn takes
 * a bounded number of messages and connections and a block of each reply. The longest delays grow
 * with the limits: copying a table of sessions as it grows, some 30 ms per million, and the sweep
 * once a second, some 1.4 ms per million; then database reloads and passwords
 * (exporter/web_config/password.h). The channel and the ring hold what comes meanwhile.
 */
#ifndef EXPORTER_LOOP_H
#define EXPORTER_LOOP_H

#include "exporter/http/listen.h"
#include "exporter/limit_warnings.h"
#include "exporter/state/intake.h"
#include "exporter/system/timer.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct http;
struct interface_warnings;
struct reload;
struct state;
struct systemd;

enum {
    LOOP_HELLO_SECONDS = 5,  /* from the start to the first STATS */
    LOOP_STALE_SECONDS = 5,  /* between two STATS: more than three heartbeats */
    LOOP_TELL_SECONDS = 60,  /* between two lines about a shortage of descriptors */
    LOOP_CLOSED_SECONDS = 1, /* from the end of the channel to the exit of the sniffer */
    /* Messages taken in one turn: some half a millisecond's work. */
    LOOP_MESSAGES_PER_TURN = 8,
    LOOP_TIMERS_MAX = 8, /* one for each owner, and room */
};

enum loop_end {
    LOOP_RUNNING, /* no end */
    LOOP_STOPPED, /* SIGINT or SIGTERM */
    LOOP_DIED,    /* the sniffer ended: loop->status says how */
    LOOP_CLOSED,  /* the channel ended, but the sniffer did not */
    LOOP_FAULT,   /* the sniffer sent a wrong message: loop->fault */
    LOOP_SILENT,  /* no first STATS in time */
    LOOP_FAILED,  /* epoll itself failed */
};

struct loop {
    int epoll;
    int signals; /* signalfd(2) */
    int channel;
    struct listener listeners[LISTEN_SOCKETS_MAX];
    unsigned listener_count;
    pid_t sniffer;
    struct state *state; /* not owned, as the others */
    struct http *http;
    struct reload *reload;
    struct interface_warnings *interfaces;
    struct systemd *systemd;
    struct timer timers[LOOP_TIMERS_MAX]; /* of loop_add, in the order in which they run */
    unsigned timer_count;
    struct limit_warnings limits;
    uint64_t account;        /* sequence of the latest STATS */
    uint32_t account_second; /* when it came */
    uint32_t closed_second;  /* when the channel ended; 0: it has not */
    uint32_t paused_second;  /* when accepting connections paused; 0: not paused */
    uint32_t told_second;    /* when the pause was last logged; 0: never */
    bool late;               /* this process has stalled since the latest STATS */
    enum intake_fault fault;
    bool exited; /* with LOOP_DIED: the sniffer exited; false: killed by a signal */
    int status;  /* with LOOP_DIED: its exit status, or the signal number */
};

struct timer_now loop_now(void);

/* Registers a timer: at most LOOP_TIMERS_MAX, before the loop runs. */
void loop_add(struct loop *loop, struct timer timer);

/* Opens epoll and the signals, which are blocked from then on. The caller sets the fields above
 * `account` that name a descriptor or an object, except epoll and signals. Returns 0 or -errno. */
int loop_open(struct loop *loop);

/* Runs until the first STATS message, or until something ends it. LOOP_RUNNING means that all is
 * well. */
enum loop_end loop_until_ready(struct loop *loop);

/* Runs until something ends it. */
enum loop_end loop_run(struct loop *loop);

#endif
