#include "exporter/check.h"

#include "common/address.h"
#include "common/check.h"
#include "common/number.h"
#include "common/options.h"
#include "exporter/check_listen.h"
#include "exporter/check_text.h"
#include "exporter/geoip/database.h"
#include "exporter/geoip/outcome.h"
#include "exporter/memory.h"
#include "exporter/refusal.h"
#include "exporter/text/foreign_text.h"
#include "exporter/web_config/access.h"
#include "exporter/web_config/files.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int check_adopt(void)
{
    const char *text = getenv(CHECK_ENVIRONMENT);
    uint64_t status;
    return text != NULL && number_parse(text, CHECK_OK, CHECK_WRONG, &status) == 0 ? (int)status
                                                                                   : -1;
}

static void show_tunnels(const struct options *options)
{
    for (unsigned i = 0; i < options->port_count; i++) {
        check_line("port %u: watched", (unsigned)options->ports[i]);
    }
    for (unsigned i = 0; i < options->domain_count; i++) {
        struct check_tunnel tunnel = {.text = ""};
        check_text_tunnel(options, i, &tunnel);
        check_line("tunnel %s: %s", options->domains[i].text, tunnel.text);
    }
}

static enum check_status show_database(const struct geoip_kind *kind, const char *what,
                                       const char *path)
{
    struct geoip_database database;
    struct geoip_error error;
    if (path == NULL) {
        check_line("%s database: none", what);
        return CHECK_OK;
    }
    if (geoip_database_open(kind, path, &database, &error) != 0) {
        refusal_tell_database(&error);
        check_line("%s database %s: refused", what, path);
        return CHECK_REFUSED;
    }
    struct foreign_text name;
    struct check_type type;
    struct check_age age;
    geoip_database_type(&database, &name);
    check_text_type(&name, &type);
    check_text_age(geoip_database_built(&database), (uint64_t)time(NULL), &age);
    check_line("%s database %s: %s, %s", what, path, type.text, age.text);
    geoip_database_close(&database);
    return CHECK_OK;
}

static enum check_status show_databases(const struct options *options)
{
    /* Under RLIMIT_FSIZE (limit on file size) a copy in memory must fail, not kill. */
    signal(SIGXFSZ, SIG_IGN);
    enum check_status country =
        show_database(&geoip_kind_country, "country", options->country_database);
    enum check_status asn = show_database(&geoip_kind_asn, "asn", options->asn_database);
    return check_worse(country, asn);
}

static enum check_status show_web(const struct options *options)
{
    struct access *access;
    struct web_files_error error;
    const char *path = options->web_config;
    if (path == NULL) {
        check_line("web configuration: none, so no TLS and no password");
        return CHECK_OK;
    }
    int result = access_open(path, &access, &error);
    if (result != 0) {
        refusal_tell_web(&error, result);
        check_line("web configuration %s: refused", path);
        return error.wrong ? CHECK_WRONG : CHECK_REFUSED;
    }
    check_line("web configuration %s: %s", path, access_uses_tls(access) ? "TLS" : "no TLS");
    const struct web_files *files = access_files(access);
    for (unsigned i = 1; i < files->count; i++) {
        check_line("web configuration file %s: readable", files->files[i].path);
    }
    return CHECK_OK;
}

static enum check_status show_memory(const struct options *options)
{
    int error = memory_try(options);
    if (error == 0) {
        return CHECK_OK;
    }
    refusal_tell(REFUSAL_MEMORY, error);
    check_line("memory for the tables: refused");
    return CHECK_REFUSED;
}

/* Whether the exporter itself would listen there already, by an earlier flag. */
static bool is_taken(const struct options *options, unsigned number)
{
    for (unsigned i = 0; i < number; i++) {
        if (check_listen_overlap(&options->listen_addresses[i],
                                 &options->listen_addresses[number])) {
            return true;
        }
    }
    return false;
}

static enum check_status show_address(const struct options *options, unsigned number)
{
    static const char *const texts[] = {
        [CHECK_PLACE_FREE] = "free",
        [CHECK_PLACE_STALE] = "free, a socket without a listener is replaced",
        [CHECK_PLACE_IN_USE] = "in use, perhaps by the running service",
        [CHECK_PLACE_UNKNOWN] = "unknown, as /proc/net is missing",
    };
    const struct address *address = &options->listen_addresses[number];
    enum check_place place = CHECK_PLACE_UNKNOWN;
    int error = is_taken(options, number) ? -EADDRINUSE : check_listen(address, &place);
    if (error != 0) {
        refusal_tell_listen(address, error);
        check_line("listen %s: refused", address->text);
        return CHECK_REFUSED;
    }
    check_line("listen %s: %s", address->text, texts[place]);
    return CHECK_OK;
}

static enum check_status show_addresses(const struct options *options)
{
    enum check_status status = CHECK_OK;
    if (options->systemd_socket) {
        check_line(
            "listen: on the sockets that a .socket unit passes, which a check does not have");
        return CHECK_OK;
    }
    for (unsigned i = 0; i < options->listen_count; i++) {
        status = check_worse(status, show_address(options, i));
    }
    return status;
}

enum check_status check_exporter(const struct options *options, enum check_status before)
{
    enum check_status status = before;
    show_tunnels(options);
    check_line("user %u:%u: opens files and listens", (unsigned)geteuid(), (unsigned)getegid());
    status = check_worse(status, show_databases(options));
    status = check_worse(status, show_web(options));
    status = check_worse(status, show_memory(options));
    status = check_worse(status, show_addresses(options));
    return check_end(status);
}
