/*
 * The exporter: what dnstt_exporter becomes once the packet socket is open and every privilege is
 * gone. It takes records from the sniffer, counts them and serves the metrics.
 */
#include "common/address.h"
#include "common/channel.h"
#include "common/flags.h"
#include "common/landlock.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/number.h"
#include "common/options.h"
#include "exporter/confine.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/history.h"
#include "exporter/counts/sessions.h"
#include "exporter/exit_reason.h"
#include "exporter/exposition/http_counters.h"
#include "exporter/exposition/snapshot.h"
#include "exporter/exposition/sources.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/outcome.h"
#include "exporter/http/http.h"
#include "exporter/http/listen.h"
#include "exporter/http/scrape.h"
#include "exporter/intake.h"
#include "exporter/loop.h"
#include "exporter/policy.h"
#include "exporter/reload.h"
#include "exporter/status/status.h"
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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_REFUSED = 1, /* the system refused, or something failed: a retry may work */
    EXIT_WRONG = 2,   /* wrong usage: a retry will never work */
    /* From this size on malloc(3) maps each block by itself: the most that glibc accepts. */
    MAPPED_BYTES = 32 * 1024 * 1024,
};

/* Everything that lives as long as the process. */
static struct options options;
static struct groups groups;
static struct distinct distinct;
static struct sessions sessions;
static struct intake intake;
static struct access *web_access; /* NULL without -web.config.file */
static struct reload reload;
static struct http_counters http_counters;
static struct self_metrics self_metrics;
static struct systemd systemd;
static struct history history;
static struct loop loop;

static void fail(const char *what, int error)
{
    log_line(LOG_ERROR, what, "error", strerror(-error), NULL);
    notify_failed_start(what, strerror(-error));
    exit(EXIT_REFUSED);
}

static void adopt_channel(void)
{
    const char *channel = getenv(CHANNEL_ENVIRONMENT);
    const char *sniffer = getenv(CHANNEL_SNIFFER_ENVIRONMENT);
    uint64_t pid;
    if (channel == NULL || sniffer == NULL || number_parse(sniffer, 1, INT32_MAX, &pid) != 0 ||
        channel_adopt(channel, &loop.channel) != 0) {
        dprintf(STDERR_FILENO,
                "exporter: do not run this by hand; run dnstt_exporter, which starts it\n");
        exit(EXIT_WRONG);
    }
    loop.sniffer = (pid_t)pid;
}

static void parse_command_line(int argc, char *argv[])
{
    struct flags_error error;
    if (flags_parse(argc, argv, &options, &error) != FLAGS_RUN) {
        dprintf(STDERR_FILENO, "exporter: %s\n", error.text);
        exit(EXIT_WRONG);
    }
    log_configure(options.log_level, options.log_format);
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

/* The user who needs read access to files, for a log line. */
static const char *own_user(void)
{
    static char user[32];
    snprintf(user, sizeof user, "%u:%u", (unsigned)geteuid(), (unsigned)getegid());
    return user;
}

static struct geoip *open_databases(void)
{
    struct geoip *geoip;
    struct geoip_error error;
    /* Under RLIMIT_FSIZE (limit on file size) a copy in memory must fail, not kill. */
    signal(SIGXFSZ, SIG_IGN);
    if (geoip_open(options.country_database, options.asn_database, &geoip, &error) == 0) {
        return geoip;
    }
    if (error.permission) {
        log_line(LOG_ERROR,
                 "cannot read the database; give this user read access to the file and its folders",
                 "flag", error.flag, "file", error.path, "user", own_user(), "error", error.reason,
                 NULL);
    } else {
        log_line(LOG_ERROR, "cannot use the database; give a MaxMind DB file of the right kind",
                 "flag", error.flag, "file", error.path, "error", error.reason, NULL);
    }
    notify_failed_start(error.path, error.reason);
    exit(EXIT_REFUSED);
}

static void open_web(void)
{
    struct web_files_error error;
    char line[16];
    if (options.web_config == NULL) {
        return;
    }
    /* GnuTLS and libyaml grow their buffers. realloc(3) would move a mapped one with mremap(2),
     * and the syscall policy does not allow that. */
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
    int result = access_open(options.web_config, &web_access, &error);
    if (result == 0) {
        return;
    }
    if (result == -EACCES) {
        log_line(LOG_ERROR,
                 "cannot read the web configuration; give this user read access to the file and "
                 "its folders",
                 "flag", "-web.config.file", "file", error.path, "user", own_user(), "error",
                 error.reason, NULL);
    } else {
        snprintf(line, sizeof line, "%u", error.line);
        log_line(LOG_ERROR, "cannot use the web configuration", "flag", "-web.config.file", "file",
                 error.path, "error", error.reason, error.line > 0 ? "line" : NULL, line,
                 error.key[0] != '\0' ? "key" : NULL, error.key, NULL);
    }
    notify_failed_start(error.path, error.reason);
    exit(error.wrong ? EXIT_WRONG : EXIT_REFUSED);
}

/* For one table only: they grow one at a time. */
static uint64_t growth_max(void)
{
    uint64_t sessions_bytes = sessions_growth_max(options.sessions_max);
    uint64_t distinct_bytes = distinct_growth_max(options.sessions_remember);
    return sessions_bytes > distinct_bytes ? sessions_bytes : distinct_bytes;
}

/* The tables grow as they fill. Check now, not in a flood, that the address space is enough for the
 * limits. Growing a table needs address space for both copies, but memory for one: if the larger
 * does not fit, the smaller stays in use and evicts sessions that the limit would allow. */
static void check_memory(void)
{
    uint64_t bytes = groups_memory_max(options.domain_count, options.groups_max) +
                     distinct_memory_max(options.sessions_remember) +
                     sessions_memory_max(options.sessions_max) + growth_max() +
                     scrape_memory_max() + snapshot_memory_max(options.groups_max);
    void *trial = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (trial == MAP_FAILED) {
        fail("not enough memory; lower -sessions.max, -sessions.remember or -groups.max", -errno);
    }
    munmap(trial, bytes);
}

static void make_state(void)
{
    check_memory();
    int error = groups_create(options.domain_count, options.groups_max, &groups);
    if (error == 0) {
        error = distinct_create(options.sessions_remember, &distinct);
    }
    if (error == 0) {
        error = sessions_create(options.sessions_max, options.active_window, loop_seconds(),
                                &distinct, &groups, &sessions);
    }
    sessions.confirmed_only = options.sessions_min_queries == 2;
    if (error != 0) {
        fail("cannot allocate the tables", error);
    }
}

_Static_assert(LISTEN_SOCKETS_MAX == 8, "as adopt_sockets tells");

static void adopt_sockets(void)
{
    int count = listen_adopt(loop.listeners);
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
    loop.listener_count = (unsigned)count;
}

static const char *listen_remedy(const struct address *address, int error)
{
    if (address->socket.any.sa_family != AF_UNIX) {
        return "cannot listen; give a free address of this host, or use -web.systemd-socket if a "
               ".socket unit holds it";
    }
    if (error == -EADDRINUSE) {
        return "cannot listen: another process listens there; stop it, or give another path";
    }
    if (error == -EEXIST) {
        return "cannot listen: the file there is not a socket; remove it, or give another path";
    }
    return "cannot listen; give a path in a folder that this user can write to, without another "
           "user's socket, or use -web.systemd-socket if a .socket unit holds it";
}

static void listen_for_scrapes(void)
{
    if (options.systemd_socket) {
        adopt_sockets();
        return;
    }
    for (unsigned i = 0; i < options.listen_count; i++) {
        const struct address *address = &options.listen_addresses[i];
        int error = listen_open(address, &loop.listeners[i]);
        if (error != 0) {
            log_line(LOG_ERROR, listen_remedy(address, error), "flag", "-web.listen-address",
                     "value", address->text, "error", strerror(-error), NULL);
            notify_failed_start("cannot listen", strerror(-error));
            exit(EXIT_REFUSED);
        }
    }
    loop.listener_count = options.listen_count;
}

/* From here on the process can open only databases and the web configuration, and make only the
 * syscalls of policy.c. */
static void confine(void)
{
    const char *paths[GEOIP_DATABASES + WEB_FILES_MAX] = {options.country_database,
                                                          options.asn_database};
    const struct web_files *files = access_files(web_access);
    for (unsigned i = 0; i < files->count; i++) {
        paths[GEOIP_DATABASES + i] = files->files[i].path;
    }
    const struct exporter_descriptors pinned = {
        .epoll = loop.epoll,
        .http_epoll = http_descriptor(loop.http),
        .channel = loop.channel,
        .listeners = loop.listeners,
        .listener_count = loop.listener_count,
        .signals = loop.signals,
        .notify = systemd.descriptor,
        .databases = options.country_database != NULL || options.asn_database != NULL,
        .web = web_access != NULL,
        .tls = access_uses_tls(web_access),
        .memory = self_metrics.memory,
        .sniffer_memory = self_metrics.sniffer_memory,
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
    if (!landlock.files || !landlock.network) {
        log_line(LOG_WARN, "this kernel's Landlock is missing or old; seccomp still holds", "files",
                 landlock.files ? "confined" : "not confined", "network",
                 landlock.network ? "confined" : "not confined", NULL);
    }
}

static void log_start(void)
{
    for (unsigned i = 0; i < options.domain_count; i++) {
        log_line(LOG_INFO, "watching", "domain", options.domains[i].text, "interface",
                 options.interface[0] != '\0' ? options.interface : "all", NULL);
    }
    if (options.systemd_socket) {
        log_line(LOG_INFO, "serving metrics", "address", "passed sockets", "path",
                 options.telemetry_path, NULL);
        return;
    }
    for (unsigned i = 0; i < options.listen_count; i++) {
        log_line(LOG_INFO, "serving metrics", "address", options.listen_addresses[i].text, "path",
                 options.telemetry_path, NULL);
    }
}

int main(int argc, char *argv[])
{
    adopt_channel();
    parse_command_line(argc, argv);
    restrict_process();
    tzset(); /* libmicrohttpd's Date header would open /etc/localtime at its first use */

    struct geoip *geoip = open_databases();
    open_web();
    reload_start(geoip, options.country_database != NULL || options.asn_database != NULL,
                 web_access, loop_seconds(), &reload);
    make_state();
    intake_start((uint8_t)options.domain_count, geoip, &groups, &sessions, &intake);
    listen_for_scrapes();
    const struct exposition_sources sources = {
        .options = &options,
        .account = &intake.stats,
        .groups = &groups,
        .sessions = &sessions,
        .distinct = &distinct,
        .geoip = geoip,
        .databases = reload.databases,
        .web_config = web_access != NULL ? &reload.web_config : NULL,
        .http = &http_counters,
        .self = &self_metrics,
        .stale = &loop.stale,
    };
    const struct status_sources status = {
        .options = &options,
        .account = &intake.stats,
        .groups = &groups,
        .sessions = &sessions,
        .distinct = &distinct,
        .geoip = geoip,
        .databases = reload.databases,
        .history = &history,
        .stale = &loop.stale,
    };
    const struct http_options http = {
        .telemetry_path = options.telemetry_path,
        .sources = &sources,
        .status = &status,
        .access = web_access,
        .stale = &loop.stale,
        .counters = &http_counters,
        .max_requests = options.max_requests,
    };
    int error = http_start(&http, &loop.http);
    if (error != 0) {
        fail("cannot start the HTTP server", error);
    }
    loop.intake = &intake;
    loop.groups = &groups;
    loop.distinct = &distinct;
    loop.sessions = &sessions;
    loop.reload = &reload;
    loop.systemd = &systemd;
    loop.history = &history;
    history_start(loop_seconds(), &history);
    systemd_start(&options, loop_seconds(), &systemd);
    error = loop_open(&loop);
    if (error != 0) {
        fail("cannot set up the event loop", error);
    }
    self_metrics_open(loop.sniffer, &self_metrics);
    confine();
    enum loop_end end = loop_until_ready(&loop);
    if (end == LOOP_RUNNING) {
        log_start();
        systemd_ready(&systemd);
        end = loop_run(&loop);
    }
    if (end == LOOP_STOPPED) {
        systemd_stopping(&systemd);
        return EXIT_SUCCESS; /* the sniffer ends as the channel closes */
    }
    exit_reason_log(end, &loop);
    return EXIT_REFUSED;
}
