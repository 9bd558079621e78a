# SPDX-License-Identifier: Apache-2.0
"""Process 1 of the sandbox: lays private mounts, reaps orphans, ends when its stdin closes.

Run by sandbox.py inside fresh mount, network, pid and uts namespaces. When it ends, the kernel
ends every process in the pid namespace and with them the mounts and network devices, so a test
run that dies in any way leaves nothing of those behind.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys

MS_REC, MS_PRIVATE, MS_SHARED = 0x4000, 1 << 18, 1 << 20
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
HOSTNAME = "engine-host"
# What the engines write at fixed places whatever their options say.
PRIVATE_DIRS = ("/run", "/etc/docker", "/etc/cni/net.d", "/var/lib/cni", "/var/lib/containers",
                "/var/lib/containerd", "/var/lib/docker")
libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, fstype: str | None, flags: int,
          data: str | None = None) -> None:
    """mount(2); raises OSError naming the target."""
    def text(value: str | None) -> bytes | None:
        return None if value is None else value.encode()

    if libc.mount(text(source), text(target), text(fstype), ctypes.c_ulong(flags), text(data)):
        code = ctypes.get_errno()
        raise OSError(code, f"mount {fstype or ''} on {target}: {os.strerror(code)}")


def lay_mounts() -> None:
    """Cut off from the outside, then be shared inside, as / is on a machine run by systemd."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("none", "/", None, MS_REC | MS_SHARED)
    mount("proc", "/proc", "proc", 0)
    for place in PRIVATE_DIRS:
        if os.path.isdir(place):
            mount("tmpfs", place, "tmpfs", 0, "mode=755")
    os.makedirs("/run/lock", exist_ok=True)


def loopback_up() -> None:
    """Bring lo up in the new network namespace."""
    with socket.socket() as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def reap(*_: object) -> None:
    """Collect every child that has ended (orphans come here)."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def main() -> None:
    """Print this process's pid as the outside sees it, set up, print `ready`, wait for the end."""
    outside_pid = os.readlink("/proc/self")
    lay_mounts()
    socket.sethostname(HOSTNAME)
    loopback_up()
    signal.signal(signal.SIGCHLD, reap)
    print(outside_pid, "ready", flush=True)
    while os.read(0, 4096):
        pass
    sys.exit(0)


if __name__ == "__main__":
    main()
