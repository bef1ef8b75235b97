#include "exporter/drops.h"

const char *const drops_reasons[DROPS] = {
    [DROP_LIMIT] = "limit",       [DROP_REPLACED] = "replaced", [DROP_TIMEOUT] = "timeout",
    [DROP_DEADLINE] = "deadline", [DROP_MEMORY] = "memory",
};
