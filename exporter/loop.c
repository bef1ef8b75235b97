#include "exporter/loop.h"

#include "common/channel.h"
#include "common/log.h"
#include "common/wire.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/rounding.h"
#include "exporter/http/http.h"
#include "exporter/interface_warnings.h"
#include "exporter/reload.h"
#include "exporter/state/hints.h"
#include "exporter/state/state.h"
#include "exporter/system/systemd.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_PER_TURN = 8,
    MILLISECONDS = 1000,
};

struct timer_now loop_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (struct timer_now){
        .second = (uint32_t)now.tv_sec,
        .millisecond = (uint32_t)(now.tv_nsec / 1000000),
    };
}

void loop_add(struct loop *loop, struct timer timer)
{
    loop->timers[loop->timer_count++] = timer;
}

static int watch(const struct loop *loop, int descriptor)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
}

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    /* Ignore a child that stops or continues. */
    const struct sigaction only_death = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || sigaction(SIGCHLD, &only_death, NULL) != 0) {
        return -errno;
    }
    signal(SIGPIPE, SIG_IGN);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return descriptor >= 0 ? descriptor : -errno;
}

int loop_open(struct loop *loop)
{
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        return -errno;
    }
    loop->signals = open_signals();
    if (loop->signals < 0) {
        return loop->signals;
    }
    loop->account = 0;
    loop->account_second = loop_now().second;
    loop->closed_second = 0;
    loop->paused_second = 0;
    loop->told_second = 0;
    loop->late = false;
    const int watched[] = {loop->channel, loop->signals, http_descriptor(loop->http)};
    int error = 0;
    for (size_t i = 0; error == 0 && i < sizeof watched / sizeof *watched; i++) {
        error = watch(loop, watched[i]);
    }
    for (unsigned i = 0; error == 0 && i < loop->listener_count; i++) {
        error = watch(loop, loop->listeners[i].descriptor);
    }
    if (error == 0 && loop->interfaces->descriptor >= 0) {
        error = watch(loop, loop->interfaces->descriptor);
    }
    return error;
}

static bool is_silent(const struct loop *loop)
{
    return loop->state->sniffer_up == 0;
}

/* Until check_time has something to do: in the next second while it waits to resume or to end, else
 * when it would report silence, and at the same interval after that. */
static int own_wait(const struct loop *loop, struct timer_now now)
{
    if (loop->closed_second != 0 || loop->paused_second != 0) {
        return timer_until(now, now.second + 1);
    }
    const uint32_t last = loop->account_second + LOOP_STALE_SECONDS;
    return now.second > last ? LOOP_STALE_SECONDS * MILLISECONDS : timer_until(now, last + 1);
}

static int next_timeout(const struct loop *loop)
{
    struct timer_now now = loop_now();
    int timeout = own_wait(loop, now);
    for (unsigned i = 0; i < loop->timer_count; i++) {
        int wait = loop->timers[i].wait(loop->timers[i].owner, now);
        if (wait >= 0 && wait < timeout) {
            timeout = wait;
        }
    }
    return timeout;
}

static enum loop_end take_signals(struct loop *loop)
{
    struct signalfd_siginfo info;
    while (read(loop->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            reload_request(loop->reload);
        } else if (info.ssi_signo != SIGCHLD) {
            return LOOP_STOPPED;
        } else if ((pid_t)info.ssi_pid == loop->sniffer) {
            /* waitid(2) would give the same, for one more system call. Nobody has to reap. */
            loop->exited = info.ssi_code == CLD_EXITED;
            loop->status = info.ssi_status;
            return LOOP_DIED;
        }
    }
    return LOOP_RUNNING;
}

static void note_account(struct loop *loop, uint32_t now)
{
    if (loop->state->intake.stats.header.sequence == loop->account) {
        return;
    }
    loop->account = loop->state->intake.stats.header.sequence;
    loop->account_second = now;
    if (is_silent(loop)) {
        log_line(LOG_INFO, "the sniffer is reporting again", NULL);
    }
    loop->state->sniffer_up = 1;
    loop->late = false;
    limit_warnings_log(&loop->limits, loop->state);
    /* Feed the watchdog only here: the event loop runs, and the sniffer reports. */
    systemd_alive(loop->systemd,
                  rounding_up(groups_active(&loop->state->counts.groups),
                              rounding_step(ROUNDING_SESSIONS, loop->state->options.privacy_round)),
                  hints_first(&loop->state->hints), now);
}

/* If messages queued this long and no silence was logged, this process stalled, not the sniffer:
 * restart the timer for the STATS that are queued with them. */
static void note_lateness(struct loop *loop, uint32_t now)
{
    if (is_silent(loop) || loop->late || now <= loop->account_second + LOOP_STALE_SECONDS) {
        return;
    }
    log_line(LOG_WARN, "this process stalled; packets may have been lost meanwhile", NULL);
    loop->account_second = now;
    loop->late = true;
}

static enum loop_end take_messages(struct loop *loop, uint32_t now)
{
    static union wire_message message;
    for (unsigned i = 0; i < LOOP_MESSAGES_PER_TURN; i++) {
        uint64_t down = loop->state->intake.stats.interface_down;
        long length = channel_receive(loop->channel, &message);
        if (length == -EAGAIN || length == -EINTR) {
            break;
        }
        if (length <= 0) {
            /* SIGCHLD says a moment later how the sniffer ended. */
            epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->channel, NULL);
            loop->closed_second = now;
            break;
        }
        note_lateness(loop, now);
        loop->fault = intake_take(&loop->state->intake, &message, (size_t)length, now);
        if (loop->fault != INTAKE_OK) {
            return LOOP_FAULT;
        }
        if (loop->state->intake.stats.interface_down != down) {
            log_line(LOG_WARN, "the interface went down; counting continues when it is up", NULL);
        }
    }
    note_account(loop, now);
    return LOOP_RUNNING;
}

static void watch_listeners(const struct loop *loop, bool wanted)
{
    for (unsigned i = 0; i < loop->listener_count; i++) {
        struct epoll_event event = {
            .events = wanted ? EPOLLIN : 0,
            .data.fd = loop->listeners[i].descriptor,
        };
        epoll_ctl(loop->epoll, EPOLL_CTL_MOD, event.data.fd, &event);
    }
}

/* A connection that cannot be accepted would wake the loop without end. */
static void pause_listening(struct loop *loop, uint32_t now)
{
    watch_listeners(loop, false);
    loop->paused_second = now;
    if (loop->told_second == 0 || now - loop->told_second > LOOP_TELL_SECONDS) {
        log_line(LOG_WARN, "no file descriptor or memory left for a new connection; scrapes wait",
                 NULL);
        loop->told_second = now;
    }
}

static enum loop_end check_time(struct loop *loop, uint32_t now)
{
    if (loop->paused_second != 0 && now != loop->paused_second) {
        watch_listeners(loop, true);
        loop->paused_second = 0;
    }
    if (loop->closed_second != 0 && now > loop->closed_second + LOOP_CLOSED_SECONDS) {
        return LOOP_CLOSED;
    }
    if (!is_silent(loop) && now > loop->account_second + LOOP_STALE_SECONDS) {
        log_line(LOG_WARN, "the sniffer is silent", NULL);
        loop->state->sniffer_up = 0;
    }
    return LOOP_RUNNING;
}

/* The listening socket of a descriptor, or NULL. */
static const struct listener *listener_of(const struct loop *loop, int descriptor)
{
    for (unsigned i = 0; i < loop->listener_count; i++) {
        if (loop->listeners[i].descriptor == descriptor) {
            return &loop->listeners[i];
        }
    }
    return NULL;
}

static void take_connections(struct loop *loop, int descriptor, uint32_t now)
{
    const struct listener *listener = listener_of(loop, descriptor);
    if (listener != NULL && !http_accept(loop->http, listener, now)) {
        pause_listening(loop, now);
    }
}

static void run_timers(struct loop *loop)
{
    struct timer_now now = loop_now();
    for (unsigned i = 0; i < loop->timer_count; i++) {
        loop->timers[i].run(loop->timers[i].owner, now);
    }
}

static enum loop_end turn(struct loop *loop)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int count = epoll_wait(loop->epoll, events, EVENTS_PER_TURN, next_timeout(loop));
    if (count < 0) {
        /* For example stopped and continued: the next turn takes what came meanwhile. */
        return errno == EINTR ? LOOP_RUNNING : LOOP_FAILED;
    }
    uint32_t now = loop_now().second;
    enum loop_end end = LOOP_RUNNING;
    for (int i = 0; end == LOOP_RUNNING && i < count; i++) {
        if (events[i].data.fd == loop->signals) {
            end = take_signals(loop);
        } else if (events[i].data.fd == loop->channel) {
            end = take_messages(loop, now);
        } else if (events[i].data.fd == loop->interfaces->descriptor) {
            interface_warnings_take(loop->interfaces, now);
        } else {
            take_connections(loop, events[i].data.fd, now);
        }
    }
    if (end == LOOP_RUNNING) {
        end = check_time(loop, now);
    }
    if (end == LOOP_RUNNING) {
        run_timers(loop);
    }
    return end;
}

enum loop_end loop_until_ready(struct loop *loop)
{
    enum loop_end end = LOOP_RUNNING;
    while (end == LOOP_RUNNING && loop->account == 0) {
        if (loop_now().second > loop->account_second + LOOP_HELLO_SECONDS) {
            return LOOP_SILENT;
        }
        end = turn(loop);
    }
    return end;
}

enum loop_end loop_run(struct loop *loop)
{
    enum loop_end end;
    do {
        end = turn(loop);
    } while (end == LOOP_RUNNING);
    return end;
}
