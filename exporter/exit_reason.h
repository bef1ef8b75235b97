/* Why the exporter ends although nobody asked it to: one log line that names the cause. */
#ifndef EXPORTER_EXIT_REASON_H
#define EXPORTER_EXIT_REASON_H

#include "exporter/loop.h"

/* `end` is neither LOOP_RUNNING nor LOOP_STOPPED. */
void exit_reason_log(enum loop_end end, const struct loop *loop);

#endif
