"""A host of its own for a test: two network namespaces joined by a veth pair."""

import contextlib

from support import account, frames
from support.namespace import Injector, Namespace
from support.program import wait_for

SERVER_INTERFACE = "server0"
CLIENT_INTERFACE = "client0"


class Host:
    """The server's namespace, and what reaches and leaves it over its one network interface.

    `inbound` sends from the client's end of the wire: the kernel marks such packets as addressed to
    this host. `outbound` sends from the server's own end: it marks these as outgoing. With a bridge
    the interface is a port of it, and the address is the bridge's."""

    interface = SERVER_INTERFACE

    def __init__(self, bridge=None):
        with contextlib.ExitStack() as undo:
            self.server = Namespace("server")
            undo.callback(self.server.remove)
            self.client = Namespace("client")
            undo.callback(self.client.remove)
            self._connect(bridge)
            self.inbound = Injector(self.client, CLIENT_INTERFACE)
            undo.callback(self.inbound.close)
            self.outbound = Injector(self.server, bridge or SERVER_INTERFACE)
            undo.callback(self.outbound.close)
            self.close = undo.pop_all().close

    def _connect(self, bridge):
        self.client.ip("link", "add", CLIENT_INTERFACE, "type", "veth", "peer", "name",
                       SERVER_INTERFACE, "address", frames.SERVER_MAC, "netns", self.server.name)
        links = [(self.client, CLIENT_INTERFACE), (self.server, SERVER_INTERFACE)]
        if bridge:
            self.server.ip("link", "add", bridge, "address", frames.SERVER_MAC, "type", "bridge")
            self.server.ip("link", "set", SERVER_INTERFACE, "master", bridge)
            links.append((self.server, bridge))
        for namespace, interface in links:
            namespace.silence_ipv6(interface)
            namespace.ip("link", "set", interface, "up")
        # The kernel brings them up, and lets a bridge forward, a moment after it was told to.
        for namespace, interface in links:
            wait_for(lambda: " state UP " in namespace.ip("link", "show", interface), 5, interface)
        if bridge:
            wait_for(lambda: "state forwarding" in
                     self.server.ip("-details", "link", "show", SERVER_INTERFACE), 5, bridge)
        self.server.ip("address", "add", f"{frames.SERVER4}/24", "dev", bridge or SERVER_INTERFACE)

    def settle(self, program, **expected):
        return account.settle(program, self.inbound.send, **expected)
