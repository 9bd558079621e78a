# SPDX-License-Identifier: Apache-2.0
"""Which files of the black-box suite (tests/runtime) are run again on another kind of host.

Names without test_ and .py. Each file is in one of CGROUPS, LIFE, KERNEL and SAME_EVERYWHERE.
"""

from __future__ import annotations

from pathlib import Path

SUITE = Path(__file__).resolve().parent / "runtime"

# About cgroups themselves.
CGROUPS = (
    *("cgroup_in_use", "cgroups", "device_rules", "events", "exec_cgroup", "limits", "pause"),
    *("ps", "refused_limits", "update", "update_devices", "update_members"),
)
# What makes, joins, finds or removes cgroups by the way, and shows more where controllers are real
# and the filters of devices are programs: in the machine too.
LIFE_OF_CGROUPS = (
    *("conformance_lifecycle", "crash", "delete", "devices", "front_door", "kill", "namespaces"),
    "user_namespace",
)
LIFE = (
    *LIFE_OF_CGROUPS,
    *("conformance_operations", "exec", "lifecycle", "list", "run", "spec", "state"),
)
# The kernel's version, its file systems and security modules have a say.
KERNEL = (
    *("capabilities", "idmap", "keyring", "mounts", "rootless", "rootless_cgroups"),
    *("rootless_ids", "rootless_nested", "scheduling", "seccomp"),
)
# The same on every host: command line, texts, the runtime's own files and descriptors; the
# container's environment and limits of a process, which the kernel has had for twenty years; and
# "enosys", where a filter speaks for the kernel. "exec_affinity" wants two processors.
SAME_EVERYWHERE = (
    *("argv", "bad_input", "console", "enosys", "environment", "exec_affinity", "exec_process"),
    *("fds", "features", "foreground", "harness", "hooks", "hostname", "import_budget", "intelrdt"),
    *("log", "masks", "mount_options", "netdevices", "pidfile", "process", "rlimits", "rootfs"),
    *("root_directory", "seccomp_notify", "sockets", "syscall_counts", "sysctl", "terminal"),
    *("trace", "user", "views"),
)
# pytest's -k: a config that is refused as it stands is refused without asking the kernel.
ASKS_THE_KERNEL = "not test_bad_"

# What the virtual machine runs with the cgroupfs driver and with systemd's.
MACHINE = (*CGROUPS, *LIFE_OF_CGROUPS, *KERNEL)
MACHINE_SYSTEMD = (*CGROUPS, "crash", "delete", "kill")


def files(*names: str) -> list[str]:
    """The paths, from the checkout's top, of the named files."""
    return [f"{SUITE.relative_to(SUITE.parent.parent)}/test_{name}.py" for name in names]
