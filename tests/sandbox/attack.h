/*
 * Programs that attack themselves: the shipped objects, linked with --wrap so that an attack runs
 * where the loop would begin, after the true start, and so that defences can be taken away one by
 * one. Which ones is read from a page of shared memory, where the outcome is written to without any
 * system call. attack.py makes that page.
 */
#ifndef TESTS_SANDBOX_ATTACK_H
#define TESTS_SANDBOX_ATTACK_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is to be done, and what came of it. attack.py knows this layout. */
struct attack_page {
    char attacker[16];       /* "sniffer" or "exporter" */
    char attack[32];         /* the name of an attack */
    char removed[128];       /* the names of defences, each followed by a space */
    char upwards[128];       /* /etc/passwd by a path with .. */
    char file[128];          /* a file that is not there, in a folder that everybody may write */
    int32_t interface;       /* the index of the interface to inject into or bind to */
    int32_t processes[2];    /* by enum attack_process */
    uint64_t addresses[2];   /* of something that can be read, in each process */
    int32_t exporter_stands; /* 1: it is about to enter its loop */
    int32_t state;           /* enum attack_state */
    int32_t result;          /* 0 or -errno, once the state is ATTACK_RETURNED */
};

_Static_assert(sizeof(struct attack_page) == 480, "as attack.py has it");

enum attack_process { ATTACK_SNIFFER, ATTACK_EXPORTER };

/* A process that dies at it, or becomes another program, stays BEGUN. */
enum attack_state { ATTACK_NONE, ATTACK_BEGUN, ATTACK_RETURNED };

struct attack {
    const char *name;
    int (*run)(void); /* returns 0 when the attack succeeded, or -errno */
};

extern volatile struct attack_page *attack_page;

/* Which of the two this program becomes. Each defines its own. */
extern const enum attack_process attack_self;

/* Of what a system call returned: 0 or -errno. */
static inline int attack_result(long returned)
{
    return returned >= 0 ? 0 : -errno;
}

/* Whether this defence is to be left out. */
bool attack_removed(const char *defence);

/* Runs the attack if it is this process's to run and stands in this list. */
void attack_run(const struct attack *attacks, size_t count);

/* The attacks that either process makes. */
void attack_run_common(void);

#endif
