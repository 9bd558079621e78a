# SPDX-License-Identifier: Apache-2.0
"""Bad rows: each member with a value of another type, out of its range, or missing."""

from __future__ import annotations

from tests.corpus.make import DROP, Row

_U16, _U32, _U64 = 65535, 4294967295, 18446744073709551615
_I64 = 9223372036854775807

# requirement, member, the type it must have
_TYPES = """
VER-1 ociVersion string
ROOT-1 root object
ROOT-2 root.path string
ROOT-5 root.readonly boolean
PRC-1 process object
PRC-2 process.terminal boolean
PRC-3 process.consoleSize object
PRC-3 process.consoleSize.height integer
PRC-3 process.consoleSize.width integer
PRC-4 process.cwd string
PRC-5 process.env array
PRC-5 process.env[0] string
PRC-6 process.args array
PRC-6 process.args[0] string
USR-1 process.user object
USR-1 process.user.uid integer
USR-1 process.user.gid integer
USR-3 process.user.umask integer
USR-4 process.user.additionalGids array
USR-4 process.user.additionalGids[1] integer
CAP-1 process.capabilities object
CAP-1 process.capabilities.bounding array
CAP-1 process.capabilities.ambient[0] string
RLM-1 process.rlimits array
RLM-1 process.rlimits[0] object
RLM-1 process.rlimits[0].soft integer
NNP-1 process.noNewPrivileges boolean
AA-1 process.apparmorProfile string
SEL-1 process.selinuxLabel string
OOM-1 process.oomScoreAdj integer
SCH-1 process.scheduler object
SCH-3 process.scheduler.flags array
IOP-1 process.ioPriority object
IOP-1 process.ioPriority.priority integer
AFF-4 process.execCPUAffinity.final string
MNT-1 mounts array
MNT-2 mounts[0] object
MNT-2 mounts[0].destination string
MNT-3 mounts[0].source string
MNT-5 mounts[0].type string
MNT-6 mounts[1].options array
MNT-6 mounts[1].options[1] string
IDM-1 mounts[1].uidMappings array
HST-1 hostname string
DOM-1 domainname string
HK-1 hooks object
HK-1 hooks.createRuntime array
HK-2 hooks.poststart[0].args array
HK-3 hooks.poststart[0].env[0] string
HK-4 hooks.poststop[0].timeout integer
ANN-1 annotations object
ANN-1 annotations[com.example.key] string
PLT-1 linux object
NS-1 linux.namespaces array
NS-1 linux.namespaces[0].type string
UMP-1 linux.uidMappings[0] object
UMP-1 linux.uidMappings[0].hostID integer
TIM-1 linux.timeOffsets object
TIM-1 linux.timeOffsets.monotonic.secs integer
DEV-2 linux.devices array
DEV-2 linux.devices[0].major integer
DEV-5 linux.devices[0].fileMode integer
ND-1 linux.netDevices.eth2 object
CGP-1 linux.cgroupsPath string
CGD-2 linux.resources.devices[0].allow boolean
CGD-4 linux.resources.devices[1].major integer
MEM-1 linux.resources.memory.limit integer
MEM-6 linux.resources.memory.disableOOMKiller boolean
MEM-7 linux.resources.memory.useHierarchy boolean
MEM-8 linux.resources.memory.checkBeforeUpdate boolean
CPU-1 linux.resources.cpu.shares integer
CPU-6 linux.resources.cpu.cpus string
BIO-1 linux.resources.blockIO.weight integer
BIO-3 linux.resources.blockIO.throttleWriteIOPSDevice[0].rate integer
HUG-1 linux.resources.hugepageLimits[0].limit integer
CNW-1 linux.resources.network.classID integer
PID-1 linux.resources.pids.limit integer
RDM-1 linux.resources.rdma.mlx5_1.hcaHandles integer
UNI-1 linux.resources.unified[hugetlb.1GB.max] string
RDT-2 linux.intelRdt.closID string
RDT-4 linux.intelRdt.schemata[0] string
RDT-9 linux.intelRdt.enableMonitoring boolean
MPL-1 linux.memoryPolicy object
MPL-2 linux.memoryPolicy.nodes string
SYS-1 linux.sysctl[net.ipv4.ip_forward] string
SEC-1 linux.seccomp object
SEC-3 linux.seccomp.architectures array
SEC-5 linux.seccomp.syscalls[0].names[1] string
SEC-6 linux.seccomp.syscalls[0].args[0].value integer
SCN-1 linux.seccomp.listenerPath string
MSK-1 linux.maskedPaths array
RDO-1 linux.readonlyPaths[0] string
LBL-1 linux.mountLabel string
PER-1 linux.personality object
"""

# what stands in for a value of that type, how it is shown, how the type is called
_WRONG: dict[str, tuple[object, str, str]] = {
    "string": (5, "5", "a string"),
    "integer": ("5", '"5"', "an integer"),
    "boolean": (1, "1", "true or false"),
    "object": ([], "[]", "an object"),
    "array": ({}, "{}", "an array"),
}

# requirement, member, lowest and highest value
_RANGES: list[tuple[str, str, int, int]] = [
    ("USR-1", "process.user.uid", 0, _U32 - 1),
    ("USR-1", "process.user.gid", 0, _U32 - 1),
    ("USR-3", "process.user.umask", 0, 0o777),
    ("OOM-1", "process.oomScoreAdj", -1000, 1000),
    ("RLM-1", "process.rlimits[0].hard", 0, _U64),
    ("SCH-5", "process.scheduler.nice", -20, 19),
    ("IOP-1", "process.ioPriority.priority", 0, 7),
    ("HK-4", "hooks.prestart[0].timeout", 1, 2147483647),
    ("UMP-1", "linux.gidMappings[0].containerID", 0, _U32),
    ("UMP-5", "linux.gidMappings[0].size", 1, _U32),
    ("TIM-1", "linux.timeOffsets.monotonic.secs", -_I64 - 1, _I64),
    ("TIM-3", "linux.timeOffsets.monotonic.nanosecs", 0, 999999999),
    ("DEV-2", "linux.devices[0].major", 0, 4095),
    ("DEV-2", "linux.devices[0].minor", 0, 1048575),
    ("DEV-5", "linux.devices[0].uid", 0, _U32 - 1),
    ("CGD-4", "linux.resources.devices[1].minor", -1, _U32),
    ("MEM-9", "linux.resources.memory.limit", -1, _I64),
    ("MEM-9", "linux.resources.memory.reservation", -1, _I64),
    ("MEM-9", "linux.resources.memory.swap", -1, _I64),
    ("MEM-9", "linux.resources.memory.kernel", -1, _I64),
    ("MEM-9", "linux.resources.memory.kernelTCP", -1, _I64),
    ("MEM-5", "linux.resources.memory.swappiness", 0, 100),
    ("CPU-1", "linux.resources.cpu.shares", 0, _U64),
    ("CPU-2", "linux.resources.cpu.quota", -1, _I64),
    ("CPU-3", "linux.resources.cpu.period", 0, _U64),
    ("CPU-5", "linux.resources.cpu.realtimeRuntime", -1, _I64),
    ("CPU-7", "linux.resources.cpu.idle", 0, 1),
    ("BIO-1", "linux.resources.blockIO.leafWeight", 0, _U16),
    ("BIO-3", "linux.resources.blockIO.throttleReadBpsDevice[0].rate", 0, _U64),
    ("HUG-1", "linux.resources.hugepageLimits[0].limit", 0, _U64),
    ("CNW-1", "linux.resources.network.classID", 0, _U32),
    ("CNW-2", "linux.resources.network.priorities[0].priority", 0, _U32),
    ("PID-5", "linux.resources.pids.limit", -1, _I64),
    ("RDM-1", "linux.resources.rdma.mlx5_1.hcaObjects", 0, _U32),
    ("SEC-2", "linux.seccomp.defaultErrnoRet", 0, _U32),
    ("SEC-6", "linux.seccomp.syscalls[0].args[0].index", 0, 5),
    ("SEC-6", "linux.seccomp.syscalls[0].args[0].valueTwo", 0, _U64),
]

# requirement, member that must not be missing
_REQUIRED = """
VER-1 ociVersion
ROOT-1 root
ROOT-2 root.path
PRC-4 process.cwd
PRC-6 process.args
USR-1 process.user
USR-1 process.user.uid
USR-1 process.user.gid
RLM-1 process.rlimits[0].type
RLM-1 process.rlimits[0].soft
RLM-1 process.rlimits[0].hard
SCH-1 process.scheduler.policy
IOP-1 process.ioPriority.class
IOP-1 process.ioPriority.priority
MNT-2 mounts[0].destination
HK-1 hooks.createContainer[0].path
NS-1 linux.namespaces[0].type
UMP-1 linux.uidMappings[0].containerID
UMP-1 linux.uidMappings[0].hostID
UMP-1 linux.gidMappings[0].size
UMP-1 mounts[1].uidMappings[0].size
DEV-2 linux.devices[0].type
DEV-2 linux.devices[0].path
CGD-2 linux.resources.devices[0].allow
CGD-6 linux.resources.devices[0].access
BIO-2 linux.resources.blockIO.weightDevice[0].major
BIO-3 linux.resources.blockIO.throttleReadIOPSDevice[0].minor
BIO-3 linux.resources.blockIO.throttleReadIOPSDevice[0].rate
HUG-1 linux.resources.hugepageLimits[0].pageSize
HUG-1 linux.resources.hugepageLimits[0].limit
CNW-2 linux.resources.network.priorities[0].name
MPL-1 linux.memoryPolicy.mode
SEC-1 linux.seccomp.defaultAction
SEC-5 linux.seccomp.syscalls[0].names
SEC-5 linux.seccomp.syscalls[0].action
SEC-6 linux.seccomp.syscalls[0].args[0].op
PER-1 linux.personality.domain
"""


def rows() -> list[Row]:
    """All rows of this file."""
    found = []
    for line in _TYPES.split("\n")[1:-1]:
        ids, path, word = line.split(" ", 2)
        value, shown, name = _WRONG[word]
        found.append(Row(ids, path, value, f"{shown} is not {name}"))
    for ids, path, low, high in _RANGES:
        found += [Row(ids, path, value, f"{value} is not between {low} and {high}")
                  for value in (low - 1, high + 1)]
    for line in _REQUIRED.split("\n")[1:-1]:
        ids, path = line.split(" ", 1)
        found.append(Row(ids, path, DROP, "is missing"))
    return found
