/* The second program: found before privileges are dropped, executed after. */
#ifndef CAPTURE_LAUNCH_H
#define CAPTURE_LAUNCH_H

#include "common/check.h"

#include <sys/types.h>

/* Where it is looked for, relative to the folder of the running executable. */
#define LAUNCH_BESIDE  "exporter"
#define LAUNCH_LIBEXEC "../libexec/dnstt_exporter/exporter"

/*
 * Opens the exporter program (O_PATH): beside the running executable, else in LAUNCH_LIBEXEC, and
 * nowhere else; no environment variable changes that, not even PATH. Opened now, it can be executed
 * after the drop even if its folder is then out of reach. Returns 0; -ENOENT when it is in neither
 * place; -errno.
 */
int launch_find(int *program);

/*
 * Becomes the exporter: same process, same arguments. The environment holds only the few variables
 * that it uses, and two more for the channel's receiving end and the sniffer's pid. Returns only on
 * failure, with -errno.
 */
int launch_exec(int program, char *const argv[], int receiver, pid_t sniffer);

/* The same for -check: in the place of the channel's variables there is one for the status so far.
 */
int launch_check(int program, char *const argv[], enum check_status status);

#endif
