"""The installed program under a container's restrictions, put on by bubblewrap: the host's network,
a read-only root, NET_RAW and no other capability, no_new_privs."""

import os
import signal

from e2e import package
from integration.test_processes import CAPABILITIES, status
from support import account, frames, wire
from support.program import Program, children, wait_for

DOMAIN = "t.example.com"


def test_container(new_system):
    system = new_system()
    package.apt(system.machine, "install", package.NAME)
    system.machine.stop()

    container = ("bwrap", "--ro-bind", system.machine.root, "/", "--proc", "/proc", "--dev", "/dev",
                 "--unshare-ipc", "--unshare-uts", "--die-with-parent",
                 "--cap-drop", "ALL", "--cap-add", "CAP_NET_RAW")
    program = Program(system.host.server, "-dnstt.domain", DOMAIN, prefix=container,
                      program="/usr/bin/dnstt_exporter")
    try:
        program.wait_ready()
        main = program.sniffer  # bubblewrap's child
        (sniffer,) = wait_for(lambda: children(main), 1, "the sniffer")
        for pid in (main, sniffer):
            now = status(pid)
            assert [int(now[held], 16) for held in CAPABILITIES] == [0] * len(CAPABILITIES)
            assert (now["NoNewPrivs"], now["Seccomp"]) == ("1", "2")
        system.host.inbound.send(frames.query_frame(wire.query(b"CLIENTID", DOMAIN)))
        account.settle(program, system.host.inbound.send, query=1)
        os.kill(main, signal.SIGTERM)
        assert program.wait_end() == 0, program.log()
    finally:
        program.kill()
