/*
 * dnstt_exporter, the program that is started. It opens the packet socket with CAP_NET_RAW, gives
 * up every privilege, and only then becomes two processes: the child is the sniffer, the parent
 * executes the exporter. The security depends on the order of the steps below.
 */
#include "capture/check.h"
#include "capture/filter.h"
#include "capture/health.h"
#include "capture/interface.h"
#include "capture/launch.h"
#include "capture/refusal.h"
#include "capture/sniffer/batch.h"
#include "capture/sniffer/classify.h"
#include "capture/sniffer/confine.h"
#include "capture/sniffer/policy.h"
#include "capture/sniffer/ring.h"
#include "capture/sniffer/sniffer.h"
#include "capture/sniffer/token.h"
#include "capture/socket.h"
#include "capture/user.h"
#include "common/build.h"
#include "common/channel.h"
#include "common/check.h"
#include "common/flags.h"
#include "common/log.h"
#include "common/number.h"
#include "common/options.h"
#include "common/sandbox.h"
#include "common/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_REFUSED = 1, /* the system refused: a retry may work */
    EXIT_WRONG = 2,   /* the command line is wrong: a retry cannot work */
    LISTEN_FDS_START = 3,
    LISTEN_FDS_MAX = 64,
};

/* The sniffer's state, far too large for a stack. */
static struct sniffer sniffer;

static _Noreturn void fail(const char *what, int error)
{
    refusal_tell(what, error);
    exit(EXIT_REFUSED);
}

static void parse_command_line(int argc, char *argv[], struct options *options)
{
    struct flags_error error;
    switch (flags_parse(argc, argv, options, &error)) {
    case FLAGS_RUN:
        log_configure(options->log_level, options->log_format);
        flags_warn_of_renamed(options);
        return;
    case FLAGS_HELP:
        exit(flags_print_help(STDOUT_FILENO) == 0 ? EXIT_SUCCESS : EXIT_REFUSED);
    case FLAGS_VERSION:
        exit(build_print(STDOUT_FILENO) == 0 ? EXIT_SUCCESS : EXIT_REFUSED);
    case FLAGS_WRONG:
        break;
    }
    dprintf(STDERR_FILENO, "dnstt_exporter: %s\n", error.text);
    exit(EXIT_WRONG);
}

/* How many sockets the service manager passed (sd_listen_fds(3)): their numbers start at 3. */
static int passed_sockets(void)
{
    uint64_t pid, count;
    const char *pid_text = getenv("LISTEN_PID");
    const char *count_text = getenv("LISTEN_FDS");
    if (pid_text == NULL || count_text == NULL || number_parse(pid_text, 1, INT32_MAX, &pid) != 0 ||
        (pid_t)pid != getpid() || number_parse(count_text, 0, LISTEN_FDS_MAX, &count) != 0) {
        return 0;
    }
    return (int)count;
}

/* Descriptors 0, 1 and 2 exist, and no stray open descriptor reaches the exporter. */
static void put_descriptors_in_order(int passed)
{
    int descriptor;
    do {
        descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (descriptor >= 0 && descriptor <= STDERR_FILENO && fcntl(descriptor, F_SETFD, 0) == 0);
    if (descriptor >= 0) {
        close(descriptor);
    }
    close_range((unsigned)(LISTEN_FDS_START + passed), ~0U, CLOSE_RANGE_CLOEXEC);
}

static void choose_user(const struct options *options, struct sandbox_user *user)
{
    *user = (struct sandbox_user){.uid = getuid(), .gid = getgid()};
    if (geteuid() != 0) {
        return;
    }
    int error = user_parse(options->process_user, user);
    if (error == -EINVAL) {
        dprintf(STDERR_FILENO,
                "dnstt_exporter: -process.user %s: not an unprivileged user; give a name, a uid or "
                "uid:gid other than 0\n",
                options->process_user);
        exit(EXIT_WRONG);
    }
    if (error != 0) {
        refusal_tell_flag("cannot find this user; give one that exists", "-process.user",
                          options->process_user,
                          error == -ENOENT ? "no such name in /etc/passwd" : strerror(-error));
        exit(EXIT_REFUSED);
    }
}

static int find_interface(const struct options *options)
{
    if (options->interface[0] == '\0') {
        return 0;
    }
    unsigned index = if_nametoindex(options->interface);
    if (index == 0) {
        refusal_tell_interface(options->interface, -errno);
        exit(EXIT_REFUSED);
    }
    return (int)index;
}

/* A line about one interface, unless that is gone meanwhile. */
static void tell_of(enum log_level level, const char *message, int index, const char *key,
                    const char *value)
{
    char name[IF_NAMESIZE];
    if (if_indextoname((unsigned)index, name) != NULL) {
        log_line(level, message, "interface", name, key, value, NULL);
    }
}

/* Logs what is left out with all interfaces, and what cannot be right. */
static void tell_of_interfaces(const struct interface_list *list)
{
    for (unsigned i = 0; i < list->count; i++) {
        tell_of(LOG_INFO, "not watched: another interface shows the same packets", list->indexes[i],
                "shown_by", list->shown_by[i]);
    }
    for (unsigned i = 0; i < list->station_count; i++) {
        if (interface_tells_station(list, i)) {
            tell_of(
                LOG_INFO,
                "this interface takes packets for another link-layer address, as for a macvlan of "
                "another network namespace: what that sends is not counted; run an exporter "
                "in that one",
                list->stations[i].index, NULL, NULL);
        }
    }
    for (unsigned i = 0; i < list->warning_count; i++) {
        tell_of(LOG_WARN, "this interface cannot be counted right", list->warned[i], "reason",
                list->warnings[i]);
    }
    if (list->stations_too_many) {
        log_line(LOG_WARN,
                 "too many macvlan interfaces: responses of some count twice, or without their "
                 "queries; name the interface by -capture.interface",
                 NULL);
    }
}

static void make_filter(const struct options *options, int interface_index,
                        struct filter_program *filter)
{
    static struct interface_list list;
    int error = interface_list(interface_index, &list);
    if (error != 0 && interface_index == 0) {
        refusal_tell_list(error);
        exit(EXIT_REFUSED);
    }
    tell_of_interfaces(&list);
    error = interface_filter(options, interface_index, &list, filter);
    if (error != 0) {
        refusal_tell_filter(error);
        exit(EXIT_REFUSED);
    }
}

static void open_socket(const struct options *options, struct packet_socket *packet)
{
    static struct filter_program filter;
    int interface_index = find_interface(options);
    const char *stage = "";
    make_filter(options, interface_index, &filter);
    int error = sandbox_raise(CAP_NET_RAW);
    if (error != 0) {
        fail("cannot raise CAP_NET_RAW", error);
    }
    error = socket_open(&filter, interface_index, options->ring_size, packet, &stage);
    if (error != 0) {
        refusal_tell_socket(error, stage);
        exit(EXIT_REFUSED);
    }
    if (packet->interface_is_down) {
        log_line(LOG_WARN, "the interface is down; counting begins when it is up", "interface",
                 options->interface, NULL);
    }
}

static void drop_privileges(const struct sandbox_user *user)
{
    enum sandbox_drop outcome = SANDBOX_DROP_KEEP_UID;
    int error = sandbox_drop_privileges(user, &outcome);
    if (error != 0 && user_is_in_namespace()) {
        fail("cannot drop privileges: in a user namespace, as in a rootless container, the uid and "
             "gid of -process.user have to be mapped; map them, or run as the host's root",
             error);
    }
    if (error != 0) {
        fail("cannot drop privileges", error);
    }
    if (outcome == SANDBOX_DROP_KEEP_UID && geteuid() == 0) {
        log_line(LOG_WARN,
                 "running as uid 0 without capabilities; changing users needs CAP_SETUID, "
                 "CAP_SETGID and CAP_SETPCAP",
                 NULL);
    }
}

static _Noreturn void run_sniffer(const struct options *options, const struct packet_socket *socket,
                                  pid_t parent, int channel)
{
    struct sandbox_rule rules[SNIFFER_RULES_MAX];
    const char *stage = "";
    classifier_make(options, &sniffer.classifier);
    sniffer.packet = CONFINE_PACKET;
    sniffer.named_interface = socket->interface_index != 0;
    int error = token_key_draw(&sniffer.classifier.key);
    if (error != 0) {
        fail("the sniffer cannot get a random key", error);
    }
    error = ring_map(socket->descriptor, socket->ring_size, &sniffer.ring);
    if (error != 0) {
        fail("the sniffer cannot map the ring; give a smaller -capture.ring-size", error);
    }
    error = confine_sniffer(parent, socket->descriptor, channel, &stage);
    if (error == -ESRCH) {
        _exit(WIRE_EXIT_CHANNEL_CLOSED); /* the exporter has already ended and reported why */
    }
    if (error != 0) {
        log_line(LOG_ERROR, "cannot confine the sniffer", "stage", stage, "error", strerror(-error),
                 NULL);
        _exit(WIRE_EXIT_SETUP);
    }
    size_t count = sniffer_policy(CONFINE_PACKET, CONFINE_CHANNEL, rules);
    if (sandbox_load(rules, count) != 0) {
        _exit(WIRE_EXIT_SETUP);
    }
    error = batch_start(&sniffer.batch, CONFINE_CHANNEL, (uint8_t)options->domain_count);
    _exit(error == 0 ? (int)sniffer_run(&sniffer) : WIRE_EXIT_CHANNEL_BROKEN);
}

/* Signals to end or reload stay blocked until the exporter handles them, so that it also ends in
 * order during the start. The mask survives the exec. `how`: SIG_BLOCK, or SIG_UNBLOCK. */
static void hold_signals(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(how, &set, NULL);
}

/* A check is no start: signals end it, and the service manager hears nothing of it. */
static void begin_check(void)
{
    hold_signals(SIG_UNBLOCK);
    unsetenv("NOTIFY_SOCKET");
}

/* Shows what takes the capability, gives it up, and has the exporter show the rest. */
static _Noreturn void check(const struct options *options, const struct sandbox_user *user,
                            int program, char *const argv[])
{
    enum check_status status = check_capture(options);
    drop_privileges(user);
    int error = launch_check(program, argv, status);
    fail("cannot execute the exporter program", error);
}

int main(int argc, char *argv[])
{
    static struct options options;
    struct sandbox_user user;
    struct packet_socket packet;
    struct channel channel = {.receiver = -1, .sender = -1};
    int program;

    hold_signals(SIG_BLOCK);

    /* 1. What needs no privilege, then the packet socket. */
    int passed = passed_sockets();
    put_descriptors_in_order(passed);
    parse_command_line(argc, argv, &options);
    if (options.check || options.check_health) {
        begin_check();
    }
    if (refusal_of_kernel()) {
        exit(EXIT_REFUSED);
    }
    int error = launch_find(&program);
    if (error != 0) {
        refusal_tell_flag("cannot find the exporter program; install it beside this one", "(none)",
                          LAUNCH_BESIDE " or " LAUNCH_LIBEXEC, strerror(-error));
        exit(EXIT_REFUSED);
    }
    choose_user(&options, &user);
    if (options.check_health) {
        drop_privileges(&user); /* the service's unix socket lets in its own user alone */
        exit((int)health_check(&options));
    }
    if (options.check) {
        check(&options, &user, program, argv);
    }
    open_socket(&options, &packet);

    /* 2. Give up every capability before there are two processes. */
    drop_privileges(&user);

    /* 3. The child becomes the sniffer. */
    error = channel_make(LISTEN_FDS_START + passed, &channel);
    if (error != 0) {
        fail("cannot create the channel between the two processes", error);
    }
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) {
        fail("cannot start the sniffer", -errno);
    }
    if (child == 0) {
        run_sniffer(&options, &packet, parent, channel.sender);
    }

    /* 4. The parent becomes the exporter; the exec closes the packet socket and the sending end. */
    error = launch_exec(program, argv, channel.receiver, child);
    fail("cannot execute the exporter program", error);
}
