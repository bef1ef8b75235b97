/* The same policies in programs that are told on instead of killed: the kernel's audit log has a
 * line for each call outside them. */
#include <seccomp.h>
#include <stdint.h>

scmp_filter_ctx __real_seccomp_init(uint32_t action);
scmp_filter_ctx __wrap_seccomp_init(uint32_t action);

scmp_filter_ctx __wrap_seccomp_init(uint32_t action)
{
    return __real_seccomp_init(action == SCMP_ACT_KILL_PROCESS ? SCMP_ACT_LOG : action);
}
