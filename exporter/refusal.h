/* Why the exporter cannot start with what it is given: a line in the log with the remedy, and the
 * service manager's status. A start and -check say the same. */
#ifndef EXPORTER_REFUSAL_H
#define EXPORTER_REFUSAL_H

struct address;
struct geoip_error;
struct web_files_error;

/* Not enough address space for the tables (exporter/memory.h). */
#define REFUSAL_MEMORY "not enough memory; lower -sessions.max, -sessions.remember or -groups.max"

/* `error` is -errno, here and below. */
void refusal_tell(const char *what, int error);

void refusal_tell_database(const struct geoip_error *error);

/* `result` is what access_open returned with the error. */
void refusal_tell_web(const struct web_files_error *error, int result);

/* `error` is what listen_open returns. */
void refusal_tell_listen(const struct address *address, int error);

#endif
