# SPDX-License-Identifier: Apache-2.0
"""Bad rows: unknown words where only listed ones count, and strings of the wrong form."""

from __future__ import annotations

from tests.corpus.make import Row

_NAMESPACES = "pid, network, mount, ipc, uts, user, cgroup, time"
_CLASSES = "IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE"
_POLICIES = ("SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_ISO, SCHED_IDLE, "
             "SCHED_DEADLINE")
_SCHED_FLAGS = ("SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, "
                "SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, SCHED_FLAG_UTIL_CLAMP_MIN, "
                "SCHED_FLAG_UTIL_CLAMP_MAX")
_MODES = ("MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, MPOL_WEIGHTED_INTERLEAVE, MPOL_PREFERRED, "
          "MPOL_PREFERRED_MANY, MPOL_LOCAL")
_MPOL_FLAGS = "MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES"
_ACTIONS = ("SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP, "
            "SCMP_ACT_ERRNO, SCMP_ACT_TRACE, SCMP_ACT_ALLOW, SCMP_ACT_LOG, SCMP_ACT_NOTIFY")
_OPERATORS = ("SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, "
              "SCMP_CMP_MASKED_EQ")
_FILTER_FLAGS = ("SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, "
                 "SECCOMP_FILTER_FLAG_SPEC_ALLOW, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")
_PROPAGATION = ("shared, slave, private, unbindable, rshared, rslave, rprivate, runbindable")

# requirement, member, unknown word, what is known
_WORDS = [
    ("RLM-2", "process.rlimits[0].type", "RLIMIT_FOO", "the 16 known words"),
    ("RLM-2", "process.rlimits[0].type", "NOFILE", "the 16 known words"),
    ("SCH-1", "process.scheduler.policy", "SCHED_NORMAL", _POLICIES),
    ("SCH-3", "process.scheduler.flags[0]", "SCHED_FLAG_ALL", _SCHED_FLAGS),
    ("IOP-1", "process.ioPriority.class", "IOPRIO_CLASS_NONE", _CLASSES),
    ("NS-1", "linux.namespaces[0].type", "net", _NAMESPACES),
    ("NS-1", "linux.namespaces[0].type", "PID", _NAMESPACES),
    ("NS-1", "linux.namespaces[0].type", "", _NAMESPACES),
    ("DEV-2", "linux.devices[0].type", "x", "c, b, u, p"),
    ("CGD-3", "linux.resources.devices[1].type", "z", "a, c, b"),
    ("RFP-1", "linux.rootfsPropagation", "public", _PROPAGATION),
    ("MPL-1", "linux.memoryPolicy.mode", "BIND", _MODES),
    ("MPL-3", "linux.memoryPolicy.flags[0]", "MPOL_F_X", _MPOL_FLAGS),
    ("PER-1", "linux.personality.domain", "linux", "LINUX, LINUX32"),
    ("SEC-1", "linux.seccomp.defaultAction", "SCMP_ACT_DENY", _ACTIONS),
    ("SEC-1", "linux.seccomp.syscalls[0].action", "ERRNO", _ACTIONS),
    ("SEC-3", "linux.seccomp.architectures[0]", "SCMP_ARCH_NATIVE", "the 23 known words"),
    ("SEC-3", "linux.seccomp.architectures[0]", "amd64", "the 23 known words"),
    ("SEC-4", "linux.seccomp.flags[0]", "SECCOMP_FILTER_FLAG_NEW_LISTENER", _FILTER_FLAGS),
    ("SEC-6", "linux.seccomp.syscalls[0].args[0].op", "SCMP_CMP_XX", _OPERATORS),
]

_VERSION = "a version of SemVer 2.0.0 such as 1.3.0"
_ABSOLUTE = "an absolute path"
_LIST = "a list such as 0-3,7"

# requirement, member, what such a string must be, bad strings
_FORMS: list[tuple[str, str, str, list[str]]] = [
    ("VER-1", "ociVersion", _VERSION,
     ["", "1.0", "v1.0.0", "01.0.0", "banana", "1.0.0-", "1.0.0-01", "1.0.0+", "1.3.0\n",
      "1.3.0 ", "1..0", "1.3.0-a..b", "\u0661.0.0"]),
    ("PRC-4", "process.cwd", _ABSOLUTE, ["", "tmp", "./x", " /x"]),
    ("PRC-5", "process.env[0]", "of the form NAME=value", ["PATH", "=x", ""]),
    ("HK-1", "hooks.startContainer[0].path", _ABSOLUTE, ["", "bin/hook"]),
    ("NS-2", "linux.namespaces[1].path", _ABSOLUTE, ["proc/1/ns/net"]),
    ("DEV-2", "linux.devices[0].path", _ABSOLUTE, ["dev/fuse", ""]),
    ("MSK-1", "linux.maskedPaths[0]", _ABSOLUTE, ["proc/kcore", ""]),
    ("RDO-1", "linux.readonlyPaths[0]", _ABSOLUTE, ["proc/sys", ""]),
    ("AFF-4", "process.execCPUAffinity.initial", _LIST, ["--,, -", "0-", "a"]),
    ("AFF-4", "process.execCPUAffinity.final", _LIST, ["0,", "1-2-3"]),
    ("CPU-6", "linux.resources.cpu.cpus", _LIST, ["zz", "0,,1", "0-3\n", "-1"]),
    ("CPU-6", "linux.resources.cpu.mems", _LIST, ["0:1", "123456789"]),
    ("MPL-2", "linux.memoryPolicy.nodes", _LIST, ["x", "all"]),
    ("CGD-5", "linux.resources.devices[1].access", "made of r, w and m",
     ["qq", "", "rwx", "rwm\n"]),
    ("HUG-1", "linux.resources.hugepageLimits[0].pageSize", "a page size such as 2MB",
     ["64kB", "2M", "2MB\n", "1TB", "02MB", "MB", ""]),
    ("RDT-3", "linux.intelRdt.memBwSchema", "one line that starts with MB:",
     ["L3:0=f", "MB:0=20\n", "MB:0=20\nMB:1=10", ""]),
    ("RDT-4", "linux.intelRdt.schemata[0]", "one line", ["L2:0=f\nL2:1=f", "L2:0=f\n"]),
]

_EMPTY = [
    ("ROOT-2", "root.path", ""),
    ("PRC-6", "process.args", []),
    ("MNT-2", "mounts[0].destination", ""),
    ("SEC-5", "linux.seccomp.syscalls[0].names", []),
]


_LONG = [
    ("VER-1", "ociVersion", "1.3.0-" + "a" * 256, 256),
    ("CPU-6", "linux.resources.cpu.cpus", "0," * 8192 + "0", 16384),
]


def shown(text: str) -> str:
    """A short string as messages show it."""
    return '"' + text.replace("\n", "\\n") + '"'


def rows() -> list[Row]:
    """All rows of this file."""
    found = [Row(ids, path, word, f"{shown(word)} is not one of {known}")
             for ids, path, word, known in _WORDS]
    for ids, path, form, bad in _FORMS:
        found += [Row(ids, path, text, f"{shown(text)} is not {form}") for text in bad]
    found += [Row(ids, path, text, f"{shown(text)[:57]}... is longer than {limit} characters")
              for ids, path, text, limit in _LONG]
    found += [Row(ids, path, value, f"{'[]' if value == [] else shown(value)} is empty")
              for ids, path, value in _EMPTY]
    return found
