/* Reports to the service manager with the sd_notify(3) protocol. libsystemd does the same, but
 * brings five libraries into a hardened process. */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

/*
 * Opens and connects the datagram socket that NOTIFY_SOCKET names. Returns its descriptor; -ENOENT
 * when there is no such variable, so no manager to notify; -errno.
 */
int notify_open(void);

/* Sends one state, such as "READY=1". A descriptor below 0 and a manager that does not listen are
 * ignored: failing would not help. Never waits. */
void notify_send(int descriptor, const char *state);

/* Sends why the program ends, as the status line, which the manager also shows after the end:
 * "what: why", without line ends. */
void notify_failure(int descriptor, const char *what, const char *why);

/* The same, when nothing is open yet. */
void notify_failed_start(const char *what, const char *why);

#endif
