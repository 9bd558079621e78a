# SPDX-License-Identifier: Apache-2.0
"""Good configs by subject: what the standard allows and what practice writes."""

from __future__ import annotations

import json
from typing import Any

from tests.corpus.bases import FRAGMENTS, SMALL
from tests.corpus.make import DROP, clone, patch, text

# name, requirements, [(path, value)]: what is set in the small config
_PATCHES: list[tuple[str, str, list[tuple[str, Any]]]] = [
    ("version-1.0.0", "VER-2", [("ociVersion", "1.0.0")]),
    ("version-1.0.2-dev", "VER-1", [("ociVersion", "1.0.2-dev")]),
    ("version-1.1.0-rc.1", "VER-1", [("ociVersion", "1.1.0-rc.1")]),
    ("version-1.2.0-build", "VER-1", [("ociVersion", "1.2.0+dev")]),
    ("version-1.3.9", "VER-2", [("ociVersion", "1.3.9")]),
    ("minimal", "PRC-1", [("process", DROP), ("linux", DROP), ("hostname", DROP)]),
    ("absolute-root", "BND-2 ROOT-2", [("root.path", "/var/lib/root")]),
    ("unknown-members", "EXT-1",
     [("new", {"a": 1}), ("process.new", []), ("linux.new", "x"), ("root.new", 1.5)]),
    ("unknown-annotation", "EXT-3 ANN-6",
     [("annotations", {"org.opencontainers.new": "x", "plain": ""})]),
    ("unknown-hook", "HK-9", [("hooks", {"beforeLunch": [{"path": "relative"}]})]),
    ("foreign-sections", "PLT-1",
     [("windows", {}), ("solaris", 5), ("vm", []), ("zos", "x"), ("freebsd", {"jail": 1})]),
    ("windows-process", "PRC-7 USR-5",
     [("process.commandLine", 5), ("process.user.username", "x")]),
    ("empty-annotations", "ANN-4", [("annotations", {})]),
    ("unknown-capability", "CAP-3", [("process.capabilities", {"bounding": ["CAP_TEST"]})]),
    ("relative-destination", "MNT-2", [("mounts", [{"destination": "data"}])]),
    ("unmarked-idmap", "IDM-3",
     [("mounts", [{"destination": "/d", "source": "/d", "options": ["bind"],
                   "uidMappings": SMALL["linux"]["uidMappings"],
                   "gidMappings": SMALL["linux"]["gidMappings"]}])]),
    ("idmap-of-the-container", "IDM-6",
     [("mounts", [{"destination": "/d", "source": "/d", "options": ["bind", "idmap"]}])]),
    ("filesystem-options", "OPT-4",
     [("mounts", [{"destination": "/t", "type": "tmpfs", "source": "tmpfs",
                   "options": ["size=1m", "huge=never", "acl"]}])]),
    ("console-size-ignored", "PRC-3",
     [("process.consoleSize", {"height": 70000}), ("process.terminal", False)]),
    ("duplicate-env", "PRC-5", [("process.env", ["A=1", "A=2", "B="])]),
    ("infinite-rlimit", "RLM-1",
     [("process.rlimits", [{"type": "RLIMIT_CORE", "soft": 2**64 - 1, "hard": 2**64 - 1}])]),
    ("scheduler-fifo", "SCH-5", [("process.scheduler", {"policy": "SCHED_FIFO", "priority": 99})]),
    ("scheduler-deadline", "SCH-2",
     [("process.scheduler", {"policy": "SCHED_DEADLINE", "runtime": 1, "deadline": 2,
                             "period": 3})]),
    ("affinity-blanks", "AFF-4", [("process.execCPUAffinity", {"initial": "0, 2 - 3"})]),
    ("empty-names", "HST-3", [("hostname", ""), ("domainname", ""), ("linux", DROP)]),
    ("joined-namespaces", "NS-2 UMP-5",
     [("linux.namespaces", [{"type": "user", "path": "/proc/1/ns/user"},
                            {"type": "uts", "path": "/proc/1/ns/uts"}])]),
    ("empty-namespace-path", "NS-7", [("linux.namespaces[0].path", "")]),
    ("null-members", "VAL-1",
     [("mounts", None), ("hooks", {"prestart": None}), ("process.capabilities", None),
      ("linux.seccomp", None), ("linux.resources", {"memory": None, "pids": {"limit": None}})]),
    ("file-mode-with-type", "DEV-5",
     [("linux.devices", [{"type": "c", "path": "/dev/a", "major": 1, "minor": 3,
                          "fileMode": 8630},
                         {"type": "b", "path": "/dev/b", "major": 8, "minor": 0,
                          "fileMode": 25008}])]),
    ("same-device-twice", "DEV-6",
     [("linux.devices", [{"type": "c", "path": "/dev/a", "major": 1, "minor": 3},
                         {"type": "u", "path": "/dev/b", "major": 1, "minor": 3}])]),
    ("no-pids-limit", "PID-1", [("linux.resources", {"pids": {}})]),
    ("pids-zero", "PID-3", [("linux.resources", {"pids": {"limit": 0}})]),
    ("pids-unlimited", "PID-2", [("linux.resources", {"pids": {"limit": -1}})]),
    ("nothing-asked", "UNI-6",
     [("linux.resources", {"memory": {"disableOOMKiller": False, "limit": 0, "swap": 0},
                           "cpu": {"shares": 0, "quota": 0, "cpus": "", "mems": ""},
                           "blockIO": {"weight": 0}, "network": {}, "rdma": {}, "unified": {},
                           "hugepageLimits": []})]),
    ("unlimited", "MEM-9 CPU-2",
     [("linux.resources", {"memory": {"limit": -1, "swap": -1, "reservation": -1},
                           "cpu": {"quota": -1}})]),
    ("rootfs-rslave", "RFP-1", [("linux.rootfsPropagation", "rslave")]),
    ("rootfs-propagation-empty", "RFP-1", [("linux.rootfsPropagation", "")]),
    ("intel-rdt-root-class", "RDT-2", [("linux.intelRdt", {"closID": "/"})]),
    ("intel-rdt-removed-members", "RDT-10",
     [("linux.intelRdt", {"enableCMT": 5, "enableMBM": "x"})]),
    ("memory-policy-empty-nodes", "MPL-2",
     [("linux.memoryPolicy", {"mode": "MPOL_DEFAULT", "nodes": ""})]),
    ("sysctl-with-slashes", "SYS-3",
     [("linux.sysctl", {"net/ipv4/conf/eno2.100/rp_filter": "1",
                        "net.ipv4.conf.eno2/100.rp_filter": "1",
                        "user.max_user_namespaces": "5", "fs.mqueue.msg_max": "20"})]),
    ("seccomp-bare", "SEC-5", [("linux.seccomp", {"defaultAction": "SCMP_ACT_ALLOW"})]),
    ("seccomp-no-flags", "SEC-4",
     [("linux.seccomp", {"defaultAction": "SCMP_ACT_KILL", "flags": [], "syscalls": []})]),
    ("seccomp-unused-listener", "SCN-1",
     [("linux.seccomp", {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/x",
                         "listenerMetadata": ""})]),
    ("seccomp-unknown-syscall", "SEC-7",
     [("linux.seccomp", {"defaultAction": "SCMP_ACT_ALLOW",
                         "syscalls": [{"names": ["no_such_call"], "action": "SCMP_ACT_TRACE",
                                       "errnoRet": 0}]})]),
    ("cgroups-path-systemd", "CGP-2", [("linux.cgroupsPath", "user.slice:pyrunc:box")]),
    ("relative-cgroups-path", "CGP-1", [("linux.cgroupsPath", "a..b/c")]),
]


def _everything() -> dict[str, Any]:
    config = clone(SMALL)
    for at, fragment in FRAGMENTS.items():
        patch(config, at, clone(fragment))
    return config


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


def files() -> list[tuple[str, str, bytes]]:
    """Each good file: its name, the requirements it shows, its bytes."""
    found = []
    for name, ids, patches in _PATCHES:
        config = clone(SMALL)
        for path, value in patches:
            patch(config, path, clone(value))
        found.append((name, ids, text(config).encode()))
    everything = _everything()
    found.append(("everything", "JSN-1", text(everything).encode()))
    found.append(("everything-reversed", "JSN-3", text(_reversed(everything)).encode()))
    found.append(("everything-on-one-line", "JSN-1",
                  json.dumps(everything, separators=(",", ":")).encode()))
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in "ociVersion")
    found.append(("escaped-names", "JSN-1",
                  text(SMALL).replace("ociVersion", escaped).encode()))
    found.append(("surrogate-pair", "PY-9",
                  text(SMALL).replace('"sh"', '"\\ud83d\\ude00"').encode()))
    return found
