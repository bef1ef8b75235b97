/* Logs one line with the cause when the exporter ends without being asked to. */
#ifndef EXPORTER_EXIT_REASON_H
#define EXPORTER_EXIT_REASON_H

#include "exporter/loop.h"

/* `end` is neither LOOP_RUNNING nor LOOP_STOPPED. */
void exit_reason_log(enum loop_end end, const struct loop *loop);

#endif
