# SPDX-License-Identifier: Apache-2.0
"""Network devices moved into the container: names, addresses, state, and what is refused.

The runtime is called inside a network namespace of the test's own, whose veth pairs stand for the
host's devices.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from .harness import Container, departs, needs


@cache
def veth_devices() -> str | None:
    """A veth pair can be made."""
    done = subprocess.run(
        ["unshare", "-n", "ip", "link", "add", "v0", "type", "veth"], capture_output=True, text=True
    )
    return None if done.returncode == 0 else f"ip link add type veth: {done.stderr}"


pytestmark = [
    needs(veth_devices),
    departs("runc", "1.1 has no netDevices (standard 1.3)"),
]


class Host:
    """A network namespace that plays the host's."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo; exec sleep 1000"], stdout=subprocess.PIPE
        )
        assert self.process.stdout and self.process.stdout.readline()
        self.prefix = ["nsenter", "-t", str(self.process.pid), "-n"]
        self("ip", "link", "set", "lo", "up")

    def __call__(self, *command: str) -> str:
        done = subprocess.run([*self.prefix, *command], capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def veth(self, name: str, *addresses: str, up: bool = True) -> None:
        """Add a device whose other end is "NAME-p"."""
        self("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}-p")
        for address in addresses:
            self("ip", "address", "add", *address.split(), "dev", name)
        if up:
            self("ip", "link", "set", name, "up")

    def names(self) -> set[str]:
        return {link["ifname"] for link in json.loads(self("ip", "-j", "link"))}

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def host() -> Iterator[Host]:
    """A host with the device veth7 that has a permanent address."""
    made = Host()
    made.veth("veth7", "192.0.2.7/24")
    yield made
    made.close()


def up(container: Container, host: Host, devices: dict[str, Any]) -> None:
    """Make the container with these linux.netDevices."""
    container.bundle.linux["netDevices"] = devices
    container.up(prefix=host.prefix)


def inside(container: Container) -> dict[str, Any]:
    """The container's devices by name, with addresses."""
    command = ["nsenter", "-t", str(container.pid), "-n", "ip", "-j", "address"]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {link["ifname"]: link for link in found}


def addresses(link: dict[str, Any]) -> list[str]:
    return [
        f"{info['local']}/{info['prefixlen']}"
        for info in link["addr_info"]
        if info["scope"] == "global"
    ]


def test_moved(container: Container, host: Host) -> None:
    """ND-1, ND-2: the device is in the container under its own name, and no longer outside."""
    up(container, host, {"veth7": {}})
    assert set(inside(container)) == {"lo", "veth7"}
    assert host.names() == {"lo", "veth7-p"}


def test_renamed(container: Container, host: Host) -> None:
    """ND-2: with a name it has that one."""
    up(container, host, {"veth7": {"name": "eth0"}})
    assert set(inside(container)) == {"lo", "eth0"}


def test_seen_by_the_program(container: Container, host: Host) -> None:
    """ND-2: the device is there before the program starts."""
    container.bundle.args("/bin/ls", "/sys/class/net")
    up(container, host, {"veth7": {"name": "eth0"}})
    container.wait()
    assert container.output().split() == ["eth0", "lo"]


def test_several(container: Container, host: Host) -> None:
    """ND-1: several devices, which may swap their names."""
    host.veth("other", "198.51.100.1/25")
    up(container, host, {"veth7": {"name": "other"}, "other": {"name": "veth7"}})
    found = inside(container)
    assert addresses(found["other"]) == ["192.0.2.7/24"]
    assert addresses(found["veth7"]) == ["198.51.100.1/25"]


def test_numbered_by_the_kernel(container: Container, host: Host) -> None:
    """ND-3: a name that ends in %d is numbered by the kernel."""
    host.veth("other", "198.51.100.1/25")
    up(container, host, {"veth7": {"name": "eth%d"}, "other": {"name": "eth%d"}})
    found = inside(container)
    assert set(found) == {"lo", "eth0", "eth1"}
    assert addresses(found["eth0"]) == ["192.0.2.7/24"]


def test_addresses_kept(container: Container, host: Host) -> None:
    """ND-4: every permanent global address of any family is kept, with peer and prefix."""
    host("ip", "address", "add", "10.9.0.1", "peer", "10.9.0.2/32", "dev", "veth7")
    host("ip", "address", "add", "2001:db8::7/64", "dev", "veth7", "nodad")
    up(container, host, {"veth7": {}})
    link = inside(container)["veth7"]
    assert sorted(addresses(link)) == ["10.9.0.1/32", "192.0.2.7/24", "2001:db8::7/64"]
    (peer,) = [info for info in link["addr_info"] if info["local"] == "10.9.0.1"]
    assert peer["address"] == "10.9.0.2"


def test_other_addresses_not_kept(container: Container, host: Host) -> None:
    """ND-4: an address of limited life and one of the link's scope stay behind."""
    host("ip", "address", "add", "192.0.2.8/24", "dev", "veth7", "valid_lft", "900",
         "preferred_lft", "900")  # fmt: skip
    host("ip", "address", "add", "169.254.3.3/16", "dev", "veth7", "scope", "link")
    up(container, host, {"veth7": {}})
    found = [info["local"] for info in inside(container)["veth7"]["addr_info"]
             if info["family"] == "inet"]  # fmt: skip
    assert found == ["192.0.2.7"]


def test_attributes_kept(container: Container, host: Host) -> None:
    """ND-4: hardware address and MTU are what they were."""
    host("ip", "link", "set", "veth7", "mtu", "1400", "address", "02:00:00:00:00:07")
    up(container, host, {"veth7": {"name": "eth0"}})
    link = inside(container)["eth0"]
    assert (link["mtu"], link["address"]) == (1400, "02:00:00:00:00:07")


@pytest.mark.parametrize("was_up", [True, False])
def test_set_up(container: Container, host: Host, was_up: bool) -> None:
    """ND-5: the device is up after the move, whatever it was before."""
    host.veth("other", up=was_up)
    up(container, host, {"other": {}})
    assert "UP" in inside(container)["other"]["flags"]


def test_gone_with_the_container(container: Container, host: Host) -> None:
    """ND-6: a virtual device is not moved back at the end: it ends with the namespace."""
    up(container, host, {"veth7": {}})
    container.delete("--force")
    host(
        "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do ip link show veth7-p || exit 0; sleep .2; done"
    )
    assert host.names() == {"lo"}


@pytest.mark.parametrize(
    ("devices", "text"),
    [
        ({"gone": {}}, "linux.netDevices: there is no network device gone"),
        ({"veth7": {"name": "lo"}}, "veth7: the container's network namespace has a lo already"),
        ({"veth7": {"name": "a/b"}}, "netDevices"),
        ({"veth7": {"name": "x" * 16}}, "is longer than 15 bytes"),
        ({"lo": {"name": "eth0"}}, "lo: move it to the container as eth0: invalid argument"),
    ],
)
def test_refused(container: Container, host: Host, devices: dict[str, Any], text: str) -> None:
    """ND-3, ND-7: what is not there, cannot be moved or has no free name is an error, and the
    host's devices are as they were.
    """
    container.bundle.linux["netDevices"] = devices
    assert text in container.fails(prefix=host.prefix)
    links = {link["ifname"]: link for link in json.loads(host("ip", "-j", "address"))}
    assert addresses(links["veth7"]) == ["192.0.2.7/24"]
    assert all("UP" in links[name]["flags"] for name in ("veth7", "lo"))


def test_no_network_namespace(container: Container, host: Host) -> None:
    """ND-7: without a network namespace of its own there is nowhere to move to."""
    container.bundle.no_namespace("network")
    container.bundle.linux["netDevices"] = {"veth7": {}}
    assert "no network namespace" in container.fails(prefix=host.prefix)
