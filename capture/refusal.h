/* Why packets cannot be captured: a line in the log with the remedy, and the service manager's
 * status. A start and -check say the same. Each `error` is -errno. */
#ifndef CAPTURE_REFUSAL_H
#define CAPTURE_REFUSAL_H

#include <stdbool.h>

void refusal_tell(const char *what, int error);

/* Of a flag's value, with the reason. */
void refusal_tell_flag(const char *what, const char *flag, const char *value, const char *why);

/* Whether the kernel lacks what the confinement takes (capture/needs.h), and then says so. */
bool refusal_of_kernel(void);

/* No interface has the name that -capture.interface gives. */
void refusal_tell_interface(const char *name, int error);

/* The interfaces cannot be listed. */
void refusal_tell_list(int error);

/* No kernel filter can hold them. */
void refusal_tell_filter(int error);

/* The packet socket cannot be had; `stage` is that of capture/socket.h. */
void refusal_tell_socket(int error, const char *stage);

#endif
