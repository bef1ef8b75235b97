"""Whatever devices a packet passes, it counts once in each direction: the kinds that need no module
of the kernel. tests/lab/qemu has the others."""

import pytest

from support import devices

BUILT_IN = {"bridge", "ifb", "macvlan", "vxlan"}
HERE = [case for case in devices.CASES if BUILT_IN.issuperset(case.kinds)]


@pytest.mark.parametrize("case", HERE, ids=[case.name for case in HERE])
def test_device(case):
    devices.measure(case)
