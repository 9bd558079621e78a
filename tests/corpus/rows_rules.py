# SPDX-License-Identifier: Apache-2.0
"""Bad rows: what only the second layer can refuse, and what needs two members to be wrong."""

from __future__ import annotations

from tests.corpus.make import DROP, Row

_RES = "linux.resources"
_MAP = {"containerID": 0, "hostID": 0, "size": 1}
_NS = [{"type": word} for word in ("pid", "network", "mount", "ipc", "uts", "user", "time")]


def _without(word: str) -> list[dict[str, str]]:
    return [entry for entry in _NS if entry["type"] != word]


_GENERAL = [
    Row("VER-3", "ociVersion", "0.9.0", '"0.9.0" is not a version 1.x of the standard'),
    Row("VER-3", "ociVersion", "2.0.0", '"2.0.0" is not a version 1.x of the standard'),
    Row("VER-2 VER-3", "ociVersion", "1.4.0",
        '"1.4.0" is newer than 1.3.0, the newest version known here'),
    Row("VER-2 VER-3", "ociVersion", "1.10.0-rc.1",
        '"1.10.0-rc.1" is newer than 1.3.0, the newest version known here'),
    Row("VER-5", "ociVersion", "1.0.0-rc5",
        '"1.0.0-rc5" is older than 1.0.0, the oldest version known here'),
    Row("HST-3", "hostname", "h" * 65,
        f'"{"h" * 56}... is longer than 64 bytes'),
    Row("ANN-2", "annotations[]", "x", "an annotation's key must not be empty"),
]

_PROCESS = [
    Row("PRC-3", "process.consoleSize.height", DROP, "is missing"),
    Row("PRC-3", "process.consoleSize.width", DROP, "is missing"),
    Row("PRC-3", "process.consoleSize.width", 65536, "65536 is more than 65535"),
    Row("RLM-4", "process.rlimits[1]", {"type": "RLIMIT_NOFILE", "soft": 1, "hard": 1},
        '"RLIMIT_NOFILE" is given twice', "process.rlimits[1].type"),
    Row("RLM-5", "process.rlimits[0].hard", 1023, "1024 is above the hard limit 1023",
        "process.rlimits[0].soft"),
    Row("SCH-1", "process.scheduler.policy", "SCHED_ISO",
        '"SCHED_ISO" is not implemented by Linux'),
    Row("SCH-5", "process.scheduler.priority", 1,
        "1 means nothing to SCHED_BATCH: only SCHED_FIFO and SCHED_RR have a priority"),
    Row("SCH-5", "process.scheduler.priority", -5,
        "-5 means nothing to SCHED_BATCH: only SCHED_FIFO and SCHED_RR have a priority"),
    Row("SCH-5", "process.scheduler.policy", "SCHED_FIFO",
        "0 is not between 1 and 99, as SCHED_FIFO needs it", "process.scheduler.priority"),
    Row("SCH-5", "process.scheduler.policy", "SCHED_RR",
        "0 is not between 1 and 99, as SCHED_RR needs it", "process.scheduler.priority"),
    Row("SCH-5", "process.scheduler.runtime", 10,
        "10 means nothing to SCHED_BATCH: only SCHED_DEADLINE has a runtime"),
    Row("SCH-5", "process.scheduler.period", 10,
        "10 means nothing to SCHED_BATCH: only SCHED_DEADLINE has a period"),
    Row("SCH-5", "process.scheduler.policy", "SCHED_DEADLINE",
        "0 breaks 0 < runtime <= deadline <= period (deadline 0, period 0)",
        "process.scheduler.runtime"),
    Row("AFF-4", "process.execCPUAffinity.initial", "3-1", '"3-1": 3-1 ends before it starts'),
]

_MOUNTS = [
    Row("MNT-9", "mounts[1].options[1]", "size=64k",
        '"size=64k" is data for a filesystem, which a bind mount ignores'),
    Row("IDM-2", "mounts[1].gidMappings", DROP,
        "is missing; uidMappings cannot be without it"),
    Row("IDM-2", "mounts[1].uidMappings", DROP,
        "is missing; gidMappings cannot be without it"),
    Row("IDM-10", "mounts[1].options[0]", "nodev",
        "only bind mounts can be idmapped here: bind or rbind is missing", "mounts[1].options"),
    Row("IDM-1 UMP-5", "mounts[1].uidMappings[1]", _MAP, "overlaps the range of entry 0",
        "mounts[1].uidMappings[1].containerID"),
    Row("IDM-1 UMP-5", "mounts[1].gidMappings[0].hostID", 4294967290,
        "65536 ids from hostID 4294967290 go beyond the last id", "mounts[1].gidMappings[0].size"),
]

_NAMESPACES = [
    Row("NS-5", "linux.namespaces[8]", {"type": "pid"}, '"pid" is listed twice',
        "linux.namespaces[8].type"),
    Row("NS-5", "linux.namespaces[7]", {"type": "ipc", "path": "/proc/1/ns/ipc"},
        '"ipc" is listed twice', "linux.namespaces[7].type"),
    Row("NS-8 UMP-5", "linux.uidMappings", DROP, "a new user namespace needs linux.uidMappings",
        "linux.namespaces[5]"),
    Row("NS-8 UMP-5", "linux.gidMappings", [], "a new user namespace needs linux.gidMappings",
        "linux.namespaces[5]"),
    Row("UMP-5", "linux.uidMappings[1]", {"containerID": 9, "hostID": 1, "size": 1},
        "overlaps the range of entry 0", "linux.uidMappings[1].containerID"),
    Row("UMP-5", "linux.gidMappings[1]", {"containerID": 70000, "hostID": 100001, "size": 1},
        "overlaps the range of entry 0", "linux.gidMappings[1].hostID"),
    Row("UMP-5", "linux.uidMappings[0].hostID", 4294967295,
        "65536 ids from hostID 4294967295 go beyond the last id", "linux.uidMappings[0].size"),
    Row("UMP-4", "linux.uidMappings",
        [{"containerID": n, "hostID": n, "size": 1} for n in range(341)],
        "341 entries are more than the kernel's 340"),
    Row("TIM-1", "linux.timeOffsets.realtime", {"secs": 1},
        '"realtime" is not a clock of a time namespace: monotonic and boottime are'),
]

_LINUX = [
    Row("DEV-2", "linux.devices[0].major", DROP, 'is missing; a device of type "c" needs it'),
    Row("DEV-2", "linux.devices[0].minor", DROP, 'is missing; a device of type "c" needs it'),
    Row("DEV-2", "linux.devices[1].type", "b", 'is missing; a device of type "b" needs it',
        "linux.devices[1].major"),
    Row("ND-7", "linux.netDevices.eth2.name", "", '"" is no name'),
    Row("ND-7", "linux.netDevices.eth2.name", "a/b", '"a/b" holds a slash, a colon or a blank'),
    Row("ND-7", "linux.netDevices.eth2.name", "a b", '"a b" holds a slash, a colon or a blank'),
    Row("ND-7", "linux.netDevices.eth2.name", "x" * 16, f'"{"x" * 16}" is longer than 15 bytes'),
    Row("ND-7", "linux.netDevices.eth2.name", "%dx", '"%dx" holds a "%" that is not a final "%d"'),
    Row("ND-7", "linux.netDevices[..]", {}, '".." is no name'),
    Row("ND-3", "linux.netDevices.eth3", {"name": "eth2"}, '"eth2" is also the name of "eth2"',
        "linux.netDevices.eth3.name"),
    Row("CGP-2", "linux.cgroupsPath", "../../x", '"../../x" has .. in it'),
    Row("CGP-2", "linux.cgroupsPath", "/a/..", '"/a/.." has .. in it'),
    Row("CGP-2", "linux.cgroupsPath", "a\nb", '"a\\nb" has a newline in it'),
    Row("RDT-11", "linux.intelRdt.closID", "a/../b", '"a/../b" is not the name of a directory'),
    Row("RDT-11", "linux.intelRdt.closID", "..", '".." is not the name of a directory'),
    Row("RDT-11", "linux.intelRdt.closID", ".", '"." is not the name of a directory'),
    Row("MPL-2", "linux.memoryPolicy.nodes", "", "is missing; MPOL_BIND needs at least one node"),
    Row("MPL-2", "linux.memoryPolicy.nodes", DROP, "is missing; MPOL_BIND needs at least one node"),
    Row("MPL-2", "linux.memoryPolicy.nodes", "3-0", '"3-0": 3-0 ends before it starts'),
    Row("MPL-2", "linux.memoryPolicy.mode", "MPOL_LOCAL",
        '"0-1" means nothing to MPOL_LOCAL: it takes no nodes', "linux.memoryPolicy.nodes"),
    Row("MPL-3", "linux.memoryPolicy.flags[1]", "MPOL_F_RELATIVE_NODES",
        "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other",
        "linux.memoryPolicy.flags"),
    Row("PER-1", "linux.personality.flags[0]", "X",
        '"X" is not supported: the standard defines no flag'),
]

_SYSCTLS = [
    Row("SYS-2", "linux.sysctl[kernel.core_pattern]", "|/x",
        "is not a sysctl of a namespace: setting it would change the host"),
    Row("SYS-2", "linux.sysctl[vm/swappiness]", "1",
        "is not a sysctl of a namespace: setting it would change the host"),
    Row("SYS-2", "linux.sysctl[kernel.hostname]", "x", "cannot be set: use hostname instead"),
    Row("SYS-3", "linux.sysctl[net/../kernel/core_pattern]", "x",
        '"net/../kernel/core_pattern" is not the name of a sysctl'),
    Row("SYS-3", "linux.sysctl[net.//.kernel.core_pattern]", "x",
        '"net.//.kernel.core_pattern" is not the name of a sysctl'),
    Row("SYS-3", "linux.sysctl[net..x]", "x", '"net..x" is not the name of a sysctl'),
    Row("SYS-3", "linux.sysctl[]", "x", '"" is not the name of a sysctl'),
]

_RESOURCES = [
    Row("MEM-10", f"{_RES}.memory.swap", 536870911,
        "536870911 is below the memory limit 536870912: it counts memory plus swap"),
    Row("MEM-10", f"{_RES}.memory.limit", DROP,
        "536870912 counts memory plus swap and needs a memory limit", f"{_RES}.memory.swap"),
    Row("CPU-4", f"{_RES}.cpu.burst", 100001, "100001 is above the quota 100000"),
    Row("CPU-6", f"{_RES}.cpu.cpus", "5-4", '"5-4": 5-4 ends before it starts'),
    Row("BIO-5", f"{_RES}.blockIO.weight", 1, "1 is not between 10 and 1000"),
    Row("BIO-5", f"{_RES}.blockIO.leafWeight", 1001, "1001 is not between 10 and 1000"),
    Row("BIO-5", f"{_RES}.blockIO.weightDevice[0].weight", 9, "9 is not between 10 and 1000"),
    Row("BIO-2", f"{_RES}.blockIO.weightDevice[0]", {"major": 8, "minor": 0},
        "needs weight, leafWeight or both"),
    Row("RDM-1", f"{_RES}.rdma.mlx5_1", {}, "needs hcaHandles, hcaObjects or both"),
    Row("RDM-1", f"{_RES}.rdma[a b]", {"hcaObjects": 1}, '"a b" is not the name of a device'),
    Row("UNI-5", f"{_RES}.unified[../x]", "1", '"../x" is not the name of a file'),
    Row("UNI-5", f"{_RES}.unified[]", "1", '"" is not the name of a file'),
    Row("UNI-5", f"{_RES}.unified[a/memory.max]", "1", '"a/memory.max" is not the name of a file'),
    Row("UNI-5", f"{_RES}.unified[..]", "1", '".." is not the name of a file'),
]

_SECCOMP = [
    Row("SEC-2", "linux.seccomp.syscalls[0].action", "SCMP_ACT_ALLOW",
        "4095 means nothing to SCMP_ACT_ALLOW: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take an "
        "errno", "linux.seccomp.syscalls[0].errnoRet"),
    Row("SEC-2", "linux.seccomp.defaultAction", "SCMP_ACT_KILL_PROCESS",
        "38 means nothing to SCMP_ACT_KILL_PROCESS: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take "
        "an errno", "linux.seccomp.defaultErrnoRet"),
    Row("SEC-2", "linux.seccomp.defaultErrnoRet", 4096, "4096 is above the highest errno 4095"),
    Row("SEC-2", "linux.seccomp.syscalls[0].errnoRet", 65536,
        "65536 is above the highest errno 4095"),
    Row("SCN-6", "linux.seccomp.listenerPath", DROP,
        "is missing; listenerMetadata cannot be without it"),
    Row("SCN-1", "linux.seccomp.listenerPath", "",
        "is missing; a rule has the action SCMP_ACT_NOTIFY"),
    Row("SCN-7", "linux.seccomp.syscalls[1].names[1]", "write",
        '"write" cannot have the action SCMP_ACT_NOTIFY'),
    Row("SCN-7", "linux.seccomp",
        {"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/run/listener"},
        '"SCMP_ACT_NOTIFY" cannot be the default action', "linux.seccomp.defaultAction"),
    Row("SEC-4", "linux.seccomp",
        {"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]},
        '"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" needs a rule with the action SCMP_ACT_NOTIFY',
        "linux.seccomp.flags[0]"),
]


def _namespaceless(ids: str, part: str, word: str, at: str, says: str, less: str = "") -> Row:
    """A row whose good config has `part`, and whose patch takes the namespace it needs away."""
    return Row(ids, "linux.namespaces", _without(word), says, at, needs=part, less=less,
               name=f"without-{word}")


_NEEDS = [
    _namespaceless("HST-2", "hostname", "uts", "hostname",
                   '"box" would name the host: linux.namespaces has no uts entry'),
    _namespaceless("HST-2", "domainname", "uts", "domainname",
                   '"domain" would name the host: linux.namespaces has no uts entry', "hostname"),
    _namespaceless("UMP-5", "linux.uidMappings", "user", "linux.uidMappings",
                   "there is no user namespace to map ids in: linux.namespaces has no user entry"),
    _namespaceless("NS-8", "linux.maskedPaths", "mount", "linux.maskedPaths",
                   "would be mounted on the host: linux.namespaces has no mount entry"),
    _namespaceless("NS-8", "linux.readonlyPaths", "mount", "linux.readonlyPaths",
                   "would be mounted on the host: linux.namespaces has no mount entry"),
    _namespaceless("TIM-3", "linux.timeOffsets", "time", "linux.timeOffsets",
                   "there is no time namespace to shift: linux.namespaces has no time entry"),
    Row("TIM-3", "linux.namespaces[7].path", "/proc/1/ns/time",
        'the clocks of the existing namespace "/proc/1/ns/time" cannot be shifted',
        "linux.timeOffsets", needs="linux.timeOffsets", name="of-an-existing-namespace"),
    _namespaceless("ND-7", "linux.netDevices", "network", "linux.netDevices",
                   "there is no network namespace to move to: linux.namespaces has no "
                   "network entry"),
    _namespaceless("SYS-2", "linux.sysctl", "network", "linux.sysctl[net.ipv4.ip_forward]",
                   "would change the host: linux.namespaces has no network entry"),
    _namespaceless("SYS-2", "linux.sysctl", "ipc", "linux.sysctl[kernel/shmmax]",
                   "would change the host: linux.namespaces has no ipc entry"),
    Row("SYS-2", "linux.sysctl", {"kernel.domainname": "other"},
        '"other" contradicts domainname "domain"', "linux.sysctl[kernel.domainname]",
        needs="domainname", name="contradicts-sysctl"),
    Row("IDM-7", "linux", {},
        "idmap is asked for, but there are neither uidMappings and gidMappings nor a user "
        "namespace", "mounts[0].options", needs="idmap", less="hostname", name="without-user"),
]


def rows() -> list[Row]:
    """All rows of this file."""
    return [*_GENERAL, *_PROCESS, *_MOUNTS, *_NAMESPACES, *_LINUX, *_SYSCTLS, *_RESOURCES,
            *_SECCOMP, *_NEEDS]
