/*
 * Which network interfaces no longer show what they showed at the start: decisions about the
 * messages of rtnetlink(7), without a system call. Interfaces are known by their index, as the
 * sniffer's filter knows them: a name changes nothing, and one that was removed is forgotten.
 */
#ifndef EXPORTER_SYSTEM_INTERFACES_H
#define EXPORTER_SYSTEM_INTERFACES_H

#include "exporter/system/timer.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct link;
struct nlmsghdr;

enum {
    INTERFACES_MAX = 4096,    /* known at the start */
    INTERFACES_BORN_MAX = 64, /* later, of a kind that counts twice: the next are not looked at */
    /* From a change to its being told. A port that is removed loses its bridge a moment before, and
     * a macvlan of a container is made outside of it: neither is there for so long. */
    INTERFACES_GRACE_SECONDS = 4,
};

enum interface_change {
    INTERFACE_UNCHANGED,
    INTERFACE_DOUBLED, /* it counted, and another shows the same now */
    INTERFACE_MISSED,  /* it was left out, and no other shows the same now */
    INTERFACE_BORN,    /* it was not there, and another shows some of the same */
};

struct interface {
    int index;
    bool known;   /* at the start */
    bool counted; /* then */
    bool told;
    enum interface_change change;
    uint32_t second; /* since when, unless INTERFACE_UNCHANGED */
    /* Of the latest change: */
    char name[IF_NAMESIZE];
    const char *shown_by; /* static text: what shows the same; empty with INTERFACE_MISSED */
};

/* All zero before the start. */
struct interfaces {
    struct interface entries[INTERFACES_MAX + INTERFACES_BORN_MAX];
    unsigned count;
    unsigned born;
    unsigned waiting; /* changed and not told */
    /* There were more at the start. A new one cannot be told from those, so none is looked at. */
    bool too_many;
};

/* Takes one that is there at the start. */
void interfaces_know(struct interfaces *interfaces, const struct link *link);

/* Takes a message after the start, for which NLMSG_OK holds; of other kinds than RTM_NEWLINK and
 * RTM_DELLINK, and what cannot be read, changes nothing. */
void interfaces_take(struct interfaces *interfaces, const struct nlmsghdr *header, uint32_t now);

/* One whose change has lasted, each once, valid until the next call of interfaces_take; NULL when
 * there is none. */
const struct interface *interfaces_tell(struct interfaces *interfaces, uint32_t now);

/* Milliseconds until interfaces_tell may have one; below 0: none waits. */
int interfaces_wait(const struct interfaces *interfaces, struct timer_now now);

#endif
