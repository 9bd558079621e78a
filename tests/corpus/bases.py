# SPDX-License-Identifier: Apache-2.0
"""The good configs that the corpus patches: a small one, and a fragment for each part."""

from __future__ import annotations

from typing import Any

_ID_MAP = [{"containerID": 0, "hostID": 100000, "size": 65536}]

SMALL: dict[str, Any] = {
    "ociVersion": "1.3.0",
    "root": {"path": "rootfs", "readonly": True},
    "process": {
        "cwd": "/",
        "args": ["sh"],
        "user": {"uid": 0, "gid": 0},
        "env": ["PATH=/bin"],
    },
    "hostname": "box",
    "linux": {
        "namespaces": [
            {"type": word}
            for word in ("pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time")
        ],
        "uidMappings": _ID_MAP,
        "gidMappings": _ID_MAP,
    },
}

_HOOK = {"path": "/bin/hook", "args": ["hook", "x"], "env": ["A=b"], "timeout": 5}

# What is added to SMALL, by the path it is added at.
FRAGMENTS: dict[str, Any] = {
    "process.terminal": True,
    "process.consoleSize": {"height": 24, "width": 80},
    "process.user.umask": 18,
    "process.user.additionalGids": [5, 6],
    "process.capabilities": {
        word: ["CAP_KILL"]
        for word in ("bounding", "effective", "inheritable", "permitted", "ambient")
    },
    "process.rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 18446744073709551615}],
    "process.noNewPrivileges": True,
    "process.apparmorProfile": "profile",
    "process.selinuxLabel": "a:b:c:d",
    "process.oomScoreAdj": -1000,
    "process.scheduler": {
        "policy": "SCHED_BATCH", "nice": 19, "priority": 0, "flags": ["SCHED_FLAG_RESET_ON_FORK"],
        "runtime": 0, "deadline": 0, "period": 0,
    },
    "process.ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 7},
    "process.execCPUAffinity": {"initial": "0-3,7", "final": "0"},
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {
            "destination": "/data", "type": "none", "source": "data",
            "options": ["rbind", "nosuid", "rslave", "idmap"],
            "uidMappings": _ID_MAP, "gidMappings": _ID_MAP,
        },
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k", "ro"]},
    ],
    "domainname": "domain",
    "hooks": {
        word: [_HOOK]
        for word in ("prestart", "createRuntime", "createContainer", "startContainer",
                     "poststart", "poststop")
    },
    "annotations": {"com.example.key": "value", "com.example.empty": ""},
    "linux.timeOffsets": {"monotonic": {"secs": -5, "nanosecs": 999999999}, "boottime": {}},
    "linux.devices": [
        {"type": "c", "path": "/dev/fuse", "major": 10, "minor": 229, "fileMode": 438, "uid": 0,
         "gid": 0},
        {"type": "p", "path": "/run/fifo"},
    ],
    "linux.netDevices": {"eth1": {"name": "net%d"}, "eth2": {}},
    "linux.cgroupsPath": "/pyrunc/box",
    "linux.resources": {
        "devices": [{"allow": False, "access": "rwm"},
                    {"allow": True, "type": "c", "major": 1, "minor": -1, "access": "r"}],
        "memory": {
            "limit": 536870912, "reservation": 1024, "swap": 536870912, "kernel": -1,
            "kernelTCP": -1, "swappiness": 100, "disableOOMKiller": False, "useHierarchy": True,
            "checkBeforeUpdate": True,
        },
        "cpu": {
            "shares": 1024, "quota": 100000, "period": 100000, "burst": 100000,
            "realtimeRuntime": 950000, "realtimePeriod": 1000000, "cpus": "0-1", "mems": "0",
            "idle": 0,
        },
        "blockIO": {
            "weight": 10, "leafWeight": 1000,
            "weightDevice": [{"major": 8, "minor": 0, "weight": 500, "leafWeight": 300}],
            "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 600}],
            "throttleWriteBpsDevice": [{"major": 8, "minor": 0, "rate": 600}],
            "throttleReadIOPSDevice": [{"major": 8, "minor": 0, "rate": 600}],
            "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 600}],
        },
        "hugepageLimits": [{"pageSize": "2MB", "limit": 209715200}],
        "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
        "pids": {"limit": 32771},
        "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}},
        "unified": {"hugetlb.1GB.max": "1073741824"},
    },
    "linux.intelRdt": {
        "closID": "guaranteed", "schemata": ["L2:0=ff"], "l3CacheSchema": "L3:0=ff",
        "memBwSchema": "MB:0=20", "enableMonitoring": False,
    },
    "linux.memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0-1", "flags": ["MPOL_F_STATIC_NODES"]},
    "linux.sysctl": {"net.ipv4.ip_forward": "1", "kernel/shmmax": "4096"},
    "linux.seccomp": {
        "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
        "architectures": ["SCMP_ARCH_X86_64"],
        "flags": ["SECCOMP_FILTER_FLAG_LOG"],
        "listenerPath": "/run/listener", "listenerMetadata": "meta",
        "syscalls": [
            {"names": ["getcwd", "chmod"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4095,
             "args": [{"index": 5, "value": 18446744073709551615, "valueTwo": 0,
                       "op": "SCMP_CMP_MASKED_EQ"}]},
            {"names": ["mount"], "action": "SCMP_ACT_NOTIFY"},
        ],
    },
    "linux.rootfsPropagation": "slave",
    "linux.maskedPaths": ["/proc/kcore"],
    "linux.readonlyPaths": ["/proc/sys"],
    "linux.mountLabel": "a:b:c:d",
    "linux.personality": {"domain": "LINUX32", "flags": []},
}
