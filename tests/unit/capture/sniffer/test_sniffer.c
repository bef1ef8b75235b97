#include "capture/sniffer/batch.h"
#include "capture/sniffer/parse/frame.h"
#include "capture/sniffer/ring.h"
#include "capture/sniffer/sniffer.h"
#include "common/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- In the place of the packet socket's. --- */

static int statistics_error;
static bool interface_gone;

bool ring_next(struct ring *ring, struct frame *out)
{
    (void)ring;
    (void)out;
    return false;
}

int ring_statistics(int descriptor, struct ring_statistics *out)
{
    (void)descriptor;
    if (statistics_error == 0) {
        *out = (struct ring_statistics){.received = 0};
    }
    return statistics_error;
}

int ring_socket_error(int descriptor)
{
    (void)descriptor;
    return 0;
}

bool ring_interface_gone(int descriptor)
{
    (void)descriptor;
    return interface_gone;
}

/* --- Why it ends. --- */

/* A descriptor that can be waited for stands for the packet socket. */
static struct sniffer sniffer;
static int exporter;

static int set_up(void **state)
{
    (void)state;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) {
        return -1;
    }
    exporter = ends[1];
    sniffer = (struct sniffer){.packet = dup(ends[0]), .named_interface = true};
    statistics_error = 0;
    interface_gone = false;
    return batch_start(&sniffer.batch, ends[0], 1);
}

static void end(int *descriptor)
{
    if (*descriptor >= 0) {
        close(*descriptor);
        *descriptor = -1;
    }
}

static int tear_down(void **state)
{
    (void)state;
    end(&sniffer.packet);
    end(&sniffer.batch.channel);
    end(&exporter);
    return 0;
}

/* Whatever it was, -EAGAIN included, which from the channel would mean to wait. */
static void test_no_statistics(void **state)
{
    (void)state;
    const int errors[] = {-EBADF, -EAGAIN, -EPIPE};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        statistics_error = errors[i];
        assert_int_equal(sniffer_run(&sniffer), WIRE_EXIT_SOCKET_BROKEN);
    }
}

static void test_interface_gone(void **state)
{
    (void)state;
    interface_gone = true;
    assert_int_equal(sniffer_run(&sniffer), WIRE_EXIT_INTERFACE_GONE);
}

static void test_exporter_gone(void **state)
{
    (void)state;
    end(&exporter);
    assert_int_equal(sniffer_run(&sniffer), WIRE_EXIT_CHANNEL_CLOSED);
}

static void test_channel_broken(void **state)
{
    (void)state;
    end(&sniffer.batch.channel);
    assert_int_equal(sniffer_run(&sniffer), WIRE_EXIT_CHANNEL_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_statistics, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_interface_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exporter_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_channel_broken, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
