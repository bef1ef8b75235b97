"""Network devices of each kind, on top of each other, with real queries and answers over them.

Each case is a function that makes the devices of a host. `make test` runs those that take no module
of the kernel, tests/lab/qemu all of them."""

import contextlib
import socket
import time
from typing import Callable, NamedTuple

from support import account, wire
from support.namespace import Namespace, run
from support.program import Metrics, Program, wait_for

DOMAIN = "t.example.com"
SERVER, CLIENT = "10.77.0.2", "10.77.0.11"
ELSEWHERE = "a macvlan of another network namespace"  # in the log, of what is not counted
PAIRS = ("server0", "client0"), ("server1", "client1")
REACH_PORT = 7  # what goes there does not count
EXCHANGES = 5
SECONDS = 60  # these only bound a failing run
QUIET_SECONDS = 0.5  # in which nothing more may count


class Case(NamedTuple):
    name: str
    build: Callable  # of a Site
    kinds: tuple  # of devices, beside veth
    counts: tuple  # queries and responses of an exchange, with all interfaces
    named: dict  # the same with -capture.interface
    log: tuple  # texts in the log


CASES = []


def case(name, *kinds, counts=(1, 1), named=None, log=()):
    def add(build):
        CASES.append(Case(name, build, kinds, counts, named or {}, log))
        return build

    return add


class Site:
    """Two namespaces and two pairs of veth between them: servers and clients."""

    def __init__(self):
        self.undo = contextlib.ExitStack()
        with self.undo:
            self.server = self.namespace("server")
            self.client = self.namespace("client")
            for server, client in PAIRS:
                self.client.ip("link", "add", client, "type", "veth", "peer", "name", server,
                               "netns", self.server.name)
                self.client.ip("link", "set", client, "up")
                self.server.ip("link", "set", server, "up")
            self.service = self.server  # where the service runs
            self.device = self.client_device = ""  # that their sockets are bound to
            self.midway = lambda: None  # done after the second exchange
            self.undo = self.undo.pop_all()

    def namespace(self, role):
        made = Namespace(role)
        self.undo.callback(made.remove)
        run(*made.command("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                          "net.ipv6.conf.default.disable_ipv6=1"))
        return made

    def close(self):
        self.undo.close()

    # --- For the cases: devices of the server, and the client's counterpart.
    def add(self, name, *arguments, where=None):
        """A device that is up."""
        where = where or self.server
        where.ip("link", "add", "name", name, *arguments)
        where.ip("link", "set", name, "up")
        return name

    def enslave(self, name, *ports, where=None):
        for port in ports:
            (where or self.server).ip("link", "set", port, "down")
            (where or self.server).ip("link", "set", port, "master", name)
            (where or self.server).ip("link", "set", port, "up")

    def address(self, device, address=SERVER, where=None):
        (where or self.server).ip("address", "add", f"{address}/24", "dev", device)

    def addresses(self, server, client="client0"):
        """Of the service and of the client, who are next to each other."""
        self.address(server)
        self.address(client, CLIENT, self.client)
        self.send_to(server, client)

    def mac(self, device, where=None):
        """Its link-layer address, or "": it has none of Ethernet."""
        shown = (where or self.server).ip("-oneline", "link", "show", device)
        return shown.partition("link/ether ")[2].partition(" ")[0]

    def send_to(self, device, client="client0"):
        """Each interface of a host answers for each address: here this one does."""
        if address := self.mac(device, self.service):
            self.client.ip("neighbour", "replace", SERVER, "lladdr", address, "dev", client, "nud",
                           "permanent")

    def contain(self, device):
        """Moves a device into a namespace of its own, and the service too."""
        self.service = self.namespace("container")
        self.server.ip("link", "set", device, "netns", self.service.name)
        self.service.ip("link", "set", device, "up")
        self.address(device, where=self.service)
        self.address("client0", CLIENT, self.client)
        self.send_to(device)

    def switch(self):
        """The client's ends as ports of one switch."""
        self.add("switch", "type", "bridge", where=self.client)
        self.enslave("switch", *(client for _, client in PAIRS), where=self.client)
        return "switch"

    def tc(self, *arguments):
        run("tc", "-n", self.server.name, *arguments)


class Traffic:
    """The service and its client."""

    def __init__(self, site):
        self.site = site
        self.answering = [self._answering(53), self._answering(REACH_PORT)]
        with site.client.entered():
            self.client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if site.client_device:
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                                   site.client_device.encode())

    def _answering(self, port):
        with self.site.service.entered():
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if self.site.device:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.site.device.encode())
        made.bind(("", port))
        return made

    def close(self):
        for made in (*self.answering, self.client):
            made.close()

    def _exchange(self, message, answering, port, seconds):
        answering.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while answering.recv(4096):
                pass  # a copy of the last query
        for endpoint in (self.client, answering):
            endpoint.settimeout(seconds)
        self.client.sendto(message, (SERVER, port))
        received, address = answering.recvfrom(4096)
        answer = wire.response(received, bytes(300))
        answering.sendto(answer, address)
        assert self.client.recv(4096) == answer

    def reach(self):
        """Until the two reach each other, over a port that is not watched."""
        def reached():
            with contextlib.suppress(TimeoutError, OSError):
                self._exchange(account.MARKER, self.answering[1], REACH_PORT, 0.5)
                return True

        wait_for(reached, SECONDS, "the service is reached")

    def exchange(self):
        for number in range(EXCHANGES):
            query = wire.query(b"CLIENT-%d" % number, DOMAIN, bytes(100))
            self._exchange(query, self.answering[0], 53, SECONDS)
            if number == 1:
                self.site.midway()
                self.reach()

    def mark(self):
        """Two foreign queries, the last over loopback: once it shows, all before it do."""
        self._exchange(account.MARKER, self.answering[0], 53, SECONDS)
        with self.site.server.entered():
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sender:
            sender.sendto(account.MARKER, ("127.0.0.1", 53))


class Watch:
    """A program with all interfaces, or with the named one, on a port of its own."""

    def __init__(self, site, counts, number=0, interface=None):
        self.port = 9713 + number
        self.interface = interface or "all interfaces"
        named = ("-capture.interface", interface) if interface else ()
        self.program = Program(site.server, "-dnstt.domain", DOMAIN, "-web.listen-address",
                               f"127.0.0.1:{self.port}", *named)
        # What nobody is asked to answer counts too, over loopback with all interfaces alone.
        self.expected = {"query": counts[0] * EXCHANGES, "response": counts[1] * EXCHANGES,
                         "other_domain": counts[0] + (not interface)}
        self.seen = None

    def figures(self):
        _, _, body = self.program.request("GET", "/metrics", port=self.port)
        metrics = Metrics(body)
        outcomes = account.outcomes(metrics)
        # The copies that do not count are ignored by their direction.
        outcomes.pop("ignored")
        self.seen = {name: int(number) for name, number in outcomes.items() if number}
        return account.balanced(metrics) and self.seen == {
            name: number for name, number in self.expected.items() if number}

    def check(self):
        def told():
            return f"{self.interface}: {self.expected} expected, {self.seen} seen"

        deadline = time.monotonic() + SECONDS / 6
        while not self.figures():
            assert time.monotonic() < deadline, told()
            time.sleep(0.05)

    def check_still(self):
        assert self.figures(), f"{self.interface}: {self.expected} expected, {self.seen} at last"


def measure(one):
    """Runs a case. Returns the queries and responses that counted with all interfaces."""
    with contextlib.ExitStack() as undo:
        site = Site()
        undo.callback(site.close)
        one.build(site)
        traffic = Traffic(site)
        undo.callback(traffic.close)
        traffic.reach()
        watches = [Watch(site, one.counts)]
        watches += [Watch(site, counts, number, interface)
                    for number, (interface, counts) in enumerate(one.named.items(), 1)]
        for watch in watches:
            undo.callback(watch.program.kill)
        for watch in watches:
            watch.program.wait_ready(("127.0.0.1", watch.port))
        traffic.exchange()
        traffic.mark()
        for watch in watches:
            watch.check()
        time.sleep(QUIET_SECONDS)
        for watch in watches:
            watch.check_still()
            assert watch.program.stop() == 0, watch.program.log()
        log = "".join(watch.program.log() for watch in watches)
        for text in one.log:
            assert text in log, log
        assert (ELSEWHERE in log) == (ELSEWHERE in one.log), log
        return watches[0].seen.get("query", 0), watches[0].seen.get("response", 0)


# === The cases ====================================================================================

NOT_WATCHED = "not watched: another interface shows the same packets"


@case("veth", named={"server0": (1, 1)})
def _(site):
    site.addresses("server0")


@case("bridge", "bridge", named={"bridge0": (1, 1), "server0": (1, 1)},
      log=(f'{NOT_WATCHED}" interface=server0 shown_by="its bridge"',))
def _(site):
    site.add("bridge0", "type", "bridge")
    site.enslave("bridge0", "server0")
    site.addresses("bridge0")


def veth_in_bridge(site):
    site.add("bridge0", "type", "bridge")
    site.add("inner0", "type", "veth", "peer", "name", "inner1")
    site.enslave("bridge0", "server0", "inner0")


@case("veth in a bridge", "bridge", named={"inner1": (1, 1)})
def _(site):
    veth_in_bridge(site)
    site.server.ip("link", "set", "inner1", "up")
    site.addresses("inner1")


@case("a container in a bridge, another machine as much as one on the wire", "bridge",
      counts=(0, 0), named={"bridge0": (0, 0)})
def _(site):
    veth_in_bridge(site)
    site.contain("inner1")


def macvlan(mode, parent="server0", kind="macvlan"):
    def build(site):
        site.add("child", "link", parent, "type", kind, "mode", mode)
        if mode == "source":
            site.server.ip("link", "set", "child", "type", "macvlan", "macaddr", "add",
                           site.mac("client0", site.client))
        site.addresses("child")

    return build


for _mode in ("bridge", "private", "vepa", "source"):
    # What leaves the child leaves the parent too.
    case(f"macvlan {_mode}", "macvlan", named={"child": (1, 1), "server0": (0, 1)})(macvlan(_mode))
case("macvlan passthru", "macvlan", named={"child": (1, 1), "server0": (1, 1)},
     log=(f'{NOT_WATCHED}" interface=child shown_by="its parent"',))(macvlan("passthru"))


def macvlan_both(first, second, arrives):
    def build(site):
        site.add("child", "link", "server0", "type", "macvlan", "mode", "bridge")
        site.address(first)  # the way of the answers
        site.address(second)
        site.address("client0", CLIENT, site.client)
        site.send_to(arrives)

    return build


for _first, _second in (("child", "server0"), ("server0", "child")):
    for _arrives in ("child", "server0"):
        case(f"macvlan with its parent's address, in by {_arrives}, out by {_first}", "macvlan")(
            macvlan_both(_first, _second, _arrives))


@case("macvlan source with its parent's address: the kernel itself doubles the query", "macvlan",
      counts=(2, 1), log=("counted right", "interface=child"))
def _(site):
    macvlan("source")(site)
    site.address("server0")
    site.send_to("server0")


@case("a service on macvlan's parent", "macvlan", named={"server0": (1, 1)})
def _(site):
    site.add("child", "link", "server0", "type", "macvlan", "mode", "bridge")
    site.addresses("server0")


@case("a service on macvlan's parent, whose own address changes", "macvlan")
def _(site):
    site.add("child", "link", "server0", "type", "macvlan", "mode", "bridge")
    site.addresses("server0")

    def change():
        site.server.ip("link", "set", "server0", "address", "02:00:00:00:77:77")
        site.send_to("server0")

    site.midway = change


@case("macvlan of a container", "macvlan", counts=(0, 0),
      log=(ELSEWHERE, "interface=server0"))
def _(site):
    site.add("child", "link", "server0", "type", "macvlan", "mode", "bridge")
    site.contain("child")


@case("macvlan passthru of a container", "macvlan")
def _(site):
    site.add("child", "link", "server0", "type", "macvlan", "mode", "passthru")
    site.contain("child")


@case("macvlan on a bridge", "macvlan", "bridge", named={"child": (1, 1)})
def _(site):
    site.add("bridge0", "type", "bridge")
    site.enslave("bridge0", "server0")
    macvlan("bridge", "bridge0")(site)


def bridge_on_macvlan(mode):
    def build(site):
        site.add("child", "link", "server0", "type", "macvlan", "mode", mode)
        site.add("bridge0", "address", site.mac("child"), "type", "bridge")
        site.enslave("bridge0", "child")
        site.addresses("bridge0")

    return build


for _mode in ("bridge", "passthru"):
    case(f"bridge on macvlan {_mode}", "macvlan", "bridge", named={"bridge0": (1, 1)})(
        bridge_on_macvlan(_mode))


def redirect(site, *directions):
    site.add("ifb0", "type", "ifb")
    site.tc("qdisc", "add", "dev", "server0", "clsact")
    for direction in directions:
        site.tc("filter", "add", "dev", "server0", direction, "protocol", "ip", "u32", "match",
                "u32", "0", "0", "action", "mirred", "egress", "redirect", "dev", "ifb0")
    site.addresses("server0")


for _directions, _counts in ((("egress",), (0, 1)), (("ingress",), (0, 0)),
                             (("ingress", "egress"), (0, 1))):
    case(f"ifb on {' and '.join(_directions)}", "ifb", named={"ifb0": _counts, "server0": (1, 1)},
         log=(f'{NOT_WATCHED}" interface=ifb0', "interface=ifb0 reason=\"shows no queries"))(
        lambda site, directions=_directions: redirect(site, *directions))


def outer(site):
    site.address("server0", "10.78.0.2")
    site.address("client0", "10.78.0.11", site.client)


def tunnel(*kind):
    """Between the two: what it carries is shown once, as its parent shows it wrapped up."""
    def build(site):
        outer(site)
        for where, local, remote in ((site.server, "10.78.0.2", "10.78.0.11"),
                                     (site.client, "10.78.0.11", "10.78.0.2")):
            site.add("tunnel0", "type", *kind, "local", local, "remote", remote, where=where)
        site.addresses("tunnel0", "tunnel0")

    return build


VXLAN = "vxlan", "id", "7", "dstport", "4789"
case("vxlan", "vxlan", named={"tunnel0": (1, 1), "server0": (0, 0)})(tunnel(*VXLAN))


@case("vxlan in a bridge", "vxlan", "bridge", named={"bridge0": (1, 1)})
def _(site):
    tunnel(*VXLAN)(site)
    site.server.ip("address", "flush", "dev", "tunnel0")
    site.add("bridge0", "type", "bridge")
    site.enslave("bridge0", "tunnel0")
    site.address("bridge0")


# --- Those that take modules.

for _kind, _named in ((("gre",), {"tunnel0": (1, 1)}), (("gretap",), {}), (("ipip",), {})):
    case(_kind[0], _kind[0], named=_named)(tunnel(*_kind))


def vlan(site, parent="server0", client="client0", number="5", name="vlan0", kind="802.1Q"):
    """On both sides; the addresses are a caller's."""
    for where, link in ((site.server, parent), (site.client, client)):
        site.add(name, "link", link, "type", "vlan", "protocol", kind, "id", number, where=where)
    return name


def bond(site, name="bond0"):
    site.add(name, "type", "bond", "mode", "active-backup", "miimon", "50")
    site.enslave(name, "server0", "server1")
    site.server.ip("link", "set", name, "type", "bond", "active_slave", "server0")

    def fail():
        site.server.ip("link", "set", "server0", "down")

    site.midway = fail
    return name


def vrf(site, *ports):
    site.add("vrf0", "type", "vrf", "table", "10")
    for port in ports:
        site.server.ip("link", "set", port, "master", "vrf0")
    site.device = "vrf0"


@case("VLAN", "vlan", named={"vlan0": (1, 1), "server0": (1, 1)})
def _(site):
    site.addresses(vlan(site), "vlan0")


@case("VLAN with an address of its own", "vlan")
def _(site):
    vlan(site)
    site.server.ip("link", "set", "vlan0", "address", "02:00:00:00:77:05")
    site.addresses("vlan0", "vlan0")


@case("QinQ", "vlan", named={"inner": (1, 1)})
def _(site):
    vlan(site, name="vlan0", kind="802.1ad")
    site.addresses(vlan(site, "vlan0", "vlan0", "6", "inner"), "inner")


@case("bond, failing over", "bond", named={"bond0": (1, 1)},
      log=(f'{NOT_WATCHED}" interface=server0 shown_by="its bond"',))
def _(site):
    site.addresses(bond(site), site.switch())


@case("VLAN on a bond, failing over", "bond", "vlan")
def _(site):
    site.addresses(vlan(site, bond(site), site.switch()), "vlan0")


@case("bridge on a bond, failing over", "bond", "bridge",
      log=(f'{NOT_WATCHED}" interface=bond0 shown_by="its bridge"',))
def _(site):
    site.add("bridge0", "type", "bridge")
    site.enslave("bridge0", bond(site))
    site.addresses("bridge0", site.switch())


@case("macvlan on a bond, failing over", "bond", "macvlan")
def _(site):
    site.add("child", "link", bond(site), "type", "macvlan", "mode", "bridge")
    site.addresses("child", site.switch())


@case("a service on a bond that has a macvlan, whose address changes as it fails over", "bond",
      "macvlan")
def _(site):
    site.add("bond0", "type", "bond", "mode", "active-backup", "miimon", "50", "fail_over_mac",
             "active")
    site.enslave("bond0", "server0", "server1")
    site.server.ip("link", "set", "bond0", "type", "bond", "active_slave", "server0")
    site.add("child", "link", "bond0", "type", "macvlan", "mode", "bridge")
    site.addresses("bond0", site.switch())

    def fail():
        site.server.ip("link", "set", "server0", "down")
        wait_for(lambda: site.mac("bond0") == site.mac("server1"), SECONDS, "the other address")
        site.send_to("bond0", "switch")

    site.midway = fail


@case("VLAN on a macvlan", "vlan", "macvlan")
def _(site):
    site.add("child", "link", "server0", "type", "macvlan", "mode", "bridge")
    site.addresses(vlan(site, "child"), "vlan0")


@case("bridge on a VLAN", "vlan", "bridge")
def _(site):
    site.add("bridge0", "type", "bridge")
    site.enslave("bridge0", vlan(site))
    site.addresses("bridge0", "vlan0")


@case("VLAN on a bridge", "vlan", "bridge")
def _(site):
    site.add("bridge0", "type", "bridge")
    site.enslave("bridge0", "server0")
    site.addresses(vlan(site, "bridge0"), "vlan0")


@case("macvlan on a VLAN", "vlan", "macvlan")
def _(site):
    vlan(site)
    site.add("child", "link", "vlan0", "type", "macvlan", "mode", "bridge")
    site.addresses("child", "vlan0")


@case("team", "team", log=(f'{NOT_WATCHED}" interface=server0 shown_by="its team"',))
def _(site):
    site.add("team0", "type", "team")
    run(*site.server.command("teamnl", "team0", "setoption", "mode", "activebackup"))
    for port in ("server0", "server1"):  # in this mode teamd does
        site.server.ip("link", "set", port, "address", site.mac("team0"))
    site.enslave("team0", "server0", "server1")
    for port in ("server0", "server1"):
        number = site.server.ip("-oneline", "link", "show", port).split(":")[0]
        run(*site.server.command("teamnl", "team0", "setoption", "enabled", "true", "-p", port))
        if port == "server0":
            run(*site.server.command("teamnl", "team0", "setoption", "activeport", number))
    site.addresses("team0", site.switch())


VRF_NAMED = {"vrf0": (0, 1)}
VRF_LOG = ('interface=vrf0 reason="shows no queries: name its port"',)


@case("VRF with veth", "vrf", named=VRF_NAMED | {"server0": (1, 1)}, log=VRF_LOG)
def _(site):
    vrf(site, "server0")
    site.addresses("server0")


@case("VRF with a queueing discipline", "vrf")
def _(site):
    vrf(site, "server0")
    site.tc("qdisc", "add", "dev", "vrf0", "root", "pfifo")
    site.addresses("server0")


@case("a client and a service within a VRF", "vrf", counts=(0, 0),
      log=("interface=vrf0 shown_by=",))
def _(site):
    vrf(site, "server0")
    site.address("server0")
    site.client = site.server
    site.client_device = "vrf0"


@case("VRF with a bridge", "vrf", "bridge", named={"bridge0": (1, 1)})
def _(site):
    site.add("bridge0", "type", "bridge")
    site.enslave("bridge0", "server0")
    vrf(site, "bridge0")
    site.addresses("bridge0")


@case("VRF with a VLAN", "vrf", "vlan", named={"vlan0": (1, 1)})
def _(site):
    vrf(site, vlan(site))
    site.addresses("vlan0", "vlan0")


@case("VRF with a VLAN on a bond, failing over", "vrf", "vlan", "bond")
def _(site):
    vrf(site, vlan(site, bond(site), site.switch()))
    site.addresses("vlan0", "vlan0")


@case("VRF with a macvlan", "vrf", "macvlan")
def _(site):
    macvlan("bridge")(site)
    site.server.ip("address", "flush", "dev", "child")
    vrf(site, "child")
    site.address("child")


def ipvlan(site, mode, parent="server0"):
    return site.add("child", "link", parent, "type", "ipvlan", "mode", mode)


def know_the_way(site, parent="server0"):
    """Beyond l2 what the child sends goes the parent's way, here the second one to the client, and
    the child gets the parent's ARP."""
    site.address(parent, "10.77.0.3")
    site.server.ip("neighbour", "replace", CLIENT, "lladdr", site.mac("client0", site.client),
                   "dev", parent, "nud", "permanent")


for _mode in ("l2", "l3", "l3s"):
    def _build(site, mode=_mode):
        site.addresses(ipvlan(site, mode))
        know_the_way(site)

    def _contained(site, mode=_mode):
        site.contain(ipvlan(site, mode))
        know_the_way(site)

    _child = (0, 1) if _mode == "l3s" else (1, 1)
    case(f"ipvlan {_mode}", "ipvlan", named={"child": _child, "server0": (1, 1)},
         log=(f'{NOT_WATCHED}" interface=child shown_by="its parent"',
              *(('interface=child reason="shows no queries',) if _mode == "l3s" else ())))(_build)
    case(f"ipvlan {_mode} of a container", "ipvlan")(_contained)


@case("ipvlan on a VLAN", "ipvlan", "vlan")
def _(site):
    site.addresses(ipvlan(site, "l2", vlan(site)), "vlan0")


@case("ipvlan on a bond, failing over", "ipvlan", "bond")
def _(site):
    site.addresses(ipvlan(site, "l2", bond(site)), site.switch())


@case("ipvlan on a macvlan", "ipvlan", "macvlan")
def _(site):
    middle = site.add("middle", "link", "server0", "type", "macvlan", "mode", "bridge")
    site.addresses(ipvlan(site, "l2", middle))


@case("VRF with an ipvlan", "ipvlan", "vrf")
def _(site):
    vrf(site, ipvlan(site, "l2"))
    site.addresses("child")


@case("anycast on dummy", "dummy", named={"server0": (1, 1), "dummy0": (0, 0)})
def _(site):
    site.add("dummy0", "type", "dummy")
    site.address("server0", "10.78.0.2")
    site.server.ip("address", "add", f"{SERVER}/32", "dev", "dummy0")
    site.address("client0", "10.78.0.11", site.client)
    site.client.ip("route", "add", SERVER, "via", "10.78.0.2")
