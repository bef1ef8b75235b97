/*
 * The event loop: one epoll(7) set over the channel, the listening socket, the HTTP server and the
 * signals. One thread, and nothing blocks. Each turn takes a bounded number of messages and
 * connections and a block of each reply. What holds it for longest grows with the limits: a table
 * of sessions that is copied as it grows, some 30 ms for each million, and the sweep once a second,
 * some 1.4 ms for each; then databases that are read anew, and passwords
 * (exporter/web_config/password.h). The channel and the ring hold what comes meanwhile.
 */
#ifndef EXPORTER_LOOP_H
#define EXPORTER_LOOP_H

#include "exporter/http/listen.h"
#include "exporter/intake.h"
#include "exporter/limit_warnings.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct distinct;
struct groups;
struct history;
struct http;
struct reload;
struct sessions;
struct systemd;

enum {
    LOOP_HELLO_SECONDS = 5,  /* from the start to the first account */
    LOOP_STALE_SECONDS = 5,  /* between two accounts: more than three heartbeats */
    LOOP_TELL_SECONDS = 60,  /* between two lines about a shortage of descriptors */
    LOOP_CLOSED_SECONDS = 1, /* from the end of the channel to that of the sniffer */
    /* Messages taken in one turn: some half a millisecond's work. */
    LOOP_MESSAGES_PER_TURN = 8,
};

enum loop_end {
    LOOP_RUNNING, /* no end */
    LOOP_STOPPED, /* SIGINT or SIGTERM */
    LOOP_DIED,    /* the sniffer ended: loop->status says how */
    LOOP_CLOSED,  /* the channel ended, and the sniffer did not */
    LOOP_FAULT,   /* the sniffer sent what it must not: loop->fault */
    LOOP_SILENT,  /* no first account in time */
    LOOP_FAILED,  /* epoll itself failed */
};

struct loop {
    int epoll;
    int signals; /* signalfd(2) */
    int channel;
    struct listener listeners[LISTEN_SOCKETS_MAX];
    unsigned listener_count;
    pid_t sniffer;
    struct http *http; /* not owned, as the others */
    struct intake *intake;
    struct groups *groups;
    struct distinct *distinct;
    struct sessions *sessions;
    struct reload *reload;
    struct systemd *systemd;
    struct limit_warnings limits;
    struct history *history;
    uint64_t account;        /* sequence of the latest STATS */
    uint32_t account_second; /* when it came */
    uint32_t closed_second;  /* when the channel ended; 0: it has not */
    uint32_t paused_second;  /* when connections ceased to be taken; 0: they are */
    uint32_t told_second;    /* when the log last said so; 0: never */
    bool stale;              /* said so in the log */
    bool late;               /* since the latest STATS this process was the one that was late */
    enum intake_fault fault;
    bool exited; /* with LOOP_DIED: the sniffer ended by itself; false: by a signal */
    int status;  /* with LOOP_DIED: its exit status, or the signal's number */
};

/* Seconds of CLOCK_BOOTTIME: a step of the wall clock changes nothing, and time that the host
 * slept counts. */
uint32_t loop_seconds(void);

/* Opens epoll and the signals, which are blocked from then on. The fields above `account` that
 * name a descriptor or an object, but epoll and signals, are set by the caller. Returns 0 or
 * -errno. */
int loop_open(struct loop *loop);

/* Runs until the first account has come, or something ends it: LOOP_RUNNING means that all is
 * well. */
enum loop_end loop_until_ready(struct loop *loop);

/* Runs until something ends it. */
enum loop_end loop_run(struct loop *loop);

#endif
