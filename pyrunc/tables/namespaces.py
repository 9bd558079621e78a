# SPDX-License-Identifier: Apache-2.0
"""The namespaces: the standard's words, the kernel's clone flags and the names in /proc/PID/ns."""

CLONE_NEWTIME = 0x00000080
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# config word: (clone flag, name in /proc/PID/ns)
NAMESPACES = {
    "pid":     (CLONE_NEWPID,    "pid"),
    "network": (CLONE_NEWNET,    "net"),
    "mount":   (CLONE_NEWNS,     "mnt"),
    "ipc":     (CLONE_NEWIPC,    "ipc"),
    "uts":     (CLONE_NEWUTS,    "uts"),
    "user":    (CLONE_NEWUSER,   "user"),
    "cgroup":  (CLONE_NEWCGROUP, "cgroup"),
    "time":    (CLONE_NEWTIME,   "time"),
}

# The clocks a time namespace can shift (time_namespaces(7)): config word -> clock id.
TIME_OFFSET_CLOCKS = {"monotonic": 1, "boottime": 7}
