# SPDX-License-Identifier: Apache-2.0
"""The operations as the standard words them: what create applies, refuses and leaves to start."""

from __future__ import annotations

import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, departs, needs, probes
from .harness.cgroupfs import named
from .harness.probes import controller, user_namespaces, v1_cgroups


def joined(container: Container, *command: str) -> list[str]:
    """The lines of a host's command run in all namespaces of the container's first process."""
    call = ["nsenter", "-t", str(container.pid), "-m", "-u", "-i", "-n", "-p", "-r", *command]
    done = subprocess.run(call, check=True, capture_output=True, text=True, timeout=20)
    return done.stdout.splitlines()


def test_state_has_its_members(container: Container) -> None:
    """OPS-S3, STA-3: state returns the container's state with the standard's members."""
    container.create()
    state = container.state()
    members = ("id", "status", "pid", "bundle")
    wanted = [container.id, "created", container.pid, str(container.bundle.path)]
    assert [state[member] for member in members] == wanted
    assert state["ociVersion"].startswith("1.")


def test_create_applies_the_namespaces(container: Container) -> None:
    """OPS-C4: when create returns, the namespaces are the container's."""
    container.create()
    for name in ("mnt", "pid", "net", "ipc", "uts"):
        ours, theirs = (os.readlink(f"/proc/{pid}/ns/{name}") for pid in ("self", container.pid))
        assert ours != theirs


@needs(probes.device_nodes)
def test_create_applies_what_is_inside(container: Container) -> None:
    """OPS-C4: when create returns, host name, mounts, sysctls, devices and masks are in place."""
    container.bundle.mount("/tmp", "tmpfs", "tmpfs", "size=64k").file("etc/secret", "x")
    container.bundle.linux.update(
        sysctl={"net.ipv4.ip_forward": "1"},
        devices=[{"type": "p", "path": "/dev/pipe"}],
        maskedPaths=["/etc/secret"],
    )
    container.create()
    assert joined(container, "/bin/uname", "-n") == ["inside"]
    assert joined(container, "/bin/cat", "/proc/sys/net/ipv4/ip_forward") == ["1"]
    found = joined(container, "/bin/inside", "stat", "/tmp", "/dev/pipe", "/etc/secret")
    tmpfs = "1021994"
    assert found[0].startswith("d ") and found[0].endswith(tmpfs)
    assert found[1].startswith("p ")
    assert "c 0666 0 0 1:3 " in found[2]


def test_create_applies_the_cgroup(container: Container) -> None:
    """OPS-C4: when create returns, the process is in its cgroup."""
    container.create()
    lines = Path(f"/proc/{container.pid}/cgroup").read_text().splitlines()
    path = container.bundle.cgroup
    assert path in [line.partition("::")[2] or line.split(":")[2] for line in lines]


def test_create_applies_members_of_process(container: Container) -> None:
    """OPS-C7: rlimits, score and no_new_privs are those of the waiting process already."""
    container.bundle.process.update(
        rlimits=[{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 88}],
        oomScoreAdj=99,
        noNewPrivileges=True,
        user={"uid": 1000, "gid": 1000},
    )
    container.create()
    process = Path("/proc") / str(container.pid)
    [limits] = [line for line in (process / "limits").read_text().splitlines()
                if line.startswith("Max open files")]  # fmt: skip
    assert limits.split()[3:5] == ["77", "88"]
    assert (process / "oom_score_adj").read_text() == "99\n"
    status = (process / "status").read_text()
    assert "NoNewPrivs:\t1\n" in status and "Uid:\t1000\t1000\t1000\t1000\n" in status


# what, where in the config, the value, what pyrunc's message says of it
REFUSED: list[tuple[str, str, Any, str]] = [
    ("type", "mounts", {"type": "nosuchfs"}, "the kernel does not know this file system"),
    ("source", "mounts", {"source": "/no/such", "options": ["bind"]}, "no such file or directory"),
    ("option", "mounts", {"type": "tmpfs", "options": ["nosuchoption"]}, "nosuchoption"),
    ("sysctl", "linux.sysctl", {"net.no.such": "1"}, "net.no.such"),
    ("device", "linux.devices", [{"type": "b", "path": "/etc/passwd", "major": 7, "minor": 0}],
     "device /etc/passwd: what is there already is something else"),
    ("namespace", "linux.namespaces", [{"type": "mount"}, {"type": "ipc", "path": "/no/such"}],
     "/no/such: no such file or directory"),
    ("rlimit", "process.rlimits", [{"type": "RLIMIT_NOFILE", "soft": 1 << 40, "hard": 1 << 40}],
     "operation not permitted"),
]  # fmt: skip


@departs("runc", "1.1 has other words, and takes any file at a device's path for the device")
@pytest.mark.parametrize(("path", "value", "says"), [row[1:] for row in REFUSED],
                         ids=[row[0] for row in REFUSED])  # fmt: skip
def test_what_cannot_be_applied(container: Container, path: str, value: Any, says: str) -> None:
    """OPS-C5, ERR-1: a property that cannot be applied is an error, and there is no container."""
    *parents, last = path.split(".")
    place = container.bundle.config
    place.pop("hostname")
    for name in parents:
        place = place[name]
    if last == "mounts":
        value = [*place[last], {"destination": "/x", **value}]
    place[last] = value
    assert says in container.fails()
    assert container.runtime.fails("state", container.id) == "container does not exist"


def test_create_validates(container: Container) -> None:
    """OPS-C8: create checks the config before it makes anything."""
    container.bundle.process["cwd"] = "relative"
    container.bundle.config["hooks"] = {
        kind: [{"path": "/bin/busybox", "args": ["busybox", "touch", "/hook-ran"]}]
        for kind in ("prestart", "poststop")
    }
    assert "cwd" in container.fails().lower()
    assert not os.path.exists("/hook-ran")


def test_no_process_no_start(container: Container) -> None:
    """OPS-T4, PRC-1: without process nothing can be started: create refuses, start finds none."""
    del container.bundle.config["process"]
    assert "process" in container.fails()
    assert container.runtime.fails("start", container.id) == "container does not exist"


def test_warning_changes_nothing(container: Container) -> None:
    """WRN-1, CAP-3: with a warning the same container runs, with the same exit code and output."""
    container.bundle.sh("grep Cap /proc/self/status; exit 7")
    plain = container.run()
    for names in container.bundle.process["capabilities"].values():
        names.append("CAP_UNKNOWN_THING")
    warned = container.run()
    assert (plain.code, warned.code) == (7, 7)
    assert plain.out == warned.out != ""


@departs("runc", "stops at the first failing poststop hook and reports it as an error")
def test_warning_of_delete_changes_nothing(container: Container) -> None:
    """WRN-1, LIF-4: delete with a failing poststop hook succeeds, and the id is free again."""
    hook = {"path": "/bin/busybox", "args": ["busybox", "false"]}
    container.bundle.config["hooks"] = {"poststop": [hook]}
    container.bundle.args("/bin/true")
    for _ in range(2):
        container.up()
        container.wait()
        assert container.runtime.run("delete", container.id).code == 0
    container.deleted = True


@pytest.mark.parametrize("args", [[], ["TERM"]])
def test_stop_signal_is_a_hint(container: Container, args: list[str]) -> None:
    """ANN-7: org.opencontainers.image.stopSignal is kept for who sends; kill itself sends TERM."""
    key = "org.opencontainers.image.stopSignal"
    container.bundle.config["annotations"] = {key: "SIGUSR1"}
    container.bundle.inside("trap")
    container.up()
    container.says("ready")
    container.kill(*args)
    assert container.wait() == 42
    assert container.state()["annotations"][key] == "SIGUSR1"


@needs(partial(controller, "hugetlb"))
def test_unknown_page_size(container: Container) -> None:
    """HUG-1: a page size that the kernel does not have is an error that names it."""
    limit = {"pageSize": "3MB", "limit": 0}
    container.bundle.linux["resources"] = {"hugepageLimits": [limit]}
    assert "3MB" in container.fails()


def test_page_size_without_its_controller(container: Container) -> None:
    """HUG-1: a huge page limit that this host cannot set is an error that names the member."""
    limit = {"pageSize": "3MB", "limit": 0}
    container.bundle.linux["resources"] = {"hugepageLimits": [limit]}
    message = container.fails()
    assert "hugepageLimits" in message or "hugetlb" in message


@departs("runc", "1.1 does not know memoryPolicy")
@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ({"mode": "MPOL_BIND", "nodes": "0"}, 2),
        ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}, 2 | 1 << 15),
        ({"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_RELATIVE_NODES"]},
         3 | 1 << 14),
    ],
)  # fmt: skip
def test_memory_policy(container: Container, policy: dict[str, Any], wanted: int) -> None:
    """MPL-3, MPL-1: mode, nodes and flags are the program's memory policy."""
    container.bundle.linux["memoryPolicy"] = policy
    container.bundle.inside("mempolicy")
    [line] = container.report()
    assert line == f"{wanted} 1"


SHARED = 'mount --make-rshared / && "$@"; code=$?; cat /proc/self/mountinfo > "$0"; exit $code'


def test_shared_parent_mount(container: Container) -> None:
    """RFP-3: a shared mount above the root filesystem is no obstacle and sees no mount."""
    after = container.runtime.home / "after"
    container.bundle.sh("mount | wc -l; echo in")
    prefix = ["unshare", "-m", "--propagation", "private", "sh", "-c", SHARED, str(after)]
    result = container.run(prefix=prefix)
    assert (result.code, result.lines[-1]) == (0, "in")
    text = after.read_text()
    assert " shared:" in text and str(container.bundle.path) not in text


@departs("runc", "1.1 does not know execCPUAffinity")
def test_initial_affinity(container: Container) -> None:
    """AFF-2, AFF-3: with `initial` alone an exec stays where it was put before the move."""
    last = max(os.sched_getaffinity(0))
    container.bundle.process["execCPUAffinity"] = {"initial": str(last)}
    container.up()
    assert container.exec("inside", "sched").lines[2] == f"cpus {last}"


@needs(v1_cgroups, user_namespaces)
def test_v1_cgroup_is_not_given_away(container: Container) -> None:
    """CGO-1: on v1 the container's cgroup stays the host's, whatever its namespaces and mounts."""
    maps = [{"containerID": 0, "hostID": 0, "size": 1}, {"containerID": 1, "hostID": 1, "size": 9}]
    container.bundle.namespace("user").namespace("cgroup").linux.update(
        uidMappings=maps, gidMappings=maps
    )
    container.bundle.process["user"] = {"uid": 5, "gid": 5}
    container.bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", "rw")
    container.create()
    groups = named(os.path.basename(container.bundle.cgroup))
    assert groups
    files = [file for group in groups for file in (group, *group.iterdir())]
    assert {file.stat().st_uid for file in files} == {0}


def test_network_is_left_alone(container: Container) -> None:
    """ND-8: no interface, address, route or name server comes from the runtime."""
    container.bundle.sh(
        "sed -n 's/:.*//; 3,$p' /proc/net/dev; sed 1d /proc/net/route; ls /etc/resolv.conf 2>&1"
    )
    lines = [line.strip() for line in container.report(code=1)]
    assert lines == ["lo", "ls: /etc/resolv.conf: No such file or directory"]
