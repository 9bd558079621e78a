# SPDX-License-Identifier: Apache-2.0
"""linux.sysctl: set in the container's own namespaces, refused for what is the host's."""

from __future__ import annotations

import pytest

from .harness import Container, departs, needs, probes

OWN = {
    "kernel.msgmax": "9001",
    "kernel.shmmni": "4000",
    "kernel.shm_rmid_forced": "1",
    "kernel.sem": "250\t32000\t32\t100",
    "fs.mqueue.msg_max": "20",
    "net.ipv4.ip_forward": "1",
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net/ipv4/conf/lo/rp_filter": "2",
    "kernel.domainname": "own.domain",
}


def path(name: str) -> str:
    """The file of a sysctl."""
    return "/proc/sys/" + (name if "/" in name else name.replace(".", "/"))


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=needs(probes.host_root)) if name == "kernel.domainname" else name
    for name in OWN
])
def test_own(container: Container, name: str) -> None:
    """SYS-1, SYS-3: the value is visible inside, and the host's is as it was."""
    with open(path(name), encoding="ascii") as file:
        before = file.read()
    container.bundle.linux["sysctl"] = {name: OWN[name]}
    container.bundle.args("/bin/cat", path(name))
    assert container.report() == [OWN[name]]
    with open(path(name), encoding="ascii") as file:
        assert file.read() == before


@needs(probes.host_root)
def test_all_at_once(container: Container) -> None:
    """SYS-1: several sysctls are all set."""
    container.bundle.linux["sysctl"] = OWN
    container.bundle.args("/bin/cat", *map(path, OWN))
    assert container.report() == list(OWN.values())


@pytest.mark.parametrize(
    "name",
    [
        "kernel.hostname", "kernel.core_pattern", "kernel.panic", "vm.swappiness", "fs.file-max",
        "kernel.sysrq", "kernel/core_pattern", "dev.raid", "kernel.pid_max", "debug.x", "nothing",
        "net", "kernel.msgmaxx", "../kernel.msgmax", "kernel.msgmax/../panic",
        "net/../kernel/core_pattern", "net.ipv4/../../kernel/core_pattern",
    ],
)  # fmt: skip
def test_of_the_host(container: Container, name: str) -> None:
    """SYS-2: what is not in a namespace of the container is refused and named."""
    container.bundle.linux["sysctl"] = {name: "1"}
    message = container.fails()
    assert name in message or "core_pattern" in message


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("kernel.msgmax", "ipc"),
        ("fs.mqueue.msg_max", "ipc"),
        ("net.ipv4.ip_forward", "network"),
        ("kernel.domainname", "uts"),
    ],
)
def test_without_the_namespace(container: Container, name: str, type: str) -> None:
    """SYS-2: without a namespace of its own for it the sysctl is refused."""
    container.bundle.no_namespace(type).linux["sysctl"] = {name: "1"}
    container.bundle.config.pop("hostname")
    assert name in container.fails()


@departs("runc", "1.1 takes the path for another namespace")
def test_with_the_hosts_network_by_path(container: Container) -> None:
    """SYS-3: a network namespace by path that is the caller's own counts as the host's."""
    container.bundle.namespace("network", "/proc/self/ns/net")
    name = "net.ipv4.ip_default_ttl"
    with open(path(name), encoding="ascii") as file:
        container.bundle.linux["sysctl"] = {name: file.read().strip()}
    assert name in container.fails()


def test_refused_value(container: Container) -> None:
    """SYS-1: a value that the kernel refuses is an error of create that names the sysctl."""
    container.bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "banana"}
    message = container.fails()
    assert "ip_forward" in message and "invalid argument" in message


def test_missing(container: Container) -> None:
    """SYS-1: a sysctl that the kernel does not have is an error of create."""
    container.bundle.linux["sysctl"] = {"net.ipv4.no_such_thing": "1"}
    message = container.fails()
    assert "no_such_thing" in message and "no such file or directory" in message
