# SPDX-License-Identifier: Apache-2.0
"""Capabilities, seccomp, devices, masked paths, sysctl, privileged, shared namespaces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .daemons import may_raise_limits
from .engine import Engine

CAP_CHOWN, CAP_NET_ADMIN = 0, 12
EVERY_ENGINE = (1 << 38) - 1  # docker 20.10 knows no capability after CAP_AUDIT_READ


def status(engine: Engine, *options: str, image: str = "busybox:test") -> dict[str, str]:
    """/proc/self/status of a program run with options."""
    text = engine.run_out(*options, image, "cat", "/proc/self/status")
    return {key: value.strip() for key, _, value in
            (line.partition(":") for line in text.splitlines())}


def need_privileged(engine: Engine) -> None:
    """Skip where the engine asks for a capability that this machine withholds (tried)."""
    done = engine.run("--privileged", "busybox:test", "true", status=None)
    if done.returncode and not may_raise_limits() and "apply caps" in done.stderr:
        pytest.skip(f"{engine.name} --privileged asks for CAP_SYS_RESOURCE, which this machine"
                    " withholds, and the runtime refuses")


def test_default_profile(engine: Engine, image: str) -> None:
    """SEC-1, CAP-2: by default a filter is active and capabilities are few."""
    found = status(engine, image=image)
    assert found["Seccomp"] == "2"
    assert 0 < int(found["CapEff"], 16) < 1 << 32
    assert found["CapEff"] == found["CapPrm"] == found["CapBnd"]
    assert int(found["CapEff"], 16) >> CAP_NET_ADMIN & 1 == 0


SWAPON = ("sh", "-c", "dd if=/dev/zero of=/tmp/swap bs=64k count=2 2>&1 && swapon /tmp/swap")


def test_default_seccomp_profile_refuses(engine: Engine) -> None:
    """SEC-1, SEC-2: the default profile refuses swapon even to one who has the capability."""
    done = engine.run("--cap-add=SYS_ADMIN", "busybox:test", *SWAPON, status=1)
    assert "Operation not permitted" in done.stderr


def test_seccomp_unconfined(engine: Engine) -> None:
    """SEC-1, SEC-2: with the profile off no filter is active: swapon gets to look at its file."""
    done = engine.run("--cap-add=SYS_ADMIN", "--security-opt", "seccomp=unconfined",
                      "busybox:test", *SWAPON, status=1)
    assert "Invalid argument" in done.stderr
    assert status(engine, "--security-opt", "seccomp=unconfined")["Seccomp"] == "0"


def test_own_seccomp_profile(engine: Engine, home: Path) -> None:
    """SEC-1, SEC-2: a profile's own errno is what the program gets."""
    profile = home / f"{engine.name}-seccomp.json"
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}))
    done = engine.run("--security-opt", f"seccomp={profile}", "busybox:test", "mkdir", "/new",
                      status=1)
    assert "No space left on device" in done.stderr


def test_no_new_privileges(engine: Engine, image: str) -> None:
    """NNP-1: the kernel's flag is set when asked, and only then."""
    assert status(engine, image=image)["NoNewPrivs"] == "0"
    assert status(engine, "--security-opt=no-new-privileges", image=image)["NoNewPrivs"] == "1"


def test_cap_drop_all(engine: Engine, image: str) -> None:
    """CAP-2: dropping all leaves every set empty and chown is refused."""
    found = status(engine, "--cap-drop=ALL", image=image)
    sets = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    assert [int(found[each], 16) for each in sets] == [0] * 5
    done = engine.run("--cap-drop=ALL", image, "chown", "1000", "/tmp", status=1)
    assert "Operation not permitted" in done.stderr


def test_cap_add(engine: Engine, image: str) -> None:
    """CAP-2: exactly the added capabilities are there."""
    found = status(engine, "--cap-drop=ALL", "--cap-add=NET_ADMIN", "--cap-add=CHOWN",
                   image=image)
    assert int(found["CapEff"], 16) == 1 << CAP_NET_ADMIN | 1 << CAP_CHOWN
    assert found["CapEff"] == found["CapPrm"] == found["CapBnd"]


def test_other_user_has_no_effective_capability(engine: Engine, image: str) -> None:
    """CAP-2: a program that is not root has no effective capability of the default set."""
    found = status(engine, "--user=1000", image=image)
    assert int(found["CapEff"], 16) == int(found["CapPrm"], 16) == 0
    assert int(found["CapBnd"], 16) > 0


def test_privileged(engine: Engine, image: str) -> None:
    """CAP-2, CAP-3: a privileged container has all our capabilities, no filter, and may mount."""
    need_privileged(engine)
    outside = engine.sandbox.run(["grep", "CapEff", "/proc/self/status"]).stdout.split()[1]
    found = status(engine, "--privileged", image=image)
    assert int(found["CapEff"], 16) & EVERY_ENGINE == int(outside, 16) & EVERY_ENGINE
    assert int(found["CapEff"], 16) & ~int(outside, 16) == 0
    assert found["Seccomp"] == "0"
    engine.run("--privileged", image, "mount", "-t", "tmpfs", "none", "/tmp")


def test_privileged_sees_the_hosts_devices(engine: Engine) -> None:
    """DEV-1, DEV-8, LNK-1: privileged gives the host's devices, a plain one the default ones."""
    need_privileged(engine)
    script = "ls /dev"
    plain = set(engine.run_out("busybox:test", "sh", "-c", script).split())
    assert {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "fd",
            "stdin", "stdout", "stderr"} <= plain
    assert "kmsg" not in plain
    assert "kmsg" in engine.run_out("--privileged", "busybox:test", "sh", "-c", script).split()


def test_device_is_there_with_its_number(engine: Engine) -> None:
    """DEV-1, LNK-1: --device gives the node under the name asked for, same numbers."""
    found = engine.run_out("--device=/dev/zero:/dev/my-zero", "busybox:test", "sh", "-c",
                           "stat -c %t:%T /dev/my-zero; head -c 3 /dev/my-zero | wc -c")
    assert found.split() == ["1:5", "3"]


def test_device_cgroup_refuses(engine: Engine) -> None:
    """CGD-1, CGD-3, CGD-5: a node made inside for a device not allowed cannot be opened."""
    done = engine.run("busybox:test", "sh", "-c", "mknod /node c 1 11 && head -c1 /node", status=1)
    assert "Operation not permitted" in done.stderr


def test_device_cgroup_rule(engine: Engine) -> None:
    """CGD-1, CGD-3, CGD-5: --device-cgroup-rule lets that very device be opened."""
    engine.run("--device-cgroup-rule=c 1:11 rw", "busybox:test", "sh", "-c",
               "mknod /node c 1 11 && echo test-of-device-rule > /node")


def test_device_permission_letters(engine: Engine) -> None:
    """CGD-1, CGD-3, CGD-5: a device given for reading only cannot be opened for writing."""
    done = engine.run("--device=/dev/kmsg:/dev/kmsg:r", "busybox:test", "sh", "-c",
                      "echo word > /dev/kmsg", status=None)
    assert done.returncode != 0
    assert "peration not permitted" in done.stderr


@pytest.mark.parametrize("path", ["/proc/keys", "/proc/timer_list"])
def test_masked_file(engine: Engine, path: str) -> None:
    """MSK-1: a masked file reads as nothing."""
    assert engine.run_out("busybox:test", "cat", path) == ""


@pytest.mark.parametrize("path", ["/proc/sys/kernel/domainname", "/proc/irq/default_smp_affinity"])
def test_read_only_path(engine: Engine, path: str) -> None:
    """RDO-1: writing below /proc's dangerous parts is refused with EROFS."""
    done = engine.run("busybox:test", "sh", "-c", f"echo h > {path}", status=None)
    assert done.returncode != 0
    assert "Read-only file system" in done.stderr


def test_masked_directory(engine: Engine, image: str) -> None:
    """MSK-1: a masked directory is empty."""
    assert engine.run_out(image, "ls", "-A", "/sys/firmware") == ""


def test_sys_is_read_only(engine: Engine) -> None:
    """DFS-1, OPT-1: /sys refuses writes."""
    done = engine.run("busybox:test", "sh", "-c", "echo 1 > /sys/kernel/profiling", status=1)
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize(("key", "value"), [("net.ipv4.ip_default_ttl", "77"),
                                            ("kernel.msgmax", "9999"),
                                            ("fs.mqueue.msg_max", "12")])
def test_sysctl(engine: Engine, key: str, value: str) -> None:
    """SYS-1, SYS-2: the value is set in the container's namespace only."""
    path = "/proc/sys/" + key.replace(".", "/")
    assert engine.run_out(f"--sysctl={key}={value}", "busybox:test", "cat", path) == value
    assert engine.sandbox.run(["cat", path]).stdout.strip() != value


@pytest.mark.parametrize(("option", "namespace"), [("--pid=host", "pid"), ("--ipc=host", "ipc"),
                                                   ("--uts=host", "uts")])
def test_host_namespace(engine: Engine, option: str, namespace: str) -> None:
    """NS-3, NS-4: with =host the program is in the engine's own namespace of that type."""
    link = ["readlink", f"/proc/self/ns/{namespace}"]
    outside = engine.sandbox.run(link).stdout.strip()
    assert engine.run_out(option, "busybox:test", *link) == outside
    assert engine.run_out("busybox:test", *link) != outside


@pytest.mark.parametrize("kind", ["network", "pid", "ipc"])
def test_namespace_of_another_container(engine: Engine, kind: str) -> None:
    """NS-2: =container:NAME joins that container's namespace."""
    link = ["readlink", f"/proc/self/ns/{'net' if kind == 'network' else kind}"]
    with engine.start("--ipc=shareable", "busybox:test", "sleep", "1000") as made:
        found = engine.run_out(f"--{kind}=container:{made.name}", "busybox:test", *link)
        assert found == made.out(*link)


def test_user_namespace(podman: Engine, image: str) -> None:
    """NS-3, UMP-2: podman's --uidmap makes root inside an ordinary user outside."""
    with podman.start("--uidmap=0:100000:5000", "--gidmap=0:200000:5000", image, "sleep",
                      "1000") as made:
        assert made.out("id", "-u") == "0"
        assert made.out("cat", "/proc/self/uid_map").split() == ["0", "100000", "5000"]
        outside = podman.sandbox.run(["stat", "-c", "%u:%g", f"/proc/{made.pid()}"]).stdout
        assert outside == "100000:200000\n"


def test_private_cgroup_namespace(engine: Engine) -> None:
    """NS-3: with --cgroupns=private the program sees itself at the root."""
    text = engine.run_out("--cgroupns=private", "busybox:test", "cat", "/proc/self/cgroup")
    assert {line.split(":", 2)[2] for line in text.splitlines()} == {"/"}
