#include "capture/sniffer/policy.h"

#include "common/sandbox.h"
#include "common/wire.h"

#include <sys/socket.h>

#include <linux/if_packet.h>

/*
 * All syscalls that the sniffer may use. Its loop has no clock, no allocation and no log, so their
 * syscalls are not here.
 */
size_t sniffer_policy(int packet, int channel, struct sandbox_rule *rules)
{
    const scmp_datum_t packet_datum = (scmp_datum_t)packet;
    const scmp_datum_t channel_datum = (scmp_datum_t)channel;
    const struct sandbox_rule table[] = {
        {SCMP_SYS(ppoll),
         "waits for packets, for room in the channel, or for the heartbeat",
         3,
         {SCMP_A1(SCMP_CMP_EQ, SNIFFER_POLL_DESCRIPTORS), SCMP_A3(SCMP_CMP_EQ, 0),
          SCMP_A4(SCMP_CMP_EQ, SNIFFER_SIGSET_BYTES)}},
        {SCMP_SYS(sendto),
         "sends one message to the exporter, without waiting",
         5,
         {SCMP_A0(SCMP_CMP_EQ, channel_datum), SCMP_A2(SCMP_CMP_LE, sizeof(union wire_message)),
          SCMP_A3(SCMP_CMP_EQ, MSG_DONTWAIT | MSG_NOSIGNAL), SCMP_A4(SCMP_CMP_EQ, 0),
          SCMP_A5(SCMP_CMP_EQ, 0)}},
        {SCMP_SYS(getsockopt),
         "reads how many packets the kernel passed and dropped",
         3,
         {SCMP_A0(SCMP_CMP_EQ, packet_datum), SCMP_A1(SCMP_CMP_EQ, SOL_PACKET),
          SCMP_A2(SCMP_CMP_EQ, PACKET_STATISTICS)}},
        {SCMP_SYS(getsockopt),
         "takes the packet socket's error: an interface that went down would wake ppoll for ever",
         3,
         {SCMP_A0(SCMP_CMP_EQ, packet_datum), SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET),
          SCMP_A2(SCMP_CMP_EQ, SO_ERROR)}},
        {SCMP_SYS(getsockname),
         "distinguishes a removed interface from one that is down",
         1,
         {SCMP_A0(SCMP_CMP_EQ, packet_datum)}},
        {SCMP_SYS(exit_group), "ends", 0, {{0}}},
    };
    const size_t count = sizeof table / sizeof *table;
    _Static_assert(sizeof table / sizeof *table <= SNIFFER_RULES_MAX, "the caller has room");
    for (size_t i = 0; i < count; i++) {
        rules[i] = table[i];
    }
    return count;
}
