/*
 * The exporter: what dnstt_exporter becomes once the packet socket is open and every privilege is
 * gone. It takes records from the sniffer, counts them and serves the metrics.
 */
#include "common/address.h"
#include "common/channel.h"
#include "common/check.h"
#include "common/flags.h"
#include "common/landlock.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/number.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "exporter/check.h"
#include "exporter/confine.h"
#include "exporter/counts/counts.h"
#include "exporter/exit_reason.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/outcome.h"
#include "exporter/hints/hints.h"
#include "exporter/hints/watch.h"
#include "exporter/http/http.h"
#include "exporter/http/listen.h"
#include "exporter/interface_warnings.h"
#include "exporter/loop.h"
#include "exporter/memory.h"
#include "exporter/policy.h"
#include "exporter/refusal.h"
#include "exporter/reload.h"
#include "exporter/state/intake.h"
#include "exporter/state/state.h"
#include "exporter/system/self_metrics.h"
#include "exporter/system/systemd.h"
#include "exporter/web_config/access.h"
#include "exporter/web_config/files.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_REFUSED = 1, /* the system refused, or something failed: a retry may work */
    EXIT_WRONG = 2,   /* wrong usage: a retry will never work */
    /* From this size on malloc(3) maps each block by itself: the most that glibc accepts. */
    MAPPED_BYTES = 32 * 1024 * 1024,
};

/* All that lives as long as the process. */
struct exporter {
    struct state state;
    struct loop loop;
    struct reload reload;
    struct interface_warnings interfaces;
    struct hints_watch hints;
    struct systemd systemd;
};

static _Noreturn void fail(const char *what, int error)
{
    refusal_tell(what, error);
    exit(EXIT_REFUSED);
}

static _Noreturn void refuse_by_hand(void)
{
    dprintf(STDERR_FILENO,
            "exporter: do not run this by hand; run dnstt_exporter, which starts it\n");
    exit(EXIT_WRONG);
}

static void adopt_channel(struct loop *loop)
{
    const char *channel = getenv(CHANNEL_ENVIRONMENT);
    const char *sniffer = getenv(CHANNEL_SNIFFER_ENVIRONMENT);
    uint64_t pid;
    if (channel == NULL || sniffer == NULL || number_parse(sniffer, 1, INT32_MAX, &pid) != 0 ||
        channel_adopt(channel, &loop->channel) != 0) {
        refuse_by_hand();
    }
    loop->sniffer = (pid_t)pid;
}

static void parse_command_line(int argc, char *argv[], struct options *options)
{
    struct flags_error error;
    if (flags_parse(argc, argv, options, &error) != FLAGS_RUN) {
        dprintf(STDERR_FILENO, "exporter: %s\n", error.text);
        exit(EXIT_WRONG);
    }
    log_configure(options->log_level, options->log_format);
}

static void restrict_process(void)
{
    int error = confine_start();
    if (error == -EMFILE) {
        fail("too few descriptors; allow 128 (LimitNOFILE= of the service, or ulimit -n)", error);
    }
    if (error != 0) {
        fail("cannot restrict the exporter", error);
    }
}

/* Early, so that little can change between the sniffer's list of interfaces and this one. */
static void watch_interfaces(struct exporter *exporter)
{
    if (exporter->state.options.interface[0] != '\0') {
        interface_warnings_none(&exporter->interfaces);
        return;
    }
    int error = interface_warnings_open(&exporter->state.interfaces_changed, &exporter->interfaces);
    if (error != 0) {
        fail("cannot watch for changes of interfaces; name one by -capture.interface", error);
    }
}

static struct geoip *open_databases(const struct options *options)
{
    struct geoip *geoip;
    struct geoip_error error;
    /* Under RLIMIT_FSIZE (limit on file size) a copy in memory must fail, not kill. */
    signal(SIGXFSZ, SIG_IGN);
    if (geoip_open(options->country_database, options->asn_database, options->groups_max, &geoip,
                   &error) == 0) {
        return geoip;
    }
    refusal_tell_database(&error);
    exit(EXIT_REFUSED);
}

static struct access *open_web(const struct options *options)
{
    struct access *access;
    struct web_files_error error;
    if (options->web_config == NULL) {
        return NULL;
    }
    /* GnuTLS and libyaml grow their buffers. realloc(3) would move a mapped one with mremap(2),
     * and the syscall policy does not allow that. */
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
    int result = access_open(options->web_config, &access, &error);
    if (result == 0) {
        return access;
    }
    refusal_tell_web(&error, result);
    exit(error.wrong ? EXIT_WRONG : EXIT_REFUSED);
}

static void make_counts(struct state *state)
{
    int error = memory_try(&state->options);
    if (error != 0) {
        fail(REFUSAL_MEMORY, error);
    }
    error = counts_create(&state->options, loop_now().second, &state->counts);
    if (error != 0) {
        fail("cannot allocate the tables", error);
    }
}

_Static_assert(LISTEN_SOCKETS_MAX == 8, "as adopt_sockets tells");

static void adopt_sockets(struct loop *loop)
{
    int count = listen_adopt(loop->listeners);
    if (count < 0) {
        const char *why = count == -ENOENT   ? "no socket was passed"
                          : count == -E2BIG  ? "more than 8 were passed"
                          : count == -EINVAL ? "a passed socket is not a listening stream socket; "
                                               "use ListenStream= and Accept=no"
                                             : strerror(-count);
        log_line(LOG_ERROR,
                 "cannot serve on passed sockets; start the service from a systemd .socket unit",
                 "flag", "-web.systemd-socket", "error", why, NULL);
        notify_failed_start("cannot serve on passed sockets", why);
        exit(EXIT_REFUSED);
    }
    loop->listener_count = (unsigned)count;
}

static void listen_for_scrapes(const struct options *options, struct loop *loop)
{
    if (options->systemd_socket) {
        adopt_sockets(loop);
        return;
    }
    for (unsigned i = 0; i < options->listen_count; i++) {
        const struct address *address = &options->listen_addresses[i];
        int error = listen_open(address, &loop->listeners[i]);
        if (error != 0) {
            refusal_tell_listen(address, error);
            exit(EXIT_REFUSED);
        }
    }
    loop->listener_count = options->listen_count;
}

static void warn_of_landlock(const struct landlock_outcome *landlock)
{
    if (!landlock->files || !landlock->network) {
        log_line(
            LOG_WARN,
            landlock->refused
                ? "Landlock is refused, as by a container engine's seccomp profile; the "
                  "syscall policy still holds"
                : "this kernel's Landlock is missing or old (files: Linux 5.13, network: 6.7); "
                  "the syscall policy still holds",
            "files", landlock->files ? "confined" : "not confined", "network",
            landlock->network ? "confined" : "not confined", NULL);
    }
}

/* From here on the process can open only databases and the web configuration, and make only the
 * syscalls of policy.c. */
static void confine(const struct exporter *exporter)
{
    const struct state *state = &exporter->state;
    const struct options *options = &state->options;
    const struct loop *loop = &exporter->loop;
    const char *paths[GEOIP_DATABASES + WEB_FILES_MAX] = {options->country_database,
                                                          options->asn_database};
    const struct web_files *files = access_files(state->access);
    for (unsigned i = 0; i < files->count; i++) {
        paths[GEOIP_DATABASES + i] = files->files[i].path;
    }
    const struct exporter_descriptors pinned = {
        .epoll = loop->epoll,
        .http_epoll = http_descriptor(loop->http),
        .channel = loop->channel,
        .listeners = loop->listeners,
        .listener_count = loop->listener_count,
        .signals = loop->signals,
        .interfaces = exporter->interfaces.descriptor,
        .notify = exporter->systemd.descriptor,
        .databases = options->country_database != NULL || options->asn_database != NULL,
        .web = state->access != NULL,
        .tls = access_uses_tls(state->access),
        .memory = state->self.memory,
        .sniffer_memory = state->self.sniffer_memory,
    };
    struct landlock_outcome landlock;
    const char *stage = "";
    int error = confine_exporter(paths, sizeof paths / sizeof *paths, &pinned, &landlock, &stage);
    if (error != 0) {
        log_line(LOG_ERROR, "cannot confine the exporter", "stage", stage, "error",
                 strerror(-error), NULL);
        notify_failed_start("cannot confine the exporter", strerror(-error));
        exit(EXIT_REFUSED);
    }
    warn_of_landlock(&landlock);
}

static void log_start(const struct options *options)
{
    if (options->privacy_min_clients != 0 && options_min_clients(options) == 0) {
        log_line(LOG_WARN, "without a GeoIP database there are no places to hide", "flag",
                 "-privacy.min-clients", NULL);
    }
    for (unsigned i = 0; i < options->domain_count; i++) {
        log_line(LOG_INFO, "watching", "domain", options->domains[i].text, "format",
                 tunnel_format_name(options->tunnels[i].format), "interface",
                 options->interface[0] != '\0' ? options->interface : "all", NULL);
    }
    if (options->systemd_socket) {
        log_line(LOG_INFO, "serving metrics", "address", "passed sockets", "path",
                 options->telemetry_path, NULL);
        return;
    }
    for (unsigned i = 0; i < options->listen_count; i++) {
        log_line(LOG_INFO, "serving metrics", "address", options->listen_addresses[i].text, "path",
                 options->telemetry_path, NULL);
    }
}

/* Joins what was opened, and starts to serve; nothing is answered before the loop runs. */
static void start(struct exporter *exporter)
{
    struct state *state = &exporter->state;
    struct loop *loop = &exporter->loop;
    uint32_t now = loop_now().second;
    systemd_start(&state->options, now, &exporter->systemd);
    reload_start(state, &exporter->systemd, now, &exporter->reload);
    intake_start(&state->options, state->geoip, &state->counts, &state->intake);
    state->sniffer_up = 1;
    int error = http_start(state, &loop->http);
    if (error != 0) {
        fail("cannot start the HTTP server", error);
    }
    loop->state = state;
    loop->reload = &exporter->reload;
    loop->interfaces = &exporter->interfaces;
    loop->systemd = &exporter->systemd;
    loop_add(loop, counts_timer(&state->counts));
    loop_add(loop, reload_timer(&exporter->reload));
    loop_add(loop, interface_warnings_timer(&exporter->interfaces));
    hints_start(state, now, &exporter->hints);
    loop_add(loop, hints_timer(&exporter->hints));
    loop_add(loop, http_timer(loop->http)); /* last, so that a scrape shows what has just come */
    error = loop_open(loop);
    if (error != 0) {
        fail("cannot set up the event loop", error);
    }
    self_metrics_open(loop->sniffer, &state->self);
}

int main(int argc, char *argv[])
{
    static struct exporter exporter; /* too large for a stack */
    struct state *state = &exporter.state;
    struct loop *loop = &exporter.loop;

    int checked = check_adopt();
    if (checked < 0) {
        adopt_channel(loop);
    }
    parse_command_line(argc, argv, &state->options);
    if (state->options.check != (checked >= 0)) {
        refuse_by_hand();
    }
    restrict_process();
    if (checked >= 0) {
        return (int)check_exporter(&state->options, (enum check_status)checked);
    }
    watch_interfaces(&exporter);
    tzset(); /* libmicrohttpd's Date header would open /etc/localtime at its first use */
    state->geoip = open_databases(&state->options);
    state->access = open_web(&state->options);
    make_counts(state);
    listen_for_scrapes(&state->options, loop);
    start(&exporter);
    confine(&exporter);

    enum loop_end end = loop_until_ready(loop);
    if (end == LOOP_RUNNING) {
        log_start(&state->options);
        systemd_ready(&exporter.systemd);
        end = loop_run(loop);
    }
    if (end == LOOP_STOPPED) {
        systemd_stopping(&exporter.systemd);
        return EXIT_SUCCESS; /* the sniffer ends as the channel closes */
    }
    exit_reason_log(end, loop);
    return EXIT_REFUSED;
}
