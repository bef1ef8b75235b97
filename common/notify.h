/* Telling the service manager, by sd_notify(3)'s protocol. libsystemd would do this and bring five
 * libraries into a hardened process. */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

/*
 * Opens and connects the datagram socket that NOTIFY_SOCKET names. Returns its descriptor; -ENOENT
 * when there is no such variable, so nobody to tell; -errno.
 */
int notify_open(void);

/* Sends one state, such as "READY=1". A descriptor below 0 and a manager that does not listen are
 * passed over: nothing would be gained by failing. Never waits. */
void notify_send(int descriptor, const char *state);

/* Tells why the program ends, as the status line, which the manager shows after the end as well:
 * "what: why", without line ends. */
void notify_failure(int descriptor, const char *what, const char *why);

/* The same before anything was opened. */
void notify_failed_start(const char *what, const char *why);

#endif
