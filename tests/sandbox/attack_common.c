#include "tests/sandbox/attack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096 };

static enum attack_process other(void)
{
    return attack_self == ATTACK_SNIFFER ? ATTACK_EXPORTER : ATTACK_SNIFFER;
}

static int open_passwd(void)
{
    return attack_result(open("/etc/passwd", O_RDONLY));
}

static int open_upwards(void)
{
    return attack_result(open((const char *)(uintptr_t)attack_page->upwards, O_RDONLY));
}

/* In the place of a descriptor that is given up, so that no limit on their number counts. */
static int open_in_place(void)
{
    close(STDIN_FILENO);
    return open_passwd();
}

static int write_file(void)
{
    close(STDIN_FILENO);
    int descriptor =
        open((const char *)(uintptr_t)attack_page->file, O_WRONLY | O_CREAT | O_EXCL, 0600);
    return descriptor < 0 ? -errno : attack_result(write(descriptor, "!", 1));
}

static int open_socket(void)
{
    return attack_result(socket(AF_INET, SOCK_DGRAM, 0));
}

static int open_packet_socket(void)
{
    return attack_result(socket(AF_PACKET, SOCK_RAW, 0));
}

static int execute(void)
{
    static char *const argv[] = {(char *)(uintptr_t) "/bin/true", NULL};
    static char *const environment[] = {NULL};
    return attack_result(execve(argv[0], argv, environment));
}

static int fork_process(void)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    return attack_result(child);
}

static int unshare_network(void)
{
    return attack_result(unshare(CLONE_NEWNET));
}

static int unshare_user(void)
{
    return attack_result(unshare(CLONE_NEWUSER));
}

static int take_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {
        {.permitted = 1U << CAP_NET_RAW, .effective = 1U << CAP_NET_RAW}};
    return attack_result(syscall(SYS_capset, &header, sets));
}

static int trace(void)
{
    return attack_result(ptrace(PTRACE_SEIZE, attack_page->processes[other()], NULL, NULL));
}

static int take_descriptor(void)
{
    long process = syscall(SYS_pidfd_open, attack_page->processes[other()], 0);
    return process < 0 ? -errno : attack_result(syscall(SYS_pidfd_getfd, process, STDIN_FILENO, 0));
}

static int read_memory(void)
{
    uint64_t bytes;
    struct iovec here = {.iov_base = &bytes, .iov_len = sizeof bytes};
    struct iovec there = {
        .iov_base = (void *)(uintptr_t)attack_page->addresses[other()], // NOLINT
        .iov_len = sizeof bytes,
    };
    return attack_result(process_vm_readv(attack_page->processes[other()], &here, 1, &there, 1, 0));
}

static int open_memory(void)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)attack_page->processes[other()]);
    return attack_result(open(path, O_RDWR));
}

/* One that neither ends of. */
static int send_signal(void)
{
    return attack_result(kill(attack_page->processes[other()], SIGHUP));
}

static int map_executable(void)
{
    void *map =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return map == MAP_FAILED ? -errno : 0;
}

static int make_executable(void)
{
    static _Alignas(PAGE) char memory[PAGE];
    return attack_result(mprotect(memory, sizeof memory, PROT_READ | PROT_EXEC));
}

void attack_run_common(void)
{
    static const struct attack attacks[] = {
        {"open a file", open_passwd},
        {"open a file upwards", open_upwards},
        {"open a file in place", open_in_place},
        {"write a file", write_file},
        {"open a socket", open_socket},
        {"open a packet socket", open_packet_socket},
        {"execute", execute},
        {"fork", fork_process},
        {"unshare the network", unshare_network},
        {"unshare the user", unshare_user},
        {"take a capability", take_capability},
        {"trace the other", trace},
        {"take the other's descriptor", take_descriptor},
        {"read the other's memory", read_memory},
        {"open the other's memory", open_memory},
        {"signal the other", send_signal},
        {"map executable", map_executable},
        {"make executable", make_executable},
    };
    attack_run(attacks, sizeof attacks / sizeof *attacks);
}
