/* The second program: found before privileges are dropped, executed after. */
#ifndef CAPTURE_LAUNCH_H
#define CAPTURE_LAUNCH_H

#include <sys/types.h>

/* Where it is looked for, relative to the folder of the running executable. */
#define LAUNCH_BESIDE  "exporter"
#define LAUNCH_LIBEXEC "../libexec/dnstt_exporter/exporter"

/*
 * Opens the exporter program (O_PATH): beside the running executable, else in LAUNCH_LIBEXEC, and
 * nowhere else; neither PATH nor any other variable has a say. Opened now, it can be executed after
 * the drop even where its folder can no longer be reached. Returns 0; -ENOENT when it is in neither
 * place; -errno.
 */
int launch_find(int *program);

/*
 * Becomes the exporter: the same process and arguments, an environment of the few variables that it
 * has a use for, and the channel's receiving end and the sniffer's pid in two more. Returns only
 * on failure, with -errno.
 */
int launch_exec(int program, char *const argv[], int receiver, pid_t sniffer);

#endif
