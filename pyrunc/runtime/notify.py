# SPDX-License-Identifier: Apache-2.0
"""NOTIFY_SOCKET: the container's readiness, carried to the service manager that started us.
sd_notify(3).
"""

from __future__ import annotations

import os

from pyrunc.runtime.process import is_directory, wait_exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket

    from pyrunc.config.types import Config, Mount
    from pyrunc.runtime.state import State

_INSIDE = "/run/notify"
_DIRECTORY = "notify"
_SOCKET = "notify.sock"
_BARRIER_TIMEOUT_MS = 30_000
_LOOK_MS = 50  # how often to look for the end of a process that cannot be polled


def with_mount(config: Config, state_directory: str) -> Config:
    """The config with the socket's directory (made here, in the container's state directory) bound
    into the container and announced in its environment."""
    directory = f"{state_directory}/{_DIRECTORY}"
    os.mkdir(directory, 0o755)
    mount: Mount = {
        "destination": _INSIDE,
        "source": directory,
        "type": "bind",
        "options": ["bind", "nosuid", "noexec", "nodev", "ro"],
    }
    process = config["process"]
    env = [entry for entry in process.get("env", ()) if not entry.startswith("NOTIFY_SOCKET=")]
    env.append(f"NOTIFY_SOCKET={_INSIDE}/{_SOCKET}")
    return {
        **config,
        "mounts": [*config.get("mounts", ()), mount],
        "process": {**process, "env": env},
    }


def listen(record: State) -> socket | None:
    """The container's end, bound before its program starts; None when nobody wants to know."""
    directory = f"{record.path}/{_DIRECTORY}"
    if not os.environ.get("NOTIFY_SOCKET") or not os.path.isdir(directory):
        return None
    from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, socket

    listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC)
    # A path of any length: bind(2) through the directory's descriptor.
    fd = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listener.bind(f"/proc/self/fd/{fd}/{_SOCKET}")
    finally:
        os.close(fd)
    os.chmod(f"{directory}/{_SOCKET}", 0o777)
    return listener


def forward(listener: socket | None, pid: int, pidfd: int) -> None:
    """Waits for READY=1 from the container, or for its end, and tells the caller's service manager:
    READY, MAINPID, and a BARRIER so that it has read both before we go."""
    if listener is None:
        return
    from select import POLLIN, poll

    poller = poll()
    poller.register(listener.fileno(), POLLIN)
    directory = is_directory(pidfd)
    if not directory:
        poller.register(pidfd, POLLIN)
    try:
        while True:
            ready = poller.poll(_LOOK_MS if directory else None)
            if not any(fd == listener.fileno() for fd, _ in ready):
                if not ready and not wait_exit(pidfd, 0):
                    continue
                return  # the container ended and said nothing
            lines = listener.recv(4096).split(b"\n")
            words = [line for line in lines if line.startswith(b"READY=")]
            if words:
                _tell(words[0], pid)
                return
    finally:
        listener.close()


def _tell(ready: bytes, pid: int) -> None:
    from _socket import AF_UNIX, SCM_RIGHTS, SOCK_CLOEXEC, SOCK_DGRAM, SOL_SOCKET, socket
    from select import POLLHUP, poll

    address = os.environb[b"NOTIFY_SOCKET"]
    if address.startswith(b"@"):
        address = b"\0" + address[1:]
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC)
    try:
        manager.connect(address)
        manager.send(ready)
        manager.send(b"MAINPID=%d" % pid)
        reader, writer = os.pipe2(os.O_CLOEXEC)
        try:
            manager.sendmsg(
                [b"BARRIER=1"], [(SOL_SOCKET, SCM_RIGHTS, writer.to_bytes(4, "little"))]
            )
        finally:
            os.close(writer)
        poller = poll()
        poller.register(reader, POLLHUP)
        poller.poll(_BARRIER_TIMEOUT_MS)
        os.close(reader)
    except OSError:
        pass  # a manager that does not listen does not stop the container
    finally:
        manager.close()
