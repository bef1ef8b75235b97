/*
 * The one-way channel between the two processes: a pair of connected unix(7) SOCK_SEQPACKET
 * sockets. The receiving end's sending side is shut by the kernel before the fork, so nothing can
 * ever travel towards the sniffer.
 *
 * The owner of an end closes it: channel_make gives both to the caller.
 */
#ifndef COMMON_CHANNEL_H
#define COMMON_CHANNEL_H

#include "common/wire.h"

#include <stddef.h>

/* Environment variables that pass the receiving end's number and the sender's pid over the exec. */
#define CHANNEL_ENVIRONMENT         "DNSTT_EXPORTER_CHANNEL"
#define CHANNEL_SNIFFER_ENVIRONMENT "DNSTT_EXPORTER_SNIFFER"

struct channel {
    int sender;   /* close-on-exec, non-blocking */
    int receiver; /* non-blocking; survives an exec, and cannot send */
};

/*
 * Makes a pair whose receiving end has a number of `lowest` or above, so that it cannot take the
 * number of a socket activation descriptor (sd_listen_fds(3)). Returns 0 or -errno.
 */
int channel_make(int lowest, struct channel *out);

/*
 * Takes over the receiving end, given its number as text: checks that it is a SOCK_SEQPACKET unix
 * socket and sets it close-on-exec. Returns 0 or -errno (-EINVAL for a text that is not a number).
 */
int channel_adopt(const char *text, int *receiver);

/*
 * Sends one message without waiting and without SIGPIPE. Returns 0; -EAGAIN when the channel is
 * full; -EPIPE or -ECONNRESET when the receiver is gone. The sniffer's syscall table pins the flags
 * and arguments used here.
 */
int channel_send(int sender, const void *message, size_t length);

/*
 * Receives one message without waiting. Returns its length, which exceeds sizeof *message when it
 * was cut; 0 when the sender has closed; -EAGAIN when no message is queued; -errno otherwise.
 */
long channel_receive(int receiver, union wire_message *message);

#endif
