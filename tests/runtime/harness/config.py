# SPDX-License-Identifier: Apache-2.0
"""The config.json that tests start from: a small, complete, privileged container of busybox."""

from __future__ import annotations

from typing import Any

# What engines grant by default; enough for the tests that do things inside.
CAPABILITIES = [
    f"CAP_{name}"
    for name in (
        "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP "
        "NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE"
    ).split()
]
NAMESPACES = ("pid", "ipc", "uts", "mount", "network")


def mount(destination: str, type: str, source: str, *options: str) -> dict[str, Any]:
    """One entry of `mounts`."""
    return {"destination": destination, "type": type, "source": source, "options": list(options)}


def default_mounts() -> list[dict[str, Any]]:
    """The usual mounts: proc, a tmpfs /dev with pts, shm and mqueue, and a read-only sysfs."""
    return [
        mount("/proc", "proc", "proc"),
        mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        mount(
            "/dev/pts",
            "devpts",
            "devpts",
            "nosuid",
            "noexec",
            "newinstance",
            "ptmxmode=0666",
            "mode=0620",
        ),
        mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
        mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
    ]


def default_config(cgroup: str) -> dict[str, Any]:
    """A config for a container in the cgroup `cgroup` that waits until it is told to end."""
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["/bin/inside", "pause"],
            "env": ["PATH=/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": {
                name: list(CAPABILITIES) for name in ("bounding", "effective", "permitted")
            },
        },
        "root": {"path": "rootfs", "readonly": False},
        "hostname": "inside",
        "mounts": default_mounts(),
        "linux": {"namespaces": [{"type": name} for name in NAMESPACES], "cgroupsPath": cgroup},
    }
