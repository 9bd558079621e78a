# SPDX-License-Identifier: Apache-2.0
"""Which sysctls belong to a namespace, and so may be set for a container (SYS-2)."""

# exact name (dotted form): namespace word that must be the container's own
SYSCTLS = {
    "kernel.msgmax": "ipc",
    "kernel.msgmnb": "ipc",
    "kernel.msgmni": "ipc",
    "kernel.sem": "ipc",
    "kernel.shmall": "ipc",
    "kernel.shmmax": "ipc",
    "kernel.shmmni": "ipc",
    "kernel.shm_rmid_forced": "ipc",
    "kernel.domainname": "uts",
}

# leading part: namespace word
SYSCTL_PREFIXES = {
    "fs.mqueue.": "ipc",
    "net.": "network",
    "user.": "user",
}

# name: the config member that does it instead
SYSCTLS_REFUSED = {"kernel.hostname": "hostname"}
